import type OpenAI from 'openai';
import type { ChatMessage } from '#contract/wire/openai.ts';
import type { GenerateRequest } from '../../../inference/runtime.ts';

type ChatBody = Omit<OpenAI.ChatCompletionCreateParams, 'stream' | 'stream_options'>;
type TextBody = Omit<OpenAI.CompletionCreateParams, 'stream' | 'stream_options'>;

/** What both kinds of request share. `extended`: the fields that servers with OpenAI's API add to it. */
function common({ sampling, stop }: GenerateRequest, extended: boolean) {
  const { temperature, topP, topK, minP, seed, frequencyPenalty, presencePenalty, logitBias } = sampling;
  return {
    temperature,
    ...(topP === undefined ? {} : { top_p: topP }),
    ...(seed === undefined ? {} : { seed }),
    ...(frequencyPenalty === undefined ? {} : { frequency_penalty: frequencyPenalty }),
    ...(presencePenalty === undefined ? {} : { presence_penalty: presencePenalty }),
    ...(logitBias === undefined ? {} : { logit_bias: logitBias as Record<string, number> }),
    ...(stop.length === 0 ? {} : { stop }),
    ...(extended && topK !== undefined ? { top_k: topK } : {}),
    ...(extended && minP !== undefined ? { min_p: minP } : {}),
  };
}

/** OpenAI's reasoning models take neither a temperature nor `max_tokens`. */
export const isReasoning = (model: string) => /^(o\d|gpt-5)/.test(model);

export function chatBody(model: string, request: GenerateRequest, extended: boolean): ChatBody {
  const { prompt, maxTokens, format } = request;
  if (prompt.kind !== 'chat') throw new Error('not a chat');
  const shared = common(request, extended);
  const { temperature: _, top_p: __, ...withoutSampling } = shared;
  return {
    model,
    ...(!extended && isReasoning(model) ? withoutSampling : shared),
    ...(maxTokens === null
      ? {}
      : extended
        ? { max_tokens: maxTokens }
        : { max_completion_tokens: maxTokens }),
    messages: prompt.messages.map(wireMessage),
    ...(prompt.tools
      ? { tools: prompt.tools.map((tool) => ({ type: 'function' as const, function: tool })) }
      : {}),
    ...(prompt.toolChoice ? { tool_choice: wireChoice(prompt.toolChoice) } : {}),
    ...(format === undefined
      ? {}
      : {
          response_format:
            format.kind === 'json'
              ? { type: 'json_object' as const }
              : { type: 'json_schema' as const, json_schema: { name: 'answer', schema: format.schema } },
        }),
  };
}

export function textBody(model: string, request: GenerateRequest, extended: boolean): TextBody {
  const { prompt, maxTokens } = request;
  if (prompt.kind !== 'completion') throw new Error('not a text');
  return {
    model,
    prompt: prompt.prompt,
    ...common(request, extended),
    ...(maxTokens === null ? {} : { max_tokens: maxTokens }),
  };
}

const wireChoice = (choice: string | { name: string }): OpenAI.ChatCompletionToolChoiceOption =>
  typeof choice === 'string' ? (choice as 'auto') : { type: 'function', function: { name: choice.name } };

function wireMessage(message: ChatMessage): OpenAI.ChatCompletionMessageParam {
  switch (message.role) {
    case 'tool':
      return { role: 'tool', content: message.content, tool_call_id: message.toolCallId };
    case 'assistant':
      return {
        role: 'assistant',
        content: message.content,
        ...(message.toolCalls
          ? {
              tool_calls: message.toolCalls.map(({ id, name, arguments: args }) => ({
                id,
                type: 'function' as const,
                function: { name, arguments: args },
              })),
            }
          : {}),
      };
    case 'system':
    case 'developer':
      return { role: 'system', content: message.content };
    case 'user':
      return {
        role: 'user',
        content:
          message.parts?.map((part) =>
            part.kind === 'text'
              ? { type: 'text' as const, text: part.text }
              : { type: 'image_url' as const, image_url: { url: part.url } },
          ) ?? message.content,
      };
  }
}
