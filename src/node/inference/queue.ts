/** What a queue needs to know of an item. */
export interface Queued {
  /** Unix milliseconds after which the item is not worth taking. */
  deadlineMs: number;
}

/** A bounded first-in first-out queue that never hands out an item past its deadline. Pure: the caller brings the time. */
export class Queue<T extends Queued> {
  #items: T[] = [];

  get length(): number {
    return this.#items.length;
  }

  /** False when `limit` items wait already. */
  add(item: T, limit: number): boolean {
    if (this.#items.length >= limit) return false;
    this.#items.push(item);
    return true;
  }

  /** The oldest item whose deadline has not passed; expired ones stay for `takeExpired`. */
  take(nowMs: number): T | undefined {
    const index = this.#items.findIndex((item) => item.deadlineMs > nowMs);
    return index < 0 ? undefined : this.#items.splice(index, 1)[0];
  }

  takeExpired(nowMs: number): T[] {
    const expired = this.#items.filter((item) => item.deadlineMs <= nowMs);
    if (expired.length > 0) this.#items = this.#items.filter((item) => item.deadlineMs > nowMs);
    return expired;
  }

  remove(item: T): boolean {
    const index = this.#items.indexOf(item);
    if (index >= 0) this.#items.splice(index, 1);
    return index >= 0;
  }

  /** 1 is next; 0 when the item does not wait. */
  position(item: T): number {
    return this.#items.indexOf(item) + 1;
  }

  items(): readonly T[] {
    return this.#items;
  }
}
