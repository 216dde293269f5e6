import type { LimitSet } from '#contract/manners.ts';
import type { Clock } from './clock.ts';

/** What may come at once after a quiet time. */
const burstMs = 500;
/** A change of the limit is met within this time. */
const mostWaitMs = 1000;

/** Bytes that are sent before the limit is asked again. */
const pieceBytes = 64 * 1024;

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

/** The one limit of all that the node loads down and trains with: its transfers together keep to `networkMbps`. */
export const networkRate = (limits: () => LimitSet, clock: Clock): ByteRate =>
  createByteRate(() => {
    const { networkMbps } = limits();
    return networkMbps === null ? null : (networkMbps * 1e6) / 8;
  }, clock);

/** The bytes in pieces, each as soon as it is within the limit. Throws the signal's reason. */
export async function* paced(
  bytes: Uint8Array,
  rate: ByteRate,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    const piece = bytes.subarray(at, at + pieceBytes);
    await rate.take(piece.length, signal);
    yield piece;
  }
}
