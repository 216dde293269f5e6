import { z } from 'zod';
import { priceLamportsSchema } from './money.ts';
import { instantSchema } from './node-status.ts';
import { errorBodySchema } from './result.ts';
import { finishReasonSchema } from './wire/openai.ts';

/** A request as the queue shows it. `waiting → running → done | failed | cancelled | refused`. */
export const jobSchema = z.object({
  id: z.string(),
  state: z.enum(['waiting', 'running', 'done', 'failed', 'cancelled', 'refused']),
  model: z.string(),
  kind: z.enum(['chat', 'completion', 'embedding']),
  /** `gateway` earns; `local` is the operator's own client and is free. */
  source: z.enum(['gateway', 'local']),
  /** Wallet of the payer, or the name of the local key. */
  client: z.string(),
  /** 1 is next; only while waiting. */
  position: z.int().optional(),
  queuedAt: instantSchema,
  startedAt: instantSchema.optional(),
  finishedAt: instantSchema.optional(),
  promptTokens: z.int().optional(),
  generatedTokens: z.int(),
  maxTokens: z.int().optional(),
  finishReason: finishReasonSchema.optional(),
  error: errorBodySchema.optional(),
  /** What the node gets for it, after the network's fee. */
  earnedLamports: priceLamportsSchema.optional(),
});
export type Job = z.infer<typeof jobSchema>;

/** First a snapshot, then changes; a changed job replaces the one with its id, or is new. */
export const queueEventSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('snapshot'), jobs: z.array(jobSchema) }),
  z.object({ type: z.literal('changed'), jobs: z.array(jobSchema), removed: z.array(z.string()) }),
]);
export type QueueEvent = z.infer<typeof queueEventSchema>;
