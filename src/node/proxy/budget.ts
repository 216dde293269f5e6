/** Pico-dollars of the present day and month. */
export interface Spent {
  day: bigint;
  month: bigint;
}

export interface BudgetLimits {
  dayBudgetMicroUsd: number | null;
  monthBudgetMicroUsd: number | null;
}

/** Where the clock goes forward by an hour. */
const shortestDayMs = 23 * 3_600_000;

const picoPerMicro = 1_000_000n;

/** The starts of the local calendar's day and month, in Unix milliseconds. */
export function periodStarts(nowMs: number): { day: number; month: number } {
  const date = new Date(nowMs);
  return {
    day: new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime(),
    month: new Date(date.getFullYear(), date.getMonth(), 1).getTime(),
  };
}

/**
 * What was spent and what is promised to requests under way. A request promises the most that it can cost before it is sent, so that
 * requests side by side cannot pass a budget together.
 */
export class Budget {
  #spent: Spent;
  #promised = 0n;
  #starts: { day: number; month: number };

  constructor(spent: Spent, nowMs: number) {
    this.#spent = { ...spent };
    this.#starts = periodStarts(nowMs);
  }

  /** Which budget a request that may cost so much would pass; null: none. */
  exceeded(nowMs: number, cost: bigint, limits: BudgetLimits): 'day' | 'month' | null {
    this.#turn(nowMs);
    const passes = (spent: bigint, limit: number | null) =>
      limit !== null && spent + this.#promised + cost > BigInt(limit) * picoPerMicro;
    if (passes(this.#spent.day, limits.dayBudgetMicroUsd)) return 'day';
    return passes(this.#spent.month, limits.monthBudgetMicroUsd) ? 'month' : null;
  }

  /** Promises a cost; what is returned takes the promise back. */
  promise(cost: bigint): () => void {
    this.#promised += cost;
    let isOut = true;
    return () => {
      if (isOut) this.#promised -= cost;
      isOut = false;
    };
  }

  spend(nowMs: number, cost: bigint): void {
    this.#turn(nowMs);
    this.#spent.day += cost;
    this.#spent.month += cost;
  }

  spent(nowMs: number): Spent {
    this.#turn(nowMs);
    return { ...this.#spent };
  }

  /** A clock that is set back begins no period again. */
  #turn(nowMs: number): void {
    if (nowMs >= this.#starts.day && nowMs < this.#starts.day + shortestDayMs) return;
    const starts = periodStarts(nowMs);
    if (starts.day > this.#starts.day) this.#spent.day = 0n;
    if (starts.month > this.#starts.month) this.#spent.month = 0n;
    this.#starts = {
      day: Math.max(starts.day, this.#starts.day),
      month: Math.max(starts.month, this.#starts.month),
    };
  }
}
