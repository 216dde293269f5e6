import { z } from 'zod';
import type { ChatMessage, ToolCall } from '#contract/wire/openai.ts';
import type { GenerateRequest } from '../../runtime.ts';

/** A request in OpenAI's shape, with the sampling fields that vLLM, llama-server and TensorRT-LLM add to it. */
export function requestBody(model: string, { prompt, sampling, maxTokens, stop, format }: GenerateRequest) {
  const { temperature, topP, topK, minP, seed, frequencyPenalty, presencePenalty, logitBias } = sampling;
  return {
    model,
    stream: true,
    stream_options: { include_usage: true },
    temperature,
    ...(topP === undefined ? {} : { top_p: topP }),
    ...(topK === undefined ? {} : { top_k: topK }),
    ...(minP === undefined ? {} : { min_p: minP }),
    ...(seed === undefined ? {} : { seed }),
    ...(frequencyPenalty === undefined ? {} : { frequency_penalty: frequencyPenalty }),
    ...(presencePenalty === undefined ? {} : { presence_penalty: presencePenalty }),
    ...(logitBias === undefined ? {} : { logit_bias: logitBias }),
    ...(maxTokens === null ? {} : { max_tokens: maxTokens }),
    ...(stop.length === 0 ? {} : { stop }),
    ...(format === undefined ? {} : { response_format: wireFormat(format) }),
    ...(prompt.kind === 'completion'
      ? { prompt: prompt.prompt }
      : {
          messages: prompt.messages.map(wireMessage),
          ...(prompt.tools
            ? { tools: prompt.tools.map((tool) => ({ type: 'function', function: tool })) }
            : {}),
          ...(prompt.toolChoice ? { tool_choice: wireChoice(prompt.toolChoice) } : {}),
        }),
  };
}

function wireFormat(format: NonNullable<GenerateRequest['format']>) {
  return format.kind === 'json'
    ? { type: 'json_object' }
    : { type: 'json_schema', json_schema: { name: 'answer', schema: format.schema, strict: true } };
}

const wireChoice = (choice: string | { name: string }) =>
  typeof choice === 'string' ? choice : { type: 'function', function: { name: choice.name } };

function wireMessage(message: ChatMessage) {
  if (message.role === 'tool')
    return { role: 'tool', content: message.content, tool_call_id: message.toolCallId };
  if (message.role !== 'assistant' || !message.toolCalls)
    return { role: message.role === 'developer' ? 'system' : message.role, content: message.content };
  return {
    role: 'assistant',
    content: message.content,
    tool_calls: message.toolCalls.map(({ id, name, arguments: args }) => ({
      id,
      type: 'function',
      function: { name, arguments: args },
    })),
  };
}

const toolPieceSchema = z.object({
  index: z.int().min(0).max(127).default(0),
  id: z.string().nullish(),
  function: z.object({ name: z.string().nullish(), arguments: z.string().nullish() }).nullish(),
});

/** A frame of a stream, as far as it matters; servers add fields of their own. */
export const frameSchema = z.object({
  choices: z
    .array(
      z.object({
        text: z.string().nullish(),
        delta: z
          .object({ content: z.string().nullish(), tool_calls: z.array(toolPieceSchema).nullish() })
          .nullish(),
        finish_reason: z.string().nullish(),
      }),
    )
    .default([]),
  usage: z
    .object({
      prompt_tokens: z.int().min(0),
      completion_tokens: z.int().min(0).default(0),
      prompt_tokens_details: z.object({ cached_tokens: z.int().min(0).nullish() }).nullish(),
    })
    .nullish(),
  error: z.union([z.string(), z.looseObject({ message: z.string().optional() })]).nullish(),
});

export const embeddingsSchema = z.object({
  data: z.array(z.object({ index: z.int().min(0), embedding: z.array(z.number()) })),
  usage: z.object({ prompt_tokens: z.int().min(0) }).nullish(),
});

/** Calls as a stream tells them, piece by piece. */
export class ToolCallPieces {
  readonly #calls: ToolCall[] = [];

  add(pieces: z.infer<typeof toolPieceSchema>[]): void {
    for (const { index, id, function: part } of pieces) {
      this.#calls[index] ??= { id: '', name: '', arguments: '' };
      const call = this.#calls[index];
      call.id ||= id ?? '';
      call.name += part?.name ?? '';
      call.arguments += part?.arguments ?? '';
    }
  }

  get calls(): ToolCall[] {
    return this.#calls.filter(({ name }) => name !== '');
  }
}
