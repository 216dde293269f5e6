import { z } from 'zod';

/** One million characters is more than any context here holds; the context check follows after tokenising. */
const text = z.string();

const contentPart = z.strictObject({ type: z.literal('text'), text });
const content = z
  .union([text, z.array(contentPart).min(1)])
  .transform((value) => (typeof value === 'string' ? value : value.map((part) => part.text).join('')));

export const chatMessageSchema = z.strictObject({
  role: z.enum(['system', 'developer', 'user', 'assistant']),
  content,
  name: z.string().optional(),
});
export type ChatMessage = { role: 'system' | 'developer' | 'user' | 'assistant'; content: string };

const stop = z
  .union([z.string().min(1), z.array(z.string().min(1).max(200)).max(16)])
  .nullish()
  .transform((value) => (value == null ? [] : typeof value === 'string' ? [value] : value));

/** Sampling and limits that chat and text completions share. */
const common = {
  model: z.string().min(1).max(256),
  max_tokens: z.int().min(1).max(1_000_000).nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  top_k: z.int().min(0).max(1000).nullish(),
  min_p: z.number().min(0).max(1).nullish(),
  seed: z.int().nullish(),
  frequency_penalty: z.number().min(-2).max(2).nullish(),
  presence_penalty: z.number().min(-2).max(2).nullish(),
  stop,
  stream: z.boolean().nullish(),
  stream_options: z.strictObject({ include_usage: z.boolean().optional() }).nullish(),
  n: z.literal(1, 'only n = 1 is served').nullish(),
  /** Accepted and without effect on the answer. */
  user: z.string().nullish(),
  metadata: z.record(z.string(), z.string()).nullish(),
  store: z.literal(false).nullish(),
  service_tier: z.enum(['auto', 'default']).nullish(),
};

/** `POST /v1/chat/completions`; a field that is not named here is refused with its name. */
export const chatCompletionRequestSchema = z.strictObject({
  ...common,
  messages: z.array(chatMessageSchema).min(1).max(10_000),
  max_completion_tokens: z.int().min(1).max(1_000_000).nullish(),
  response_format: z.strictObject({ type: z.literal('text') }).nullish(),
  logprobs: z.literal(false).nullish(),
  tools: z.array(z.never(), 'tools are not served').nullish(),
  parallel_tool_calls: z.boolean().nullish(),
});
export type ChatCompletionRequest = z.infer<typeof chatCompletionRequestSchema>;

/** `POST /v1/completions`. */
export const completionRequestSchema = z.strictObject({
  ...common,
  prompt: z.union([
    text.min(1),
    z
      .array(text.min(1))
      .length(1)
      .transform((list) => list[0] as string),
  ]),
  echo: z.literal(false).nullish(),
  best_of: z.literal(1).nullish(),
  logprobs: z.null().optional(),
  suffix: z.null().optional(),
});
export type CompletionRequest = z.infer<typeof completionRequestSchema>;

export const usageSchema = z.object({
  prompt_tokens: z.int().min(0),
  completion_tokens: z.int().min(0),
  total_tokens: z.int().min(0),
});
export type Usage = z.infer<typeof usageSchema>;

export const finishReasonSchema = z.enum(['stop', 'length', 'cancelled']);

export const chatCompletionSchema = z.object({
  id: z.string(),
  object: z.literal('chat.completion'),
  created: z.int(),
  model: z.string(),
  choices: z
    .array(
      z.object({
        index: z.int(),
        message: z.object({ role: z.literal('assistant'), content: z.string() }),
        finish_reason: finishReasonSchema,
      }),
    )
    .length(1),
  usage: usageSchema,
});
export type ChatCompletion = z.infer<typeof chatCompletionSchema>;

export const completionSchema = z.object({
  id: z.string(),
  object: z.literal('text_completion'),
  created: z.int(),
  model: z.string(),
  choices: z
    .array(z.object({ index: z.int(), text: z.string(), finish_reason: finishReasonSchema }))
    .length(1),
  usage: usageSchema,
});
export type Completion = z.infer<typeof completionSchema>;

/** One `data:` frame of a chat stream. The last but `[DONE]` has the usage when it was asked for. */
export const chatChunkSchema = z.object({
  id: z.string(),
  object: z.literal('chat.completion.chunk'),
  created: z.int(),
  model: z.string(),
  choices: z.array(
    z.object({
      index: z.int(),
      delta: z.object({ role: z.literal('assistant').optional(), content: z.string().optional() }),
      finish_reason: finishReasonSchema.nullable(),
    }),
  ),
  usage: usageSchema.nullish(),
});
export type ChatChunk = z.infer<typeof chatChunkSchema>;

export const completionChunkSchema = z.object({
  id: z.string(),
  object: z.literal('text_completion'),
  created: z.int(),
  model: z.string(),
  choices: z.array(
    z.object({ index: z.int(), text: z.string(), finish_reason: finishReasonSchema.nullable() }),
  ),
  usage: usageSchema.nullish(),
});
export type CompletionChunk = z.infer<typeof completionChunkSchema>;

export const openAiErrorSchema = z.object({
  error: z.object({
    message: z.string(),
    type: z.string(),
    code: z.string().nullable(),
    param: z.string().nullable(),
  }),
});

export const modelListSchema = z.object({
  object: z.literal('list'),
  data: z.array(
    z.object({ id: z.string(), object: z.literal('model'), created: z.int(), owned_by: z.string() }),
  ),
});
