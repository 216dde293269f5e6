import { mkdirSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { AppError } from '#contract/errors.ts';
import type { TrainingTask } from '#contract/federated/task.ts';
import { dataSourceSchema } from '#contract/training-data.ts';
import { resourcesDir } from '../../entries.ts';
import type { Examples } from '../data/examples.ts';
import { openExamples } from '../data/open-examples.ts';

/** Data of this computer that the trainer opens itself: a source, and which side of its split. */
const localDataSchema = z.strictObject({
  source: dataSourceSchema,
  split: z.enum(['train', 'validation', 'all']).default('all'),
  /** Where its index is kept; absent: among the system's temporary files. */
  cacheDir: z.string().optional(),
});
export type LocalData = z.input<typeof localDataSchema>;

/** Throws `training/bad-data` for a description that is none, and what `openExamples` throws. */
export function openLocalData(data: unknown, { taskId, data: format }: TrainingTask): Promise<Examples> {
  const parsed = localDataSchema.safeParse(data);
  if (!parsed.success)
    throw new AppError('training/bad-data', 'The trainer does not know this kind of data.');
  const { source, split, cacheDir = temporaryCache() } = parsed.data;
  return openExamples(source, format, { split, salt: taskId, cacheDir, resourcesDir: resourcesDir() });
}

function temporaryCache(): string {
  const dir = join(tmpdir(), `solanalm-data-${userInfo().uid}`);
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  return dir;
}
