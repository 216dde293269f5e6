import { createHash } from 'node:crypto';
import { canonicalJson } from '#contract/canonical-json.ts';
import type { Clock } from '../clock.ts';
import type { JobRequest } from './job-request.ts';
import type { WorkResult } from './job-work.ts';
import type { SharedCache } from './shared-cache.ts';

/** Bytes that an answer takes beside its text: keys, figures, the map's own. */
const overheadBytes = 500;

export interface ResponseCache {
  /** Null for a request whose answer chance has a part in. */
  keyOf(request: JobRequest): string | null;
  /** A promise where other nodes' answers are asked for. */
  get(key: string): WorkResult | undefined | Promise<WorkResult | undefined>;
  put(key: string, result: WorkResult): void;
  /** Forgets the least recently used until at most `bytes` are held. */
  shrinkTo(bytes: number): void;
  clear(): void;
  readonly sizeBytes: number;
}

/**
 * Answers by exact request: model, prompt, sampling, limits and format. Only deterministic requests (temperature 0, or a seed) have a
 * key; cancelled answers are not kept. Least recently used go first over `mostBytes`; 0 bytes keep nothing.
 */
export function createResponseCache(options: {
  mostBytes(): number;
  ttlMs(): number;
  /** What several nodes share; null: nothing. */
  shared?(): SharedCache | null;
  clock: Clock;
}): ResponseCache {
  const { clock } = options;
  /** Least recently used first. */
  const entries = new Map<string, { result: WorkResult; bytes: number; until: number }>();
  let sizeBytes = 0;

  function forget(key: string): void {
    sizeBytes -= entries.get(key)?.bytes ?? 0;
    entries.delete(key);
  }

  function shrinkTo(bytes: number): void {
    for (const key of entries.keys()) {
      if (sizeBytes <= bytes) return;
      forget(key);
    }
  }

  return {
    keyOf({ model, work }) {
      if (options.mostBytes() === 0) return null;
      if (work.kind === 'generate') {
        const { temperature, seed } = work.request.sampling;
        if (temperature !== 0 && seed === undefined) return null;
      }
      // How a request comes and an answer is sent makes it no other one.
      const asked =
        work.kind === 'generate' ? { ...work.request, isStreamed: undefined, isResponses: undefined } : work;
      const exact = canonicalJson(JSON.parse(JSON.stringify({ model, kind: work.kind, asked })));
      return createHash('sha256').update(exact).digest('base64');
    },
    get(key) {
      const entry = entries.get(key);
      if (!entry || entry.until <= clock.now()) {
        forget(key);
        return options.shared?.()?.get(key);
      }
      entries.delete(key);
      entries.set(key, entry);
      return entry.result;
    },
    put(key, result) {
      if (result.result.finishReason === 'cancelled') return;
      options.shared?.()?.put(key, result, options.ttlMs());
      forget(key);
      const bytes = overheadBytes + 2 * result.text.length + 8 * result.vectors.flat().length;
      if (bytes > options.mostBytes()) return;
      entries.set(key, { result, bytes, until: clock.now() + options.ttlMs() });
      sizeBytes += bytes;
      shrinkTo(options.mostBytes());
    },
    shrinkTo,
    clear() {
      entries.clear();
      sizeBytes = 0;
    },
    get sizeBytes() {
      return sizeBytes;
    },
  };
}
