import { z } from 'zod';
import { instantSchema } from './node-status.ts';

/** How fast this machine runs a model, measured: tokens a second. */
export const benchmarkSchema = z.object({
  modelId: z.string(),
  at: instantSchema,
  backend: z.string(),
  /** Reading a prompt, alone. */
  prefillTokensPerSecond: z.number(),
  /** Writing, all requests together, with so many at once. */
  decode: z.array(z.object({ parallel: z.int(), tokensPerSecond: z.number() })),
  /** The best number of processes, and how much faster it is than one; null until the machine was optimised for the model. */
  best: z
    .object({ processes: z.int().min(1), ratio: z.number() })
    .nullable()
    .default(null),
});
export type Benchmark = z.infer<typeof benchmarkSchema>;
