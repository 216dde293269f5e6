import { basename } from 'node:path';
import Database from 'better-sqlite3';
import { AppError } from '#contract/errors.ts';

/** Of 4 kB. */
const mostLogPages = 8000;
/** Of a migration, in kB: with less it writes and reads each page of a large ledger again and again. */
const migrationCacheKb = 128_000;
/** Entries that a part of a migration goes through at a time. */
const stretch = 20_000;

/**
 * SQL, in parts that are run one after the other, as one transaction. A part `byEntry` is run for each stretch of entries, from the id
 * `@from` to the id `@to`. What a released migration makes of a ledger is never changed.
 */
export type Migration = string | readonly (string | { byEntry: string })[];

/**
 * Opens a database that is only added to and brings it up to date; its user_version says how many of the migrations it has. A process
 * that ends in between loses no more than the migration that was under way. `onUpgrade` is told how far it is (0–1), where a file has
 * something in it. Throws `ledger/*`; a file that cannot be used stays as it is.
 */
export function openDatabase(
  file: string,
  migrations: readonly Migration[],
  onUpgrade: (progress: number) => void = () => {},
): Database.Database {
  let database: Database.Database | null = null;
  try {
    database = new Database(file);
    database.defaultSafeIntegers(true);
    const version = Number(database.pragma('user_version', { simple: true }));
    if (version > migrations.length)
      throw new AppError(
        'ledger/newer-version',
        `The ledger ${basename(file)} has version ${version}; this app knows up to ${migrations.length}.`,
        { data: { version, known: migrations.length } },
      );
    database.pragma('journal_mode = WAL');
    // Commits outlive the process by themselves, and the machine once they are synced: see wal-sync.ts.
    database.pragma('synchronous = NORMAL');
    // Taking the log into the database waits for the disk: rarely, and of pages that were written again and again only the last.
    database.pragma(`wal_autocheckpoint = ${mostLogPages}`);
    database.pragma('foreign_keys = ON');
    migrate(database, migrations, version, version > 0 ? onUpgrade : () => {});
    return database;
  } catch (thrown) {
    database?.close();
    throw ledgerError(thrown);
  }
}

function migrate(
  database: Database.Database,
  migrations: readonly Migration[],
  from: number,
  onProgress: (progress: number) => void,
): void {
  if (from === migrations.length) return;
  const due = migrations
    .slice(from)
    .map((migration) => (typeof migration === 'string' ? [migration] : migration));
  const stretches = from === 0 ? [] : stretchesOf(database);
  const steps = due.flat().reduce((sum, part) => sum + (typeof part === 'string' ? 1 : stretches.length), 0);
  let done = 0;
  const step = () => {
    done += 1;
    onProgress(done / steps);
  };
  onProgress(0);
  const usual = database.pragma('cache_size', { simple: true });
  database.pragma(`cache_size = -${migrationCacheKb}`);
  due.forEach((parts, index) => {
    database.transaction(() => {
      for (const part of parts) {
        if (typeof part === 'string') {
          database.exec(part);
          step();
          continue;
        }
        const run = database.prepare(part.byEntry);
        for (const bounds of stretches) {
          run.run(bounds);
          step();
        }
      }
      database.pragma(`user_version = ${from + index + 1}`);
    })();
  });
  database.pragma(`cache_size = ${usual}`);
}

/** Ids of all entries, in stretches. */
function stretchesOf(database: Database.Database): { from: number; to: number }[] {
  if (!database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'entries'").get()) return [];
  const last = number(one(database.prepare('SELECT MAX(id) AS id FROM entries').get()).id);
  return Array.from({ length: Math.ceil(last / stretch) }, (_, index) => ({
    from: index * stretch + 1,
    to: (index + 1) * stretch,
  }));
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
