import type { Cohere } from 'cohere-ai';
import type { ChatMessage } from '#contract/wire/openai.ts';
import type { GenerateRequest } from '../../../inference/runtime.ts';

export function chatBody(model: string, request: GenerateRequest): Cohere.V2ChatRequest {
  const { prompt, sampling, maxTokens, stop, format } = request;
  const { temperature, topP, topK, seed, frequencyPenalty, presencePenalty } = sampling;
  const messages: ChatMessage[] =
    prompt.kind === 'chat' ? prompt.messages : [{ role: 'user', content: prompt.prompt }];
  const tools = prompt.kind === 'chat' ? prompt.tools : undefined;
  const choice = prompt.kind === 'chat' ? prompt.toolChoice : undefined;
  return {
    model,
    messages: messages.map(message),
    temperature,
    ...(topP === undefined ? {} : { p: topP }),
    ...(topK === undefined ? {} : { k: topK }),
    ...(seed === undefined ? {} : { seed }),
    ...(frequencyPenalty === undefined ? {} : { frequencyPenalty }),
    ...(presencePenalty === undefined ? {} : { presencePenalty }),
    ...(maxTokens === null ? {} : { maxTokens }),
    ...(stop.length === 0 ? {} : { stopSequences: stop }),
    ...(tools ? { tools: tools.map((tool) => ({ type: 'function' as const, function: tool })) } : {}),
    ...(choice === 'required' ? { toolChoice: 'REQUIRED' as const } : {}),
    ...(choice === 'none' ? { toolChoice: 'NONE' as const } : {}),
    ...(format === undefined
      ? {}
      : {
          responseFormat: {
            type: 'json_object' as const,
            ...(format.kind === 'json-schema' ? { jsonSchema: format.schema } : {}),
          },
        }),
  };
}

function message(one: ChatMessage): Cohere.ChatMessageV2 {
  switch (one.role) {
    case 'tool':
      return { role: 'tool', toolCallId: one.toolCallId, content: one.content };
    case 'assistant':
      return {
        role: 'assistant',
        ...(one.content ? { content: one.content } : {}),
        ...(one.toolCalls
          ? {
              toolCalls: one.toolCalls.map(({ id, name, arguments: args }) => ({
                id,
                type: 'function' as const,
                function: { name, arguments: args },
              })),
            }
          : {}),
      };
    case 'user':
      return {
        role: 'user',
        content:
          one.parts?.map((part) =>
            part.kind === 'text'
              ? { type: 'text' as const, text: part.text }
              : { type: 'image_url' as const, imageUrl: { url: part.url } },
          ) ?? one.content,
      };
    default:
      return { role: 'system', content: one.content };
  }
}
