import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import type { z } from 'zod';
import { AppError } from '#contract/errors.ts';

/** Reads a file without which the node does not start. Throws `profile/unreadable` where it is not what it has to be. */
export function readWhole<T>(file: string, parse: (text: string) => T): T {
  const text = readFileSync(file, 'utf8');
  try {
    return parse(text);
  } catch (cause) {
    throw new AppError('profile/unreadable', `${basename(file)} is damaged, or of a newer version.`, {
      cause,
      data: { path: file },
    });
  }
}

/**
 * Checks a document and writes it whole, for this user's eyes only. Throws `settings/invalid` with the field, or `disk/full`; then the
 * file stays as it was.
 */
export function storeDocument<S extends z.ZodType>(file: string, schema: S, document: unknown): z.output<S> {
  const checked = schema.safeParse(document);
  if (!checked.success) {
    const issue = checked.error.issues[0];
    const field = issue?.path.join('.') ?? '';
    throw new AppError('settings/invalid', `${field}: ${issue?.message ?? 'not valid'}`, { data: { field } });
  }
  try {
    writeFileAtomic.sync(file, `${JSON.stringify(checked.data, null, 2)}\n`, { mode: 0o600 });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOSPC')
      throw new AppError('disk/full', 'It could not be stored: the disk is full.', { cause });
    throw cause;
  }
  return checked.data;
}
