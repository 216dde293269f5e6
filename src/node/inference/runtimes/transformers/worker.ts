import { basename } from 'node:path';
import { serveWorker } from '../worker/serve-worker.ts';
import { TransformersEngine } from './engine.ts';
import { inspectOnnxFolder } from './inspection.ts';

serveWorker({
  load: TransformersEngine.load,
  inspect: (path) => inspectOnnxFolder(path, basename(path)),
});
