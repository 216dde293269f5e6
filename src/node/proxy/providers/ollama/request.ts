import type { Message, Options, Tool } from 'ollama';
import type { ChatMessage, ContentPart } from '#contract/wire/openai.ts';
import type { GenerateRequest } from '../../../inference/runtime.ts';

/** What both of Ollama's requests share. */
export function common(model: string, { sampling, stop, maxTokens, format }: GenerateRequest) {
  const { temperature, topP, topK, minP, seed, frequencyPenalty, presencePenalty } = sampling;
  const options: Partial<Options> = {
    temperature,
    ...(topP === undefined ? {} : { top_p: topP }),
    ...(topK === undefined ? {} : { top_k: topK }),
    ...(minP === undefined ? {} : { min_p: minP }),
    ...(seed === undefined ? {} : { seed }),
    ...(frequencyPenalty === undefined ? {} : { frequency_penalty: frequencyPenalty }),
    ...(presencePenalty === undefined ? {} : { presence_penalty: presencePenalty }),
    ...(stop.length === 0 ? {} : { stop }),
    ...(maxTokens === null ? {} : { num_predict: maxTokens }),
  };
  return {
    model,
    options,
    ...(format === undefined ? {} : { format: format.kind === 'json' ? 'json' : format.schema }),
  };
}

export function chatParts(prompt: Extract<GenerateRequest['prompt'], { kind: 'chat' }>) {
  return {
    messages: prompt.messages.map(message),
    ...(prompt.tools && prompt.toolChoice !== 'none'
      ? { tools: prompt.tools.map((tool) => ({ type: 'function', function: tool }) as Tool) }
      : {}),
  };
}

function message(one: ChatMessage): Message {
  if (one.role === 'tool') return { role: 'tool', content: one.content };
  if (one.role === 'assistant')
    return {
      role: 'assistant',
      content: one.content,
      ...(one.toolCalls
        ? {
            tool_calls: one.toolCalls.map(({ name, arguments: args }) => ({
              function: { name, arguments: parsed(args) },
            })),
          }
        : {}),
    };
  const images = one.role === 'user' ? imagesOf(one.parts ?? []) : [];
  return {
    role: one.role === 'user' ? 'user' : 'system',
    content: one.content,
    ...(images.length > 0 ? { images } : {}),
  };
}

/** Ollama takes the bytes of an image, never its address. */
const imagesOf = (parts: ContentPart[]): string[] =>
  parts.flatMap((part) => {
    const data = part.kind === 'image' ? /^data:[\w/+.-]+;base64,(.+)$/s.exec(part.url)?.[1] : undefined;
    return data ? [data] : [];
  });

function parsed(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text);
  } catch {
    return { text };
  }
}
