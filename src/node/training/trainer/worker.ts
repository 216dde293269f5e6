import { isMainThread } from 'node:worker_threads';
import { AppError } from '#contract/errors.ts';
import { serveHelper } from './helper-thread.ts';
import { serveTrainer } from './serve-trainer.ts';

if (isMainThread)
  serveTrainer({
    open: () => {
      throw new AppError('training/bad-data', 'The trainer does not know this kind of data.');
    },
    privateRandom: null,
  });
else await serveHelper();
