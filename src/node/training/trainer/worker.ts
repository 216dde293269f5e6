import { openLocalData } from './local-data.ts';
import { serveTrainer } from './serve-trainer.ts';

serveTrainer({ open: openLocalData, privateRandom: null });
