import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { mailLines } from '../../src/node/training/data/spam-mails.ts';

/** Makes `out/app-data`: the mails to learn spam from in one file, in place of the package's twelve thousand. */
export function stageData(root: string): void {
  const folder = join(root, 'out/app-data');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'spam.jsonl.gz'), gzipSync(mailLines(), { level: 9 }));
}
