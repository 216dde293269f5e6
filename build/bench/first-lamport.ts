import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startHostProcess } from '#testing/host-process.ts';
import type { BenchOptions } from './index.ts';
import { spread } from './statistics.ts';

/** Seconds from process start, with a fresh profile, to the first entry that the gateway agrees with. */
export async function run(_options: BenchOptions) {
  const seconds: number[] = [];
  for (let round = 0; round < 5; round += 1) {
    const profileDir = mkdtempSync(join(tmpdir(), 'solanalm-bench-'));
    const startedAt = performance.now();
    const host = await startHostProcess(profileDir, ['--start', '--gateway', 'local']);
    await host.until('earnings.summary', (summary) => (summary.byState.agreed ?? '0') !== '0');
    seconds.push((performance.now() - startedAt) / 1000);
    await host.shutdown();
    rmSync(profileDir, { recursive: true, force: true });
  }
  return { bench: 'first-lamport', goalSeconds: 10, seconds: spread(seconds) };
}
