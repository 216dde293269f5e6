import { isMainThread } from 'node:worker_threads';
import { probeArgument, probeNativeEngine } from '../engine/native-engine.ts';
import { serveHelper } from './helper-thread.ts';
import { openLocalData } from './local-data.ts';
import { createPrivateRandom } from './private-random.ts';
import { serveTrainer } from './serve-trainer.ts';

const [, , argument, path] = process.argv;
if (!isMainThread) await serveHelper();
else if (argument === probeArgument && path) await probeNativeEngine(path);
else serveTrainer({ open: openLocalData, privateRandom: createPrivateRandom() });
