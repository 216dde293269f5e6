/** Failures within `failureWindowMs` after which a provider is left alone for `coolingMs`. */
const mostFailures = 3;
const failureWindowMs = 60_000;
const coolingMs = 30_000;
const keptLatencies = 20;

/**
 * How a provider, or one of its models, has done lately. After three failures within a minute it is left alone for 30 seconds; then one
 * request tries it (half-open), and ends the pause or begins it anew. Times in Unix milliseconds; the caller brings the clock.
 */
export class Health {
  #failures: number[] = [];
  #coolingUntil: number | null = null;
  #isProbing = false;
  #latencies: number[] = [];
  running = 0;

  /** Whether a request may be sent now. */
  mayTry(nowMs: number): boolean {
    return this.#coolingUntil === null || (nowMs >= this.#coolingUntil && !this.#isProbing);
  }

  /** Null while it does not cool down. */
  coolingUntil(nowMs: number): number | null {
    return this.#coolingUntil !== null && this.#coolingUntil > nowMs ? this.#coolingUntil : null;
  }

  started(): void {
    this.running += 1;
    if (this.#coolingUntil !== null) this.#isProbing = true;
  }

  /** `latencyMs`: until the first text. */
  succeeded(latencyMs: number): void {
    this.running -= 1;
    this.#isProbing = false;
    this.#coolingUntil = null;
    this.#failures = [];
    this.#latencies.push(latencyMs);
    if (this.#latencies.length > keptLatencies) this.#latencies.shift();
  }

  /** `forMs`: how long it asked to be left alone, or for how long it is of no use at all. */
  failed(nowMs: number, forMs: number | null): void {
    this.running -= 1;
    this.#failures = [...this.#failures.filter((at) => at > nowMs - failureWindowMs), nowMs];
    const isProbe = this.#isProbing;
    this.#isProbing = false;
    if (isProbe || forMs !== null || this.#failures.length >= mostFailures)
      this.#coolingUntil = nowMs + (forMs ?? coolingMs);
  }

  /** Ended for a reason that says nothing of the provider. */
  ended(): void {
    this.running -= 1;
    this.#isProbing = false;
  }

  get failures(): number {
    return this.#failures.length;
  }

  /** Median in milliseconds; null before the first answer. */
  get latencyMs(): number | null {
    const sorted = [...this.#latencies].sort((one, other) => one - other);
    return sorted[Math.floor(sorted.length / 2)] ?? null;
  }
}
