import { AppError } from '#contract/errors.ts';
import type { HoldableJobs } from '../inference/job-hold.ts';
import type { ModelPool } from '../inference/model-pool.ts';
import type { ServingSide } from './mode-controller.ts';

/** Serving with this computer's own models, as the mode controller stops and starts it; providers' models are not touched. */
export function createServingSide(parts: {
  jobs: HoldableJobs;
  pool: Pick<ModelPool, 'offered' | 'loaded' | 'load' | 'unloadAll' | 'quiet' | 'foremost'>;
  /** Why it closes, and until when at the latest (Unix ms; Infinity where nobody knows). */
  pause(): { isForTraining: boolean; backAt: number; retryAfterSeconds: number };
  setBusy(isBusy: boolean): void;
  onThreads(threads: number): void;
}): ServingSide {
  const { jobs, pool } = parts;
  /** What was loaded when it was unloaded. */
  let remembered: string[] = [];

  function rest(): void {
    const { isForTraining, backAt, retryAfterSeconds } = parts.pause();
    const error = isForTraining
      ? new AppError('node/training', 'This computer is at its turn of training.', { retryAfterSeconds })
      : new AppError('node/paused', 'This computer’s models rest.', { retryAfterSeconds });
    parts.setBusy(true);
    jobs.hold({ applies: (model) => pool.offered().includes(model), error, backAt });
  }

  return {
    close: rest,
    running: jobs.held,
    async quiet(signal) {
      await jobs.quiet(signal);
      await pool.quiet(signal);
    },
    async unload() {
      const loaded = pool.loaded().map(({ id }) => id);
      if (loaded.length > 0) remembered = loaded;
      await pool.unloadAll();
    },
    async load(signal, onProgress) {
      const offered = pool.offered();
      const ids = remembered.filter((id) => offered.includes(id));
      const [first, ...others] = ids.length > 0 ? ids : offered.slice(0, 1);
      if (first === undefined) return;
      jobs.expect();
      const end = pool.foremost.subscribe(({ loadProgress }) => {
        if (loadProgress !== null) onProgress(loadProgress);
      });
      try {
        await pool.load(first, signal);
        // The others are loaded when they are asked for, where they do not fit beside it now.
        for (const id of others) await pool.load(id, signal).catch(() => {});
      } catch (thrown) {
        rest();
        throw thrown;
      } finally {
        end();
      }
    },
    open() {
      parts.setBusy(false);
      jobs.unhold();
    },
    allow: ({ threads }) => parts.onThreads(threads),
  };
}
