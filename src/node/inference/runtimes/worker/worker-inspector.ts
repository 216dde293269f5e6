import { AppError } from '#contract/errors.ts';
import { toAppError } from '#contract/result.ts';
import type { ModelFacts, ModelInspector } from '../../runtime.ts';
import { type WorkerEntry, WorkerProcess } from './worker-process.ts';

const inspectLimitMs = 60_000;

/** Reads model files, each in a worker of its own: a file that makes the engine fail takes nothing with it. */
export const workerInspector = (entry: WorkerEntry): ModelInspector => ({
  async inspect(path, options) {
    const worker = new WorkerProcess(entry);
    const limit = setTimeout(() => worker.kill(), inspectLimitMs);
    try {
      return await worker.request<ModelFacts>({ type: 'inspect', path, options });
    } catch (thrown) {
      const error = toAppError(thrown);
      if (error.code !== 'inference/crashed') throw error;
      throw new AppError('inference/crashed', 'Reading the file made the engine fail.', { cause: thrown });
    } finally {
      clearTimeout(limit);
      await worker.end();
    }
  },
});
