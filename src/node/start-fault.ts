import { AppError } from '#contract/errors.ts';

/** What a file system says of a folder that this user may not write, by its error code. */
const unwritable = new Set(['EACCES', 'EPERM', 'EROFS']);
const full = new Set(['ENOSPC', 'EDQUOT']);

/** Why a host cannot start and could not either if it was started again; null for what may be otherwise the next time: a crash. */
export function startFault(thrown: unknown, profileDir: string): AppError | null {
  if (thrown instanceof AppError) return thrown;
  if (!(thrown instanceof Error)) return null;
  const { code = '', path } = thrown as NodeJS.ErrnoException;
  if (full.has(code))
    return new AppError('disk/full', 'The node cannot start: the disk is full.', { cause: thrown });
  if (unwritable.has(code) && path?.startsWith(profileDir))
    return new AppError('profile/not-writable', `The node may not write to ${path} (${code}).`, {
      cause: thrown,
      data: { path },
    });
  return null;
}
