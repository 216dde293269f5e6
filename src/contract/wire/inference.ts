import { z } from 'zod';
import { proxiedUsageSchema } from '../proxy-price.ts';

/** InferenceRequest of the network's protocol. Unknown fields are ignored. */
export const inferenceRequestSchema = z.object({
  request_id: z.string().min(1).max(128),
  model: z.string().min(1).max(256),
  prompt: z.string().min(1),
  max_tokens: z.int().min(1).max(4000).default(100),
  temperature: z.number().min(0).max(2).default(0.7),
  top_p: z.number().min(0).max(1).default(0.9),
  wallet_address: z.string().max(128).default(''),
  metadata: z.record(z.string(), z.json()).default({}),
});
export type InferenceRequest = z.infer<typeof inferenceRequestSchema>;

/** InferenceResponse; `processing_time` in seconds, `timestamp` ISO 8601. */
export const inferenceResponseSchema = z.object({
  request_id: z.string(),
  model: z.string(),
  response: z.string(),
  processing_time: z.number(),
  tokens_generated: z.int().min(0),
  /** Ours; a plain node does not tell. */
  tokens_prompt: z.int().min(0).optional(),
  /** Of a proxied answer: what its price is worked out from. */
  proxied: proxiedUsageSchema.optional(),
  cost_sol: z.number(),
  node_id: z.string(),
  timestamp: z.string(),
});
export type InferenceResponse = z.infer<typeof inferenceResponseSchema>;

/** Errors of the core routes. */
export const coreErrorNames = [
  'invalid_request',
  'unauthorized',
  'insufficient_funds',
  'not_found',
  'rate_limited',
  'no_nodes_available',
  'internal_error',
] as const;
