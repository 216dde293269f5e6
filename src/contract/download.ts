import { z } from 'zod';
import { errorBodySchema } from './result.ts';

/** A download of a model file. `waiting → asking → running → done`, with `paused` and `failed` on the way. */
export const downloadSchema = z.object({
  id: z.string(),
  name: z.string(),
  repo: z.string(),
  file: z.string(),
  receivedBytes: z.number(),
  /** Null until the hub has said. */
  totalBytes: z.number().nullable(),
  state: z.discriminatedUnion('state', [
    /** Others are running: at most two at once. */
    z.object({ state: z.literal('waiting') }),
    /** The hub is asked for size and hash. */
    z.object({ state: z.literal('asking') }),
    z.object({
      state: z.literal('running'),
      /** Mean of the last 10 seconds. */
      bytesPerSecond: z.number(),
      secondsLeft: z.number().nullable(),
    }),
    z.object({ state: z.literal('paused') }),
    z.object({ state: z.literal('failed'), error: errorBodySchema }),
    z.object({ state: z.literal('done') }),
  ]),
});
export type Download = z.infer<typeof downloadSchema>;
