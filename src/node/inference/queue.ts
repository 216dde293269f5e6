/** What a queue needs to know of an item. Times in Unix milliseconds. */
export interface Queued {
  /** Whose it is: one client's many requests must not keep the others waiting. */
  client: string;
  /** Lamports offered above the node's price. */
  tipLamports: bigint;
  queuedAt: number;
  /** After this the item is not worth taking. */
  deadlineMs: number;
}

/** How far ahead a tip can bring a request at most: what nobody tips for waits no longer than that. */
export const mostBonusMs = 30_000;
/** How far each request of a client that waits already puts its next one back. */
export const turnMs = 2000;
/** Tips count by their size's order: 1,000 lamports are about 10 steps. */
const bonusStepMs = 1000;

/**
 * When an item's turn is, in Unix milliseconds; the earliest goes first. It is set when the item comes and never changes, so a
 * request is overtaken only by those that come within `mostBonusMs` and its client's own turns: it ages, and cannot starve.
 */
export function turnOf(item: Pick<Queued, 'tipLamports' | 'queuedAt'>, waitingOfClient: number): number {
  const steps = item.tipLamports.toString(2).length - (item.tipLamports > 0n ? 0 : 1);
  return item.queuedAt + waitingOfClient * turnMs - Math.min(mostBonusMs, steps * bonusStepMs);
}

interface Place<T> {
  item: T;
  turn: number;
}

/**
 * A bounded queue, fair between clients and by offered price with ageing. It never hands out an item past its deadline.
 * Pure: the caller brings the time.
 */
export class Queue<T extends Queued> {
  /** In the order of their turns. */
  #places: Place<T>[] = [];

  get length(): number {
    return this.#places.length;
  }

  /** False when `limit` items wait already. */
  add(item: T, limit: number): boolean {
    if (this.#places.length >= limit) return false;
    const turn = turnOf(item, this.#places.filter(({ item: other }) => other.client === item.client).length);
    const index = this.#places.findLastIndex((place) => place.turn <= turn) + 1;
    this.#places.splice(index, 0, { item, turn });
    return true;
  }

  /** The first item that `isWanted` and whose deadline has not passed; expired ones stay for `takeExpired`. */
  take(nowMs: number, isWanted: (item: T) => boolean = () => true): T | undefined {
    const index = this.#places.findIndex(({ item }) => item.deadlineMs > nowMs && isWanted(item));
    return index < 0 ? undefined : this.#places.splice(index, 1)[0]?.item;
  }

  takeExpired(nowMs: number): T[] {
    const expired = this.items().filter((item) => item.deadlineMs <= nowMs);
    if (expired.length > 0) this.#places = this.#places.filter(({ item }) => item.deadlineMs > nowMs);
    return expired;
  }

  remove(item: T): boolean {
    const index = this.#indexOf(item);
    if (index >= 0) this.#places.splice(index, 1);
    return index >= 0;
  }

  /** 1 is next; 0 when the item does not wait. */
  position(item: T): number {
    return this.#indexOf(item) + 1;
  }

  items(): readonly T[] {
    return this.#places.map(({ item }) => item);
  }

  #indexOf(item: T): number {
    return this.#places.findIndex((place) => place.item === item);
  }
}
