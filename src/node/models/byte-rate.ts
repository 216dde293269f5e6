import type { Clock } from '../clock.ts';

/** What may come at once after a quiet time. */
const burstMs = 500;
/** A change of the limit is met within this time. */
const mostWaitMs = 1000;

export interface ByteRate {
  /** Resolves when so many bytes are within the limit, all takers together. Rejects with the signal's reason. */
  take(bytes: number, signal: AbortSignal): Promise<void>;
}

/** A token bucket over bytes; `bytesPerSecond` null is no limit. */
export function createByteRate(bytesPerSecond: () => number | null, clock: Clock): ByteRate {
  /** Bytes that may come now; below zero they are owed. */
  let tokens = 0;
  let filledAt = clock.now();

  function fill(rate: number): void {
    const now = clock.now();
    const most = (rate * burstMs) / 1000;
    tokens = Math.min(most, tokens + (rate * Math.max(0, now - filledAt)) / 1000);
    filledAt = now;
  }

  return {
    async take(bytes, signal) {
      const before = bytesPerSecond();
      if (before === null) {
        tokens = 0;
        filledAt = clock.now();
        return;
      }
      fill(before);
      tokens -= bytes;
      for (let rate = bytesPerSecond(); rate !== null && tokens < 0; rate = bytesPerSecond()) {
        await clock.sleep(Math.min(mostWaitMs, Math.ceil((-tokens / rate) * 1000)), signal);
        fill(rate);
      }
    },
  };
}
