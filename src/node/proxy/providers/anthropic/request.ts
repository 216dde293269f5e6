import type Anthropic from '@anthropic-ai/sdk';
import type { ChatMessage, ContentPart } from '#contract/wire/openai.ts';
import type { GenerateRequest } from '../../../inference/runtime.ts';

/** What Anthropic must be told and OpenAI's clients may leave out. */
const defaultMaxTokens = 4096;

type Body = Omit<Anthropic.MessageCreateParamsNonStreaming, 'stream'>;

/** System messages go into `system`; tool results into the user's turn; neighbours of one role become one turn. */
export function messagesBody(model: string, request: GenerateRequest): Body {
  const { prompt, maxTokens, sampling, stop, format } = request;
  const messages: ChatMessage[] =
    prompt.kind === 'chat' ? prompt.messages : [{ role: 'user', content: prompt.prompt }];
  const system = messages
    .filter(({ role }) => role === 'system' || role === 'developer')
    .map(({ content }) => content)
    .join('\n\n');
  const tools = prompt.kind === 'chat' ? prompt.tools : undefined;
  return {
    model,
    max_tokens: maxTokens ?? defaultMaxTokens,
    messages: turns(messages),
    ...(system ? { system } : {}),
    ...(sampling.temperature === undefined ? {} : { temperature: Math.min(1, sampling.temperature) }),
    ...(sampling.topP === undefined ? {} : { top_p: sampling.topP }),
    ...(sampling.topK === undefined ? {} : { top_k: sampling.topK }),
    ...(stop.length === 0 ? {} : { stop_sequences: stop }),
    ...(tools
      ? {
          tools: tools.map(({ name, description, parameters }) => ({
            name,
            ...(description ? { description } : {}),
            input_schema: parameters as Anthropic.Tool.InputSchema,
          })),
        }
      : {}),
    ...(prompt.kind === 'chat' && prompt.toolChoice ? { tool_choice: toolChoice(prompt.toolChoice) } : {}),
    ...(format?.kind === 'json-schema'
      ? { output_config: { format: { type: 'json_schema' as const, schema: format.schema } } }
      : {}),
  };
}

function toolChoice(choice: string | { name: string }): Anthropic.ToolChoice {
  if (typeof choice !== 'string') return { type: 'tool', name: choice.name };
  if (choice === 'required') return { type: 'any' };
  return choice === 'none' ? { type: 'none' } : { type: 'auto' };
}

function turns(messages: ChatMessage[]): Anthropic.MessageParam[] {
  const out: { role: 'user' | 'assistant'; content: Anthropic.ContentBlockParam[] }[] = [];
  for (const message of messages) {
    if (message.role === 'system' || message.role === 'developer') continue;
    const role = message.role === 'assistant' ? 'assistant' : 'user';
    const last = out.at(-1);
    if (last?.role === role) last.content.push(...blocks(message));
    else out.push({ role, content: blocks(message) });
  }
  return out;
}

function blocks(message: ChatMessage): Anthropic.ContentBlockParam[] {
  if (message.role === 'tool')
    return [{ type: 'tool_result', tool_use_id: message.toolCallId, content: message.content }];
  if (message.role === 'assistant')
    return [
      ...(message.content ? [{ type: 'text' as const, text: message.content }] : []),
      ...(message.toolCalls ?? []).map(({ id, name, arguments: args }) => ({
        type: 'tool_use' as const,
        id,
        name,
        input: parsed(args),
      })),
    ];
  if (message.role !== 'user' || !message.parts) return [{ type: 'text', text: message.content }];
  return message.parts.map(partBlock);
}

function partBlock(part: ContentPart): Anthropic.ContentBlockParam {
  if (part.kind === 'text') return { type: 'text', text: part.text };
  const [, mediaType, data] = /^data:([\w/+.-]+);base64,(.+)$/s.exec(part.url) ?? [];
  return {
    type: 'image',
    source:
      mediaType && data
        ? { type: 'base64', media_type: mediaType as 'image/png', data }
        : { type: 'url', url: part.url },
  };
}

/** A model's arguments may be no JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return { text };
  }
}
