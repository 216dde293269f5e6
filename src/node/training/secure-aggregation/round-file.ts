import {
  appendFileSync,
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import writeFileAtomic from 'write-file-atomic';
import { AppError } from '#contract/errors.ts';
import { parsedRoundState, type RoundState } from './round-state.ts';

/** Writes a round's state for this user's eyes only; to be called before the answer of a stage is sent. */
export function storeRound(file: string, state: RoundState): void {
  writeFileAtomic.sync(file, JSON.stringify(state), { mode: 0o600 });
}

/** Null where there is none. Throws `training/round-malformed` for a file that is no round. */
export function storedRound(file: string): RoundState | null {
  if (!existsSync(file)) return null;
  let state: unknown;
  try {
    state = JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw new AppError('training/round-malformed', 'The stored round cannot be read.', { cause });
  }
  return parsedRoundState(state);
}

/** Overwrites the file before it is removed: the best that can be done on a disk that does not promise to write in place. */
export function eraseRound(file: string): void {
  if (!existsSync(file)) return;
  const descriptor = openSync(file, 'r+');
  try {
    writeSync(descriptor, Buffer.alloc(statSync(file).size), 0);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  rmSync(file);
}

/** Ids of rounds that were begun: each is taken once. A `Set` is one that forgets at the end of the process. */
export interface UsedRounds {
  has(roundId: string): boolean;
  add(roundId: string): unknown;
}

/** Kept in a file, a line each, on the disk before the round begins. */
export function openUsedRounds(file: string): UsedRounds {
  const used = new Set(existsSync(file) ? readFileSync(file, 'utf8').split('\n') : []);
  return {
    has: (roundId) => used.has(roundId),
    add(roundId) {
      appendFileSync(file, `${roundId}\n`, { mode: 0o600, flush: true });
      used.add(roundId);
    },
  };
}
