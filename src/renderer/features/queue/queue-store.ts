import type { Job } from '#contract/job.ts';
import type { Client } from '#contract/transport.ts';
import { applyQueueEvent, emptyBook, jobsInOrder } from './queue-book.ts';

export interface QueueStore {
  /** Jobs in the order of the page; null until the snapshot is here. The same array until something changes. */
  jobs(): readonly Job[] | null;
  subscribe(onChange: () => void): () => void;
}

/**
 * Listens to the queue while somebody watches. Events go into the book at once and are shown together,
 * at most once a frame, so that a burst costs one drawing.
 */
export function createQueueStore(
  client: Client,
  onNextFrame: (run: () => void) => void = (run) => requestAnimationFrame(run),
): QueueStore {
  const watchers = new Set<() => void>();
  let book = emptyBook();
  let shown: readonly Job[] | null = null;
  let scheduled = false;
  let stop: (() => void) | null = null;

  const show = () => {
    scheduled = false;
    shown = jobsInOrder(book);
    for (const watcher of watchers) watcher();
  };

  const start = () => {
    book = emptyBook();
    return client.subscribe('queue.items', (event) => {
      applyQueueEvent(book, event);
      if (scheduled) return;
      scheduled = true;
      onNextFrame(show);
    });
  };

  return {
    jobs: () => shown,
    subscribe(onChange) {
      watchers.add(onChange);
      stop ??= start();
      return () => {
        watchers.delete(onChange);
        if (watchers.size > 0) return;
        stop?.();
        stop = null;
      };
    },
  };
}
