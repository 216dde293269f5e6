import { AppError } from '#contract/errors.ts';
import { toAppError } from '#contract/result.ts';
import type { ModelFacts, ModelInspector } from '../../runtime.ts';
import { WorkerProcess } from './worker-process.ts';

const inspectLimitMs = 60_000;

/** Reads GGUF files, each in a process of its own: a file that makes llama.cpp fail takes nothing with it. */
export const ggufInspector: ModelInspector = {
  async inspect(path, options) {
    const worker = new WorkerProcess();
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
};
