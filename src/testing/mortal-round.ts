import type { RoundRecord } from '#node/training/round-record.ts';
import { type RoundParts, type RoundWatch, runRound } from '#node/training/round-run.ts';

export const unseen: RoundWatch = {
  onDownload: () => {},
  onTraining: () => {},
  onUpload: () => {},
  onRetry: () => {},
  onStep: () => {},
};

/**
 * Runs a round from its record until its parts have been called so often; then the process is as good as dead, and only what is on the
 * disk is left. True when the round came to its end before.
 */
export async function livesOn(record: RoundRecord, parts: RoundParts, calls: number): Promise<boolean> {
  const killed = new AbortController();
  const death = new Error('killed');
  let left = calls;
  const die = () => {
    if (left-- > 0) return;
    killed.abort(death);
    throw death;
  };
  const mortalParts: RoundParts = {
    ...parts,
    log: mortal(parts.log, die),
    calls: mortal(parts.calls, die),
    folder: mortal(parts.folder, die),
    trainer: mortal(parts.trainer, die),
    privacy: mortal(parts.privacy, die),
    books: mortal(parts.books, die),
  };
  try {
    await runRound(record, mortalParts, unseen, {
      signal: killed.signal,
      leave: new AbortController().signal,
    });
    return true;
  } catch (thrown) {
    if (thrown === death) return false;
    throw thrown;
  }
}

/** Every call of a part is a point at which its process may die: before it, or after it did its work. */
function mortal<T extends object>(part: T, die: (when: 'before' | 'after') => void): T {
  return new Proxy(part, {
    get(target, name, receiver) {
      const value = Reflect.get(target, name, receiver);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]) => {
        die('before');
        const result = value.apply(target, args);
        if (!(result instanceof Promise)) {
          die('after');
          return result;
        }
        return result.then((settled) => {
          die('after');
          return settled;
        });
      };
    },
  });
}
