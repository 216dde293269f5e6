import type { Job } from '#contract/job.ts';
import type { JobRequest } from './job-request.ts';

const mostRows = 10_000;
const pauseMs = 100;

/** The latest jobs as rows for the Queue page; changes go out at most ten times a second. */
export class JobBook {
  readonly #rows = new Map<string, Job>();
  readonly #listeners = new Set<(changed: Job[], removed: string[]) => void>();
  #changed = new Set<string>();
  #removed = new Set<string>();
  #timer: NodeJS.Timeout | null = null;

  get(key: string): Job | undefined {
    return this.#rows.get(key);
  }

  rows(): Job[] {
    return [...this.#rows.values()];
  }

  put(key: string, row: Job): void {
    this.#rows.set(key, row);
    this.#changed.add(key);
    if (this.#rows.size > mostRows) this.#forgetOldest();
    this.#timer ??= setTimeout(() => this.#publish(), pauseMs).unref();
  }

  #forgetOldest(): void {
    for (const [key, row] of this.#rows) {
      if (row.state === 'waiting' || row.state === 'running') continue;
      this.#rows.delete(key);
      this.#changed.delete(key);
      this.#removed.add(row.id);
      return;
    }
  }

  #publish(): void {
    this.#timer = null;
    const changed = [...this.#changed].flatMap((key) => this.#rows.get(key) ?? []);
    const removed = [...this.#removed];
    this.#changed = new Set();
    this.#removed = new Set();
    for (const listener of [...this.#listeners]) listener(changed, removed);
  }

  onChange(listener: (changed: Job[], removed: string[]) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

/** A job as it is shown when it comes. */
export function firstRow(request: JobRequest, now: number): Job {
  const { source, work } = request;
  const maxTokens = work.kind === 'generate' ? work.request.maxTokens : null;
  return {
    id: request.requestId,
    state: 'waiting',
    model: request.model,
    kind: work.kind === 'generate' ? work.request.prompt.kind : 'embedding',
    source: source.kind,
    client: source.kind === 'gateway' ? source.payer : source.client,
    queuedAt: now,
    generatedTokens: 0,
    ...(maxTokens === null ? {} : { maxTokens }),
  };
}
