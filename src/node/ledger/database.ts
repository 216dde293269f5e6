import Database from 'better-sqlite3';
import { AppError } from '#contract/errors.ts';
import { entries } from './migrations/001-entries.ts';
import { spend } from './migrations/002-spend.ts';

/** In order; the database's user_version says how many of them it has. A released one is never changed. */
const migrations = [entries, spend];

/** Of 4 kB. */
const mostLogPages = 8000;

/** Opens the ledger's file and brings it up to date. Throws `ledger/*`; a file that cannot be used stays as it is. */
export function openDatabase(file: string): Database.Database {
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
    migrate(database, version);
    return database;
  } catch (thrown) {
    database?.close();
    throw ledgerError(thrown);
  }
}

function migrate(database: Database.Database, from: number): void {
  migrations.slice(from).forEach((sql, index) => {
    database.transaction(() => {
      database.exec(sql);
      database.pragma(`user_version = ${from + index + 1}`);
    })();
  });
}

/** What SQLite says, as a code and a sentence. */
export function ledgerError(thrown: unknown): unknown {
  if (!(thrown instanceof Database.SqliteError)) return thrown;
  if (thrown.code === 'SQLITE_FULL' || thrown.code === 'SQLITE_IOERR_SHMSIZE')
    return new AppError('disk/full', 'The ledger could not be written: the disk is full.', { cause: thrown });
  if (thrown.code === 'SQLITE_NOTADB' || thrown.code.startsWith('SQLITE_CORRUPT'))
    return new AppError('ledger/corrupt', 'The file node.db is not a whole ledger.', { cause: thrown });
  return new AppError('ledger/not-writable', `The ledger could not be written (${thrown.code}).`, {
    cause: thrown,
  });
}
