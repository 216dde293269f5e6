import { AppError } from '#contract/errors.ts';
import { serveTrainer } from './serve-trainer.ts';

serveTrainer({
  open: () => {
    throw new AppError('training/bad-data', 'The trainer does not know this kind of data.');
  },
  privateRandom: null,
});
