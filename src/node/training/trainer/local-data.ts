import { z } from 'zod';
import { AppError } from '#contract/errors.ts';
import type { TrainingTask } from '#contract/federated/task.ts';
import { dataSourceSchema } from '#contract/training-data.ts';
import type { Examples } from '../data/examples.ts';
import { openExamples } from '../data/open-examples.ts';

/** Data of this computer that the trainer opens itself. */
const localDataSchema = z.strictObject({
  kind: z.literal('local'),
  source: dataSourceSchema,
  side: z.enum(['train', 'validation', 'all']),
  cacheDir: z.string(),
  resourcesDir: z.string(),
});
export type LocalData = z.input<typeof localDataSchema>;

/** Throws `training/bad-data` for a description that is none, and what `openExamples` throws. */
export function openLocalData(data: unknown, { taskId, data: format }: TrainingTask): Promise<Examples> {
  const parsed = localDataSchema.safeParse(data);
  if (!parsed.success)
    throw new AppError('training/bad-data', 'The trainer does not know this kind of data.');
  const { source, side, cacheDir, resourcesDir } = parsed.data;
  return openExamples(source, format, { split: side, salt: taskId, cacheDir, resourcesDir });
}
