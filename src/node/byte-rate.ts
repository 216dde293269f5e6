import type { HybridStatus } from '#contract/hybrid.ts';
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

const bytesPerSecondOf = (mbps: number | null): number | null => (mbps === null ? null : (mbps * 1e6) / 8);

/**
 * What model downloads and rounds keep to: together to `networkMbps`, and while both have a part of it each to its own. One that has
 * none shares the whole, as what a round has learnt must be able to leave whatever the machine does.
 */
export function networkRates(parts: {
  limits(): Pick<LimitSet, 'networkMbps'>;
  allowance(): HybridStatus['allowance'];
  clock: Clock;
}): { inference: ByteRate; training: ByteRate } {
  const { limits, clock } = parts;
  const shared = createByteRate(() => bytesPerSecondOf(limits().networkMbps), clock);
  const rateOf = (kind: 'inference' | 'training'): ByteRate => {
    const own = createByteRate(() => {
      const allowance = parts.allowance();
      const isDivided = Boolean(allowance.inference.networkMbps && allowance.training.networkMbps);
      return isDivided ? bytesPerSecondOf(allowance[kind].networkMbps ?? null) : null;
    }, clock);
    return {
      async take(bytes, signal) {
        await own.take(bytes, signal);
        await shared.take(bytes, signal);
      },
    };
  };
  return { inference: rateOf('inference'), training: rateOf('training') };
}

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
