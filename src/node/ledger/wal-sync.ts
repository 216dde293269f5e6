import { close, fsync, open } from 'node:fs';
import { promisify } from 'node:util';

const [openFile, syncFile, closeFile] = [promisify(open), promisify(fsync), promisify(close)];

/**
 * Puts what SQLite wrote to its write-ahead log onto the disk, off the thread that wrote it. A commit without this survives the end of
 * the process, with it the end of the machine. All commits that come while one sync runs share the next one.
 */
export function createWalSync(databaseFile: string): { synced(): Promise<void> } {
  let running: Promise<void> | null = null;
  let next: Promise<void> | null = null;

  async function sync(): Promise<void> {
    const descriptor = await openFile(`${databaseFile}-wal`, 'r+').catch((error: NodeJS.ErrnoException) => {
      // A log that was taken into the database is on the disk.
      if (error.code === 'ENOENT') return null;
      throw error;
    });
    if (descriptor === null) return;
    try {
      await syncFile(descriptor);
    } finally {
      await closeFile(descriptor);
    }
  }

  function start(): Promise<void> {
    const mine = sync().finally(() => {
      if (running === mine) running = null;
    });
    running = mine;
    return mine;
  }

  return {
    /** Resolves when all that is committed now is on the disk. */
    synced() {
      if (!running) return start();
      next ??= running
        .catch(() => {})
        .then(() => {
          next = null;
          return start();
        });
      return next;
    },
  };
}
