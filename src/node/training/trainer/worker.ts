import { isMainThread } from 'node:worker_threads';
import { AppError } from '#contract/errors.ts';
import { probeArgument, probeNativeEngine } from '../engine/native-engine.ts';
import { serveHelper } from './helper-thread.ts';
import { serveTrainer } from './serve-trainer.ts';

const [, , argument, path] = process.argv;
if (!isMainThread) await serveHelper();
else if (argument === probeArgument && path) await probeNativeEngine(path);
else
  serveTrainer({
    open: () => {
      throw new AppError('training/bad-data', 'The trainer does not know this kind of data.');
    },
    privateRandom: null,
  });
