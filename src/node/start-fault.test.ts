import { expect, test } from 'vitest';
import { AppError } from '#contract/errors.ts';
import { startFault } from './start-fault.ts';

const fsError = (code: string, path: string) => Object.assign(new Error(code), { code, path });

test('what another start would meet again is told apart from a crash', () => {
  const known = new AppError('ledger/newer-version', 'The ledger node.db has version 99.');
  expect(startFault(known, '/data')).toEqual({ error: known, mayPass: false });
  const busy = new AppError('ledger/not-writable', 'The ledger could not be written (SQLITE_BUSY).', {
    cause: fsError('SQLITE_BUSY', ''),
  });
  expect(startFault(busy, '/data')).toEqual({ error: busy, mayPass: true });
  expect(startFault(fsError('EROFS', '/data/models'), '/data')).toMatchObject({
    error: { code: 'profile/not-writable', message: 'The node may not write to /data/models (EROFS).' },
    mayPass: false,
  });
  expect(startFault(fsError('ENOSPC', '/data/models'), '/data')?.error.code).toBe('disk/full');
  // Another program's file, and a fault of ours.
  expect(startFault(fsError('EACCES', '/proc/1/fd'), '/data')).toBeNull();
  expect(startFault(new TypeError('undefined is not a function'), '/data')).toBeNull();
  expect(startFault('text', '/data')).toBeNull();
});
