/** Those who wait until nothing is at work any more. */
export interface Quiet {
  /** Resolves when it is quiet; rejects with the signal's reason. */
  wait(signal: AbortSignal): Promise<void>;
  /** To be called when something has ended. */
  check(): void;
}

export function createQuiet(isQuiet: () => boolean): Quiet {
  const waiting = new Set<() => void>();
  return {
    async wait(signal) {
      signal.throwIfAborted();
      if (isQuiet()) return;
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const leave = () => reject(signal.reason);
      waiting.add(resolve);
      signal.addEventListener('abort', leave, { once: true });
      try {
        await promise;
      } finally {
        waiting.delete(resolve);
        signal.removeEventListener('abort', leave);
      }
    },
    check() {
      if (waiting.size > 0 && isQuiet()) for (const tell of waiting) tell();
    },
  };
}
