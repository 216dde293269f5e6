import { AppError } from '#contract/errors.ts';
import type { ProxyQuote } from '#contract/proxy-price.ts';
import type { JobRequest } from './job-request.ts';
import type { WorkRuntime } from './job-work.ts';
import type { ServedModels } from './model-pool.ts';
import { unknownModel } from './unknown-model.ts';

/** Models that providers answer for this node. */
export interface ProxiedModels {
  /** Names that are announced. */
  offered(): readonly string[];
  /** Whether a name leads to a provider; more names do than are announced. */
  serves(name: string): boolean;
  /** The way of one job to its provider. Throws `proxy/*` where it cannot be sold now. */
  open(job: JobRequest): WorkRuntime;
  /** What a job of the same question is charged by now; undefined where it cannot be charged. */
  quoteFor(job: JobRequest, target: string): ProxyQuote | null | undefined;
  onChange(listener: () => void): void;
}

/** This computer's own models and the providers'; a name that both have is this computer's. */
export function createServedModels(own: ServedModels, proxiedModels: ProxiedModels): ServedModels {
  const isOwn = (id: string) => own.offered().includes(id);
  const offered = () => [...new Set([...own.offered(), ...proxiedModels.offered()])];
  return {
    offered,
    check(id) {
      if (!isOwn(id) && !proxiedModels.serves(id)) throw unknownModel(id, offered());
    },
    // How many a provider takes at once is for its limits to say.
    slots: (id) => (isOwn(id) ? own.slots(id) : Number.POSITIVE_INFINITY),
    async acquire(id, signal, job) {
      if (isOwn(id)) return own.acquire(id, signal, job);
      if (job.work.kind === 'generate' && job.work.choices > 1)
        throw new AppError('request/unsupported', 'n: a proxied model gives one answer to a request.', {
          data: { field: 'n' },
        });
      return { runtime: proxiedModels.open(job), release() {} };
    },
    reuse(known, job) {
      const { proxied } = known.result;
      if (!proxied) return known;
      // What was kept was charged by the prices of its time.
      const quote = proxiedModels.quoteFor(job, proxied.target);
      return quote === undefined
        ? null
        : { ...known, result: { ...known.result, proxied: { ...proxied, quote } } };
    },
    onChange(listener) {
      own.onChange(listener);
      proxiedModels.onChange(listener);
    },
  };
}
