import type { ByteRate } from '../byte-rate.ts';

/** How long a call may take. */
export interface CallLimit {
  /** Aborted when the time is over, with the caller's signal, and at the end. */
  signal: AbortSignal;
  /** The rate, with the time stopped while it is waited for. */
  outside(rate: ByteRate): ByteRate;
  /** The call is over: what it still sends ends. */
  end(): void;
}

/** Counts the time that a call waits for the other side, and not what it waits for this node's own limit. */
export function createCallLimit(timeoutMs: number, outer?: AbortSignal): CallLimit {
  const over = new AbortController();
  let leftMs = timeoutMs;
  let startedAt = 0;
  let timer: NodeJS.Timeout | undefined;
  let waiting = 0;

  function run(): void {
    startedAt = performance.now();
    timer = setTimeout(() => over.abort(new DOMException('The time is over.', 'TimeoutError')), leftMs);
  }

  function stop(): void {
    clearTimeout(timer);
    leftMs = Math.max(0, leftMs - (performance.now() - startedAt));
  }

  run();
  return {
    signal: outer ? AbortSignal.any([over.signal, outer]) : over.signal,
    outside: (rate) => ({
      async take(bytes, signal) {
        if (waiting === 0) stop();
        waiting += 1;
        try {
          await rate.take(bytes, signal);
        } finally {
          waiting -= 1;
          if (waiting === 0 && !over.signal.aborted) run();
        }
      },
    }),
    end() {
      over.abort();
      clearTimeout(timer);
    },
  };
}
