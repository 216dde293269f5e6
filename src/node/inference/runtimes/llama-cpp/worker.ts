import { serveWorker } from '../worker/serve-worker.ts';
import { LlamaEngine, openLlama } from './engine.ts';
import { inspectModel } from './inspection.ts';

serveWorker({
  load: LlamaEngine.load,
  inspect: async (path, options) => inspectModel(await openLlama(options.gpu), path, options),
});
