import { z } from 'zod';
import { routePreferencesSchema } from '../provider.ts';
import { proxiedUsageSchema } from '../proxy-price.ts';

/** One million characters is more than any context here holds; the context check follows after tokenising. */
const text = z.string();

const textPart = z.strictObject({ type: z.literal('text'), text });
const content = z
  .union([text, z.array(textPart).min(1)])
  .transform((value) => (typeof value === 'string' ? value : value.map((part) => part.text).join('')));
const imagePart = z.strictObject({
  type: z.literal('image_url'),
  image_url: z.strictObject({
    url: z
      .string()
      .regex(/^(https:\/\/|data:image\/[\w.+-]+;base64,)/, 'an https address or a data: URL of an image'),
    detail: z.enum(['auto', 'low', 'high']).nullish(),
  }),
});
const userContent = z.union([text, z.array(z.discriminatedUnion('type', [textPart, imagePart])).min(1)]);

/** A piece of a user's message; `url` is an address or a `data:` URL. */
export type ContentPart = { kind: 'text'; text: string } | { kind: 'image'; url: string };

/** `content` is the text alone; `parts` is there where an image is. */
function userParts(value: z.infer<typeof userContent>): { content: string; parts?: ContentPart[] } {
  if (typeof value === 'string') return { content: value };
  const parts = value.map(
    (part): ContentPart =>
      part.type === 'text' ? { kind: 'text', text: part.text } : { kind: 'image', url: part.image_url.url },
  );
  const joined = parts.map((part) => (part.kind === 'text' ? part.text : '')).join('');
  return { content: joined, ...(parts.some(({ kind }) => kind === 'image') ? { parts } : {}) };
}

const toolName = z.string().regex(/^[\w-]{1,64}$/, 'letters, digits, _ and -, at most 64');
const toolCallSchema = z
  .strictObject({
    id: z.string().min(1).max(256),
    type: z.literal('function'),
    function: z.strictObject({ name: toolName, arguments: z.string() }),
  })
  .transform(({ id, function: { name, arguments: args } }): ToolCall => ({ id, name, arguments: args }));
/** A call that the model wants made; `arguments` is JSON text, as the model wrote it. */
export interface ToolCall {
  id: string;
  name: string;
  arguments: string;
}

const name = z.string().optional();
export const chatMessageSchema = z.discriminatedUnion('role', [
  z.strictObject({ role: z.enum(['system', 'developer']), content, name }),
  z
    .strictObject({ role: z.literal('user'), content: userContent, name })
    .transform(({ role, content: value }) => ({ role, ...userParts(value) })),
  z
    .strictObject({
      role: z.literal('assistant'),
      content: content.nullish().transform((value) => value ?? ''),
      tool_calls: z.array(toolCallSchema).min(1).max(128).nullish(),
      refusal: z.null().optional(),
      name,
    })
    .transform(({ tool_calls, role, content: text }) => ({
      role,
      content: text,
      ...(tool_calls ? { toolCalls: tool_calls } : {}),
    })),
  z
    .strictObject({ role: z.literal('tool'), content, tool_call_id: z.string().min(1) })
    .transform(({ role, content: text, tool_call_id }) => ({
      role,
      content: text,
      toolCallId: tool_call_id,
    })),
]);
export type ChatMessage =
  | { role: 'system' | 'developer'; content: string }
  | { role: 'user'; content: string; parts?: ContentPart[] }
  | { role: 'assistant'; content: string; toolCalls?: ToolCall[] }
  | { role: 'tool'; content: string; toolCallId: string };

const jsonSchema = z.record(z.string(), z.unknown());
const toolSchema = z
  .strictObject({
    type: z.literal('function'),
    function: z.strictObject({
      name: toolName,
      description: z.string().max(10_000).nullish(),
      parameters: jsonSchema.nullish(),
      strict: z.boolean().nullish(),
    }),
  })
  .transform(
    ({ function: { name: tool, description, parameters } }): Tool => ({
      name: tool,
      ...(description ? { description } : {}),
      parameters: parameters ?? { type: 'object', properties: {} },
    }),
  );
/** A function that the model may ask to be called; `parameters` is the JSON schema of its arguments. */
export interface Tool {
  name: string;
  description?: string;
  parameters: Record<string, unknown>;
}

const toolChoiceSchema = z
  .union([
    z.enum(['none', 'auto', 'required']),
    z.strictObject({ type: z.literal('function'), function: z.strictObject({ name: toolName }) }),
  ])
  .transform((choice): ToolChoice => (typeof choice === 'string' ? choice : { name: choice.function.name }));
export type ToolChoice = 'none' | 'auto' | 'required' | { name: string };

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
  n: z.int().min(1).max(8).nullish(),
  /** Token ids of the served model, from −100 (never) to 100. */
  logit_bias: z
    .record(z.string().regex(/^\d{1,9}$/, 'a token id'), z.number().min(-100).max(100))
    .refine((bias) => Object.keys(bias).length <= 1024, 'at most 1,024 tokens')
    .nullish(),
  /** Accepted and without effect on the answer. */
  user: z.string().nullish(),
  metadata: z.record(z.string(), z.string()).nullish(),
  store: z.literal(false).nullish(),
  service_tier: z.enum(['auto', 'default']).nullish(),
  /** Where providers answer: which ones, in which order and for how much at most. */
  provider: routePreferencesSchema.nullish(),
};

/** `POST /v1/chat/completions`; a field that is not named here is refused with its name. */
export const chatCompletionRequestSchema = z.strictObject({
  ...common,
  messages: z.array(chatMessageSchema).min(1).max(10_000),
  max_completion_tokens: z.int().min(1).max(1_000_000).nullish(),
  response_format: z
    .discriminatedUnion('type', [
      z.strictObject({ type: z.literal('text') }),
      z.strictObject({ type: z.literal('json_object') }),
      z.strictObject({
        type: z.literal('json_schema'),
        json_schema: z.strictObject({
          name: z.string().max(64),
          description: z.string().nullish(),
          schema: jsonSchema,
          strict: z.boolean().nullish(),
        }),
      }),
    ])
    .nullish(),
  logprobs: z.literal(false).nullish(),
  tools: z.array(toolSchema).min(1).max(128).nullish(),
  tool_choice: toolChoiceSchema.nullish(),
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

/** `POST /v1/embeddings`. */
export const embeddingRequestSchema = z.strictObject({
  model: z.string().min(1).max(256),
  input: z
    .union([text.min(1), z.array(text.min(1)).min(1).max(2048)])
    .transform((value) => (typeof value === 'string' ? [value] : value)),
  encoding_format: z.enum(['float', 'base64']).nullish(),
  user: z.string().nullish(),
  metadata: z.record(z.string(), z.string()).nullish(),
  provider: routePreferencesSchema.nullish(),
});
export type EmbeddingRequest = z.infer<typeof embeddingRequestSchema>;

export const usageSchema = z.object({
  prompt_tokens: z.int().min(0),
  completion_tokens: z.int().min(0),
  total_tokens: z.int().min(0),
  prompt_tokens_details: z
    .object({ cached_tokens: z.int().min(0), cache_write_tokens: z.int().min(0).optional() })
    .optional(),
  completion_tokens_details: z.object({ reasoning_tokens: z.int().min(0) }).optional(),
  /** Of a proxied answer (ours): what its price is worked out from. */
  proxied: proxiedUsageSchema.optional(),
});
export type Usage = z.infer<typeof usageSchema>;

export const finishReasonSchema = z.enum(['stop', 'length', 'cancelled', 'tool_calls']);

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
