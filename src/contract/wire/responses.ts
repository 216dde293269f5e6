import { z } from 'zod';
import { routePreferencesSchema } from '../provider.ts';
import type { ChatMessage, ContentPart } from './openai.ts';

const textPart = z.object({ type: z.enum(['input_text', 'output_text']), text: z.string() });
const imagePart = z.strictObject({
  type: z.literal('input_image'),
  image_url: z
    .string()
    .regex(/^(https:\/\/|data:image\/[\w.+-]+;base64,)/, 'an https address or a data: URL'),
  detail: z.enum(['auto', 'low', 'high']).nullish(),
});
const messageItem = z.object({
  type: z.literal('message').optional(),
  role: z.enum(['system', 'developer', 'user', 'assistant']),
  content: z.union([z.string(), z.array(z.discriminatedUnion('type', [textPart, imagePart])).min(1)]),
});
const callItem = z.object({
  type: z.literal('function_call'),
  call_id: z.string().min(1).max(256),
  name: z.string().min(1).max(64),
  arguments: z.string(),
});
const callOutputItem = z.object({
  type: z.literal('function_call_output'),
  call_id: z.string().min(1).max(256),
  output: z.string(),
});
const itemSchema = z.union([callItem, callOutputItem, messageItem]);

/** `POST /v1/responses` of OpenAI's API, as far as it needs no memory of ours: nothing is stored, nothing earlier is referred to. */
export const responsesRequestSchema = z.strictObject({
  model: z.string().min(1).max(256),
  input: z.union([z.string().min(1), z.array(itemSchema).min(1).max(10_000)]),
  instructions: z.string().nullish(),
  max_output_tokens: z.int().min(1).max(1_000_000).nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  stream: z.boolean().nullish(),
  tools: z
    .array(
      z.strictObject({
        type: z.literal('function'),
        name: z.string().regex(/^[\w-]{1,64}$/),
        description: z.string().max(10_000).nullish(),
        parameters: z.record(z.string(), z.unknown()).nullish(),
        strict: z.boolean().nullish(),
      }),
    )
    .max(128)
    .nullish(),
  tool_choice: z
    .union([
      z.enum(['none', 'auto', 'required']),
      z.strictObject({ type: z.literal('function'), name: z.string() }),
    ])
    .nullish(),
  text: z
    .strictObject({
      format: z
        .discriminatedUnion('type', [
          z.strictObject({ type: z.literal('text') }),
          z.strictObject({ type: z.literal('json_object') }),
          z.strictObject({
            type: z.literal('json_schema'),
            name: z.string().max(64),
            schema: z.record(z.string(), z.unknown()),
            description: z.string().nullish(),
            strict: z.boolean().nullish(),
          }),
        ])
        .optional(),
    })
    .nullish(),
  /** Accepted and without effect: nothing is ever stored. */
  store: z.boolean().nullish(),
  user: z.string().nullish(),
  metadata: z.record(z.string(), z.string()).nullish(),
  parallel_tool_calls: z.boolean().nullish(),
  truncation: z.literal('disabled').nullish(),
  provider: routePreferencesSchema.nullish(),
});
export type ResponsesRequest = z.infer<typeof responsesRequestSchema>;

/** The items of a request as chat messages, instructions first. Neighbouring calls are one assistant's message. */
export function inputMessages({
  input,
  instructions,
}: Pick<ResponsesRequest, 'input' | 'instructions'>): ChatMessage[] {
  const messages: ChatMessage[] = instructions ? [{ role: 'system', content: instructions }] : [];
  if (typeof input === 'string') return [...messages, { role: 'user', content: input }];
  for (const item of input) {
    if ('role' in item) messages.push(messageOf(item));
    else if (item.type === 'function_call_output')
      messages.push({ role: 'tool', toolCallId: item.call_id, content: item.output });
    else {
      const call = { id: item.call_id, name: item.name, arguments: item.arguments };
      const last = messages.at(-1);
      if (last?.role === 'assistant') last.toolCalls = [...(last.toolCalls ?? []), call];
      else messages.push({ role: 'assistant', content: '', toolCalls: [call] });
    }
  }
  return messages;
}

function messageOf({ role, content }: z.infer<typeof messageItem>): ChatMessage {
  if (typeof content === 'string') return { role, content };
  const text = content.map((part) => ('text' in part ? part.text : '')).join('');
  if (role !== 'user' || content.every((part) => 'text' in part)) return { role, content: text };
  const parts = content.map(
    (part): ContentPart =>
      'text' in part ? { kind: 'text', text: part.text } : { kind: 'image', url: part.image_url },
  );
  return { role, content: text, parts };
}
