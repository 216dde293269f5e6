import Database from 'better-sqlite3';
import { AppError } from '#contract/errors.ts';

/**
 * Opens a database that is only added to and brings it up to date; its user_version says how many of the migrations it has. A released
 * migration is never changed. Throws `ledger/*`; a file that cannot be used stays as it is.
 */
export function openDatabase(file: string, migrations: readonly string[]): Database.Database {
  let database: Database.Database | null = null;
  try {
    database = new Database(file);
    database.defaultSafeIntegers(true);
    const version = Number(database.pragma('user_version', { simple: true }));
    if (version > migrations.length)
      throw new AppError(
        'ledger/newer-version',
        `The ledger has version ${version}; this app knows up to ${migrations.length}.`,
        { data: { version, known: migrations.length } },
      );
    database.pragma('journal_mode = WAL');
    // Commits outlive the process by themselves, and the machine once they are synced: see wal-sync.ts.
    database.pragma('synchronous = NORMAL');
    database.pragma('foreign_keys = ON');
    migrate(database, migrations, version);
    return database;
  } catch (thrown) {
    database?.close();
    throw ledgerError(thrown);
  }
}

function migrate(database: Database.Database, migrations: readonly string[], from: number): void {
  migrations.slice(from).forEach((sql, index) => {
    database.transaction(() => {
      database.exec(sql);
      database.pragma(`user_version = ${from + index + 1}`);
    })();
  });
}

/** Does what writes; what SQLite says to it is thrown as `ledger/*` or `disk/full`. */
export function write<T>(work: () => T): T {
  try {
    return work();
  } catch (thrown) {
    throw ledgerError(thrown);
  }
}

/** A row of sums. */
export const one = (row: unknown) => row as Record<string, bigint>;
export const number = (value: bigint | undefined) => Number(value ?? 0n);

/** What SQLite says, as a code and a sentence. */
function ledgerError(thrown: unknown): unknown {
  if (!(thrown instanceof Database.SqliteError)) return thrown;
  if (thrown.code === 'SQLITE_FULL' || thrown.code === 'SQLITE_IOERR_SHMSIZE')
    return new AppError('disk/full', 'The ledger could not be written: the disk is full.', { cause: thrown });
  if (thrown.code === 'SQLITE_NOTADB' || thrown.code.startsWith('SQLITE_CORRUPT'))
    return new AppError('ledger/corrupt', 'The file of a ledger is not whole.', { cause: thrown });
  return new AppError('ledger/not-writable', `The ledger could not be written (${thrown.code}).`, {
    cause: thrown,
  });
}
