import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What a run's tests leave in the temporary folder goes with the run. */
export default function setup() {
  const folder = mkdtempSync(join(tmpdir(), 'solanalm-tests-'));
  process.env.TMPDIR = folder;
  return () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
}
