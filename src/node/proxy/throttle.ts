import type { Headroom } from './providers/rate-headers.ts';

const windowMs = 60_000;

export interface ThrottleLimits {
  requestsPerMinute: number | null;
  tokensPerMinute: number | null;
  concurrent: number | null;
}

/**
 * Requests and tokens within any 60 seconds, and requests at once; and no more than a provider's own answers say is left. Times in Unix
 * milliseconds; the caller brings the clock.
 */
export class Throttle {
  /** Oldest first. */
  #taken: { at: number; tokens: number }[] = [];
  #tokens = 0;
  #running = 0;
  #headroom: Headroom = {};

  /** When a request of so many tokens may be sent at the earliest; `nowMs` or before: now. Infinity: only when another one ends. */
  freeAt(nowMs: number, tokens: number, limits: ThrottleLimits): number {
    this.#forget(nowMs);
    if (limits.concurrent !== null && this.#running >= limits.concurrent) return Number.POSITIVE_INFINITY;
    const { requests, tokens: left } = this.#headroom;
    return Math.max(
      this.#requestsFreeAt(nowMs, limits.requestsPerMinute),
      this.#tokensFreeAt(nowMs, tokens, limits.tokensPerMinute),
      requests && requests.resetsAt > nowMs && requests.left < 1 ? requests.resetsAt : nowMs,
      left && left.resetsAt > nowMs && left.left < tokens ? left.resetsAt : nowMs,
    );
  }

  /** Takes a place; what is returned gives it back and corrects the tokens to what was counted. */
  take(nowMs: number, tokens: number, limits: ThrottleLimits): (countedTokens: number | null) => void {
    const entry = { at: nowMs, tokens };
    // What nobody limits nobody has to remember.
    const isKept = limits.requestsPerMinute !== null || limits.tokensPerMinute !== null;
    if (isKept) {
      this.#taken.push(entry);
      this.#tokens += tokens;
    }
    this.#running += 1;
    const { requests, tokens: left } = this.#headroom;
    if (requests) requests.left -= 1;
    if (left) left.left -= tokens;
    let isOut = true;
    return (counted) => {
      if (!isOut) return;
      isOut = false;
      this.#running -= 1;
      if (counted === null || !isKept || !this.#taken.includes(entry)) return;
      this.#tokens += counted - entry.tokens;
      entry.tokens = counted;
    };
  }

  /** What the provider's latest answer said. */
  heard(headroom: Headroom): void {
    this.#headroom = { ...this.#headroom, ...headroom };
  }

  get running(): number {
    return this.#running;
  }

  #forget(nowMs: number): void {
    if (this.#taken.length === 0) return;
    const first = this.#taken.findIndex(({ at }) => at > nowMs - windowMs);
    const old = this.#taken.splice(0, first < 0 ? this.#taken.length : first);
    for (const { tokens } of old) this.#tokens -= tokens;
  }

  #requestsFreeAt(nowMs: number, limit: number | null): number {
    if (limit === null || this.#taken.length < limit) return nowMs;
    return (this.#taken[this.#taken.length - limit]?.at ?? nowMs) + windowMs;
  }

  /** A request larger than the limit goes alone. */
  #tokensFreeAt(nowMs: number, tokens: number, limit: number | null): number {
    if (limit === null || this.#taken.length === 0) return nowMs;
    let left = this.#tokens + Math.min(tokens, limit) - limit;
    if (left <= 0) return nowMs;
    for (const entry of this.#taken) {
      left -= entry.tokens;
      if (left <= 0) return entry.at + windowMs;
    }
    return nowMs;
  }
}
