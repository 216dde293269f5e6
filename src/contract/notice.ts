import { z } from 'zod';
import { instantSchema } from './node-status.ts';

/** Something that the operator asked to be told of; `id` is that of the event. */
export const noticeSchema = z.object({
  id: z.string(),
  at: instantSchema,
  kind: z.enum(['firstEarning', 'payout', 'dispute']),
  /** What was earned or paid, as a decimal number of `unit`. */
  amount: z.string().nullable(),
  /** `SOL`, `test-credits`, or a token's mint. */
  unit: z.string().nullable(),
  /** Of a dispute: how many entries or payments. */
  count: z.int(),
});
export type Notice = z.infer<typeof noticeSchema>;
