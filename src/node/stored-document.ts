import writeFileAtomic from 'write-file-atomic';
import type { z } from 'zod';
import { AppError } from '#contract/errors.ts';

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
