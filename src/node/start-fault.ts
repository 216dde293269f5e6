import { AppError } from '#contract/errors.ts';

/** What a file system says of a folder that this user may not write, by its error code. */
const unwritable = new Set(['EACCES', 'EPERM', 'EROFS']);
const full = new Set(['ENOSPC', 'EDQUOT']);

/** Why a host cannot start, and whether that may pass by itself; null where nobody knows: a crash. */
export function startFault(
  thrown: unknown,
  profileDir: string,
): { error: AppError; mayPass: boolean } | null {
  if (!(thrown instanceof Error)) return null;
  const { code = '', path } = thrown as NodeJS.ErrnoException;
  const options = { cause: thrown, data: { path: path ?? profileDir } };
  if (full.has(code))
    return lasting(new AppError('disk/full', 'The node cannot start: the disk is full.', options));
  if (unwritable.has(code) && path?.startsWith(profileDir))
    return lasting(
      new AppError('profile/not-writable', `The node may not write to ${path} (${code}).`, options),
    );
  if (!(thrown instanceof AppError)) return null;
  // A host of before that has not ended yet still has the ledger.
  const { code: below = '' } = (thrown.cause ?? {}) as NodeJS.ErrnoException;
  return { error: thrown, mayPass: below.startsWith('SQLITE_BUSY') };
}

const lasting = (error: AppError) => ({ error, mayPass: false });
