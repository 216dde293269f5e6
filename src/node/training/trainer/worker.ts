import { isMainThread } from 'node:worker_threads';
import { serveHelper } from './helper-thread.ts';
import { openLocalData } from './local-data.ts';
import { serveTrainer } from './serve-trainer.ts';

if (isMainThread) serveTrainer({ open: openLocalData, privateRandom: null });
else await serveHelper();
