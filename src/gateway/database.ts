import Database from 'better-sqlite3';
import { bookTables, proxiedJobs, trainingJobs } from './books.ts';
import { roundTables } from './federated/round-book.ts';
import { nonceTables } from './node-signature.ts';
import { channelTables, payoutChangeTables } from './settlement/channel-tables.ts';

/** Each is run once, in this order; new ones go to the end. */
const migrations = [
  bookTables,
  proxiedJobs,
  trainingJobs + roundTables,
  channelTables,
  nonceTables + payoutChangeTables,
];

/** The gateway's one database: what it relayed, owes and trains. Throws when a newer gateway wrote it. */
export function openDatabase(file: string): Database.Database {
  const database = new Database(file);
  database.defaultSafeIntegers(true);
  database.pragma('journal_mode = WAL');
  // What was written down before money moves, or a call is answered, must be there after a power cut too.
  database.pragma('synchronous = FULL');
  const version = Number(database.pragma('user_version', { simple: true }));
  if (version > migrations.length) throw new Error(`${file} is from a newer gateway (version ${version})`);
  migrations.slice(version).forEach((sql, index) => {
    database.transaction(() => {
      database.exec(sql);
      database.pragma(`user_version = ${version + index + 1}`);
    })();
  });
  return database;
}
