import { chatMessages, chatToolChoice, chatTools, type MessagesRequest } from '#contract/wire/anthropic.ts';
import type { Usage } from '#contract/wire/openai.ts';
import type { Choice, JobOutcome } from '../inference/job-request.ts';
import type { GenerateRequest, GenerateResult } from '../inference/runtime.ts';
import { type Frames, usageOf } from './openai-answers.ts';

/** What Anthropic's API takes where a request names no temperature. */
const defaultTemperature = 1;

export function messagesRequest(body: MessagesRequest): GenerateRequest {
  const { tools, tool_choice: choice, output_config: output } = body;
  return {
    prompt: {
      kind: 'chat',
      messages: chatMessages(body),
      ...(tools ? { tools: chatTools(tools) } : {}),
      ...(choice ? { toolChoice: chatToolChoice(choice) } : {}),
    },
    sampling: {
      temperature: body.temperature ?? defaultTemperature,
      ...(body.top_p === undefined ? {} : { topP: body.top_p }),
      ...(body.top_k === undefined ? {} : { topK: body.top_k }),
    },
    maxTokens: body.max_tokens,
    stop: body.stop_sequences ?? [],
    ...(output?.format ? { format: { kind: 'json-schema', schema: output.format.schema } } : {}),
    ...(body.stream ? { isStreamed: true } : {}),
  };
}

const stopReasons: Record<GenerateResult['finishReason'], string> = {
  stop: 'end_turn',
  cancelled: 'end_turn',
  length: 'max_tokens',
  tool_calls: 'tool_use',
};

/** Anthropic counts what came from its cache beside the input, not in it. */
function wireUsage({ prompt_tokens, completion_tokens, prompt_tokens_details: details, proxied }: Usage) {
  const cached = details?.cached_tokens ?? 0;
  const written = details?.cache_write_tokens ?? 0;
  return {
    input_tokens: prompt_tokens - cached - written,
    cache_read_input_tokens: cached,
    cache_creation_input_tokens: written,
    output_tokens: completion_tokens,
    ...(proxied ? { proxied } : {}),
  };
}

/** A model's arguments may be no JSON. */
function inputOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return { text };
  }
}

/** A whole answer in Anthropic's shape. */
export function messageAnswer({
  request,
  choices,
  result,
}: Pick<JobOutcome, 'request' | 'choices' | 'result'>) {
  const { text = '', toolCalls = [], finishReason = 'stop' } = choices[0] ?? {};
  return {
    id: request.requestId,
    type: 'message',
    role: 'assistant',
    model: request.model,
    content: [
      ...(text ? [{ type: 'text', text }] : []),
      ...toolCalls.map(({ id, name, arguments: args }) => ({
        type: 'tool_use',
        id,
        name,
        input: inputOf(args),
      })),
    ],
    stop_reason: stopReasons[finishReason],
    stop_sequence: null,
    usage: wireUsage(usageOf(result)),
  };
}

const event = (type: string, data: object) =>
  `event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`;

/** The frames of one stream in Anthropic's shape. */
export function messageFrames(id: string, model: string): Frames {
  let isTextOpen = false;
  return {
    first: (_, promptTokens) =>
      event('message_start', {
        message: {
          id,
          type: 'message',
          role: 'assistant',
          model,
          content: [],
          stop_reason: null,
          stop_sequence: null,
          usage: { input_tokens: promptTokens, output_tokens: 0 },
        },
      }),
    text(text) {
      const opening = isTextOpen
        ? ''
        : event('content_block_start', { index: 0, content_block: { type: 'text', text: '' } });
      isTextOpen = true;
      return opening + event('content_block_delta', { index: 0, delta: { type: 'text_delta', text } });
    },
    finish(choices: Choice[]) {
      const [choice] = choices;
      const first = isTextOpen ? 1 : 0;
      const calls = (choice?.toolCalls ?? []).map(
        ({ id: callId, name, arguments: args }, position) =>
          event('content_block_start', {
            index: first + position,
            content_block: { type: 'tool_use', id: callId, name, input: {} },
          }) +
          event('content_block_delta', {
            index: first + position,
            delta: { type: 'input_json_delta', partial_json: args },
          }) +
          event('content_block_stop', { index: first + position }),
      );
      return (isTextOpen ? event('content_block_stop', { index: 0 }) : '') + calls.join('');
    },
    usage: (usage, choices) =>
      event('message_delta', {
        delta: { stop_reason: stopReasons[choices[0]?.finishReason ?? 'stop'], stop_sequence: null },
        usage: wireUsage(usage),
      }),
    done: event('message_stop', {}),
    error: (error) => event('error', error),
    keepAlive: event('ping', {}),
  };
}
