import Database from 'better-sqlite3';
import { AppError } from '#contract/errors.ts';

/** Of 4 kB. */
const mostLogPages = 8000;
/** Of a migration, in kB: with less it writes and reads each page of a large ledger again and again. */
const migrationCacheKb = 128_000;

/**
 * Opens a database that is only added to and brings it up to date; its user_version says how many of the migrations it has. A released
 * migration is never changed. `onUpgrade` is told before a file that has something in it is brought up to date, which may take a while.
 * Throws `ledger/*`; a file that cannot be used stays as it is.
 */
export function openDatabase(
  file: string,
  migrations: readonly string[],
  onUpgrade: () => void = () => {},
): Database.Database {
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
    // Taking the log into the database waits for the disk: rarely, and of pages that were written again and again only the last.
    database.pragma(`wal_autocheckpoint = ${mostLogPages}`);
    database.pragma('foreign_keys = ON');
    if (version > 0 && version < migrations.length) onUpgrade();
    migrate(database, migrations, version);
    return database;
  } catch (thrown) {
    database?.close();
    throw ledgerError(thrown);
  }
}

function migrate(database: Database.Database, migrations: readonly string[], from: number): void {
  if (from === migrations.length) return;
  const usual = database.pragma('cache_size', { simple: true });
  database.pragma(`cache_size = -${migrationCacheKb}`);
  migrations.slice(from).forEach((sql, index) => {
    database.transaction(() => {
      database.exec(sql);
      database.pragma(`user_version = ${from + index + 1}`);
    })();
  });
  database.pragma(`cache_size = ${usual}`);
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
