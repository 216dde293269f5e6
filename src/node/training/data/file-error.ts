import { AppError } from '#contract/errors.ts';

/** What a person is told when a file of data can't be read or written. */
export function fileError(thrown: unknown, path: string): unknown {
  if (thrown instanceof AppError) return thrown;
  const { code } = thrown as NodeJS.ErrnoException;
  const data = { path };
  if (code === 'ENOSPC') return new AppError('disk/full', 'The disk is full.', { data, cause: thrown });
  if (code === 'ENOENT' || code === 'ENOTDIR')
    return new AppError('training/data-not-found', `${path} is not there.`, { data, cause: thrown });
  if (code === 'EACCES' || code === 'EPERM' || code === 'EISDIR' || code === 'EIO' || code === 'ELOOP')
    return new AppError('training/data-not-found', `${path} can’t be read.`, { data, cause: thrown });
  return thrown;
}
