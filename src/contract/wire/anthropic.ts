import { z } from 'zod';
import type { AppError } from '../errors.ts';
import { routePreferencesSchema } from '../provider.ts';
import type { ChatMessage, ContentPart, Tool, ToolCall, ToolChoice } from './openai.ts';

/** A hint for Anthropic's own cache: accepted, and without effect here. */
const cacheControl = z.object({ type: z.literal('ephemeral'), ttl: z.string().optional() }).nullish();
const textBlock = z.strictObject({ type: z.literal('text'), text: z.string(), cache_control: cacheControl });
const imageBlock = z.strictObject({
  type: z.literal('image'),
  source: z.discriminatedUnion('type', [
    z.strictObject({
      type: z.literal('base64'),
      media_type: z.string().regex(/^image\/[\w.+-]+$/),
      data: z.string().min(1),
    }),
    z.strictObject({ type: z.literal('url'), url: z.string().regex(/^https:\/\//) }),
  ]),
  cache_control: cacheControl,
});
const toolUseBlock = z.strictObject({
  type: z.literal('tool_use'),
  id: z.string().min(1).max(256),
  name: z.string().min(1).max(64),
  input: z.record(z.string(), z.unknown()),
  cache_control: cacheControl,
});
const toolResultBlock = z.strictObject({
  type: z.literal('tool_result'),
  tool_use_id: z.string().min(1).max(256),
  content: z.union([z.string(), z.array(textBlock)]).optional(),
  is_error: z.boolean().optional(),
  cache_control: cacheControl,
});

const messageSchema = z.discriminatedUnion('role', [
  z.strictObject({
    role: z.literal('user'),
    content: z.union([
      z.string(),
      z.array(z.discriminatedUnion('type', [textBlock, imageBlock, toolResultBlock])).min(1),
    ]),
  }),
  z.strictObject({
    role: z.literal('assistant'),
    content: z.union([z.string(), z.array(z.discriminatedUnion('type', [textBlock, toolUseBlock]))]),
  }),
]);
type Message = z.infer<typeof messageSchema>;

/** `POST /v1/messages` of Anthropic's API; a field that is not named here is refused with its name. */
export const messagesRequestSchema = z.strictObject({
  model: z.string().min(1).max(256),
  max_tokens: z.int().min(1).max(1_000_000),
  messages: z.array(messageSchema).min(1).max(10_000),
  system: z.union([z.string(), z.array(textBlock)]).optional(),
  stop_sequences: z.array(z.string().min(1).max(200)).max(16).optional(),
  stream: z.boolean().optional(),
  temperature: z.number().min(0).max(1).optional(),
  top_p: z.number().min(0).max(1).optional(),
  top_k: z.int().min(0).max(1000).optional(),
  tools: z
    .array(
      z.strictObject({
        type: z.literal('custom').optional(),
        name: z.string().regex(/^[\w-]{1,64}$/),
        description: z.string().max(10_000).optional(),
        input_schema: z.record(z.string(), z.unknown()),
        cache_control: cacheControl,
      }),
    )
    .min(1)
    .max(128)
    .optional(),
  tool_choice: z
    .discriminatedUnion('type', [
      z.strictObject({
        type: z.enum(['auto', 'any', 'none']),
        disable_parallel_tool_use: z.boolean().optional(),
      }),
      z.strictObject({
        type: z.literal('tool'),
        name: z.string(),
        disable_parallel_tool_use: z.boolean().optional(),
      }),
    ])
    .optional(),
  output_config: z
    .strictObject({
      format: z
        .strictObject({ type: z.literal('json_schema'), schema: z.record(z.string(), z.unknown()) })
        .nullish(),
    })
    .optional(),
  thinking: z.strictObject({ type: z.literal('disabled') }).optional(),
  metadata: z.strictObject({ user_id: z.string().nullish() }).optional(),
  service_tier: z.enum(['auto', 'standard_only']).optional(),
  provider: routePreferencesSchema.nullish(),
});
export type MessagesRequest = z.infer<typeof messagesRequestSchema>;

/** Anthropic's conversation as chat messages: system first, tool results as messages of their own. */
export function chatMessages({
  system,
  messages,
}: Pick<MessagesRequest, 'system' | 'messages'>): ChatMessage[] {
  const rules = typeof system === 'string' ? system : (system ?? []).map(({ text }) => text).join('\n\n');
  return [...(rules ? [{ role: 'system' as const, content: rules }] : []), ...messages.flatMap(fromMessage)];
}

function fromMessage({ role, content }: Message): ChatMessage[] {
  if (typeof content === 'string') return [{ role, content }];
  if (role === 'assistant') {
    const text = content.map((block) => (block.type === 'text' ? block.text : '')).join('');
    const toolCalls = content.flatMap((block): ToolCall[] =>
      block.type === 'tool_use'
        ? [{ id: block.id, name: block.name, arguments: JSON.stringify(block.input) }]
        : [],
    );
    return [{ role, content: text, ...(toolCalls.length > 0 ? { toolCalls } : {}) }];
  }
  const results = content.flatMap((block): ChatMessage[] =>
    block.type === 'tool_result'
      ? [{ role: 'tool', toolCallId: block.tool_use_id, content: resultText(block.content) }]
      : [],
  );
  const parts = content.flatMap((block): ContentPart[] => {
    if (block.type === 'text') return [{ kind: 'text', text: block.text }];
    if (block.type !== 'image') return [];
    const { source } = block;
    return [
      {
        kind: 'image',
        url: source.type === 'url' ? source.url : `data:${source.media_type};base64,${source.data}`,
      },
    ];
  });
  if (parts.length === 0) return results;
  const text = parts.map((part) => (part.kind === 'text' ? part.text : '')).join('');
  const hasImage = parts.some(({ kind }) => kind === 'image');
  return [...results, { role: 'user', content: text, ...(hasImage ? { parts } : {}) }];
}

const resultText = (content: string | { text: string }[] | undefined): string =>
  typeof content === 'string' ? content : (content ?? []).map(({ text }) => text).join('');

export const chatTools = (tools: NonNullable<MessagesRequest['tools']>): Tool[] =>
  tools.map(({ name, description, input_schema: parameters }) => ({
    name,
    ...(description ? { description } : {}),
    parameters,
  }));

export function chatToolChoice(choice: NonNullable<MessagesRequest['tool_choice']>): ToolChoice {
  if (choice.type === 'tool') return { name: choice.name };
  return choice.type === 'any' ? 'required' : choice.type;
}

/** An error as Anthropic's routes answer it; our code stands in front of the words. */
export function anthropicError(error: AppError) {
  return {
    type: 'error' as const,
    error: { type: errorType(error.status), message: `${error.code}: ${error.message}` },
  };
}

function errorType(status: number): string {
  if (status === 401) return 'authentication_error';
  if (status === 404) return 'not_found_error';
  if (status === 413) return 'request_too_large';
  if (status === 429) return 'rate_limit_error';
  if (status === 503) return 'overloaded_error';
  return status >= 500 ? 'api_error' : 'invalid_request_error';
}
