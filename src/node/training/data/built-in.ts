import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import type { DataItem, OwnSource } from '#contract/training-data.ts';
import { fileError } from './file-error.ts';
import { mailLines } from './spam-mails.ts';

/** Changes when the mails are written otherwise. */
const mailsFile = 'spam-1.jsonl';

/** Data that ship with the app. Their facts are those a survey finds; a test compares them. */
export const builtInItems: readonly DataItem[] = [
  {
    id: 'digits',
    name: 'Handwritten digits',
    source: { kind: 'built-in', name: 'digits' },
    facts: {
      shape: { kind: 'rows', numbers: 64, text: false },
      rows: 1797,
      sizeBytes: 264_712,
      classes: [
        { label: '3', count: 183 },
        { label: '1', count: 182 },
        { label: '5', count: 182 },
        { label: '4', count: 181 },
        { label: '6', count: 181 },
        { label: '9', count: 180 },
        { label: '7', count: 179 },
        { label: '0', count: 178 },
        { label: '2', count: 177 },
        { label: '8', count: 174 },
      ],
      moreClasses: false,
    },
  },
  {
    id: 'spam',
    name: 'Mails, spam or not',
    source: { kind: 'built-in', name: 'spam' },
    facts: {
      shape: { kind: 'rows', numbers: 0, text: true },
      rows: 6046,
      sizeBytes: 22_464_791,
      classes: [
        { label: 'ham', count: 4150 },
        { label: 'spam', count: 1896 },
      ],
      moreClasses: false,
    },
  },
];

/** Where a built-in source lies: the app ships the mails in one file; from source that file is made in the cache. */
export function builtInSource(
  name: 'digits' | 'spam',
  { cacheDir, resourcesDir }: { cacheDir: string; resourcesDir: string },
): OwnSource {
  if (name === 'digits')
    return { kind: 'csv', path: join(resourcesDir, 'data/digits.csv.gz'), header: false, delimiter: ',' };
  const shipped = join(resourcesDir, 'data/spam.jsonl.gz');
  const path = existsSync(shipped) ? shipped : join(cacheDir, mailsFile);
  return { kind: 'json-lines', path, text: 'text', features: 'features', label: 'label' };
}

/** Makes the file of mails where it is needed and not there. Throws `training/data-not-found`, `disk/full`. */
export function makeMails(cacheDir: string, path: string): void {
  if (path !== join(cacheDir, mailsFile) || existsSync(path)) return;
  const lines = mailLines();
  try {
    mkdirSync(cacheDir, { recursive: true });
    writeFileAtomic.sync(path, lines, { mode: 0o600 });
  } catch (thrown) {
    throw fileError(thrown, path);
  }
}
