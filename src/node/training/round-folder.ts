import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { AppError } from '#contract/errors.ts';

/** What a round keeps on the disk until it has ended. `secrets` are secure aggregation's, `update` is as it is sent. */
export type RoundFile = 'model' | 'control' | 'delta' | 'secrets' | 'update';

export interface RoundFolder {
  /** Null where there is no such file. */
  read(name: RoundFile): Uint8Array | null;
  /** Whole or not at all, for this user's eyes only. Throws `disk/full`. */
  write(name: RoundFile, bytes: Uint8Array): void;
  /** Where the trainer keeps what it has after each epoch. */
  checkpointFile: string;
  remove(): void;
}

export function openRoundFolder(trainingDir: string, roundId: string): RoundFolder {
  const dir = join(trainingDir, 'rounds', roundId);
  const path = (name: RoundFile) => join(dir, `${name}.bin`);
  return {
    read(name) {
      try {
        return new Uint8Array(readFileSync(path(name)));
      } catch (thrown) {
        if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return null;
        throw thrown;
      }
    },
    write(name, bytes) {
      try {
        mkdirSync(dir, { recursive: true, mode: 0o700 });
        writeFileAtomic.sync(path(name), Buffer.from(bytes), { mode: 0o600 });
      } catch (cause) {
        if ((cause as NodeJS.ErrnoException).code === 'ENOSPC')
          throw new AppError('disk/full', 'The round could not be stored: the disk is full.', { cause });
        throw cause;
      }
    },
    checkpointFile: join(dir, 'checkpoint.bin'),
    remove: () => rmSync(dir, { recursive: true, force: true }),
  };
}
