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
});
export type Benchmark = z.infer<typeof benchmarkSchema>;
