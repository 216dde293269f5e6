import type OpenAI from 'openai';
import { AppError } from '#contract/errors.ts';
import type { ChatMessage } from '#contract/wire/openai.ts';
import type { GenerateRequest } from '../../../inference/runtime.ts';
import type { OnText, ProviderAnswer } from '../provider.ts';
import { refusalError } from '../provider-error.ts';
import { finishOf } from './answer.ts';
import { patterns } from './error.ts';
import { parseFrame, readFrames } from './frames.ts';
import { isReasoning } from './request.ts';
import { responsesUsage } from './usage.ts';

type Body = Omit<OpenAI.Responses.ResponseCreateParams, 'stream'>;
type Answer = OpenAI.Responses.Response;
type Item = OpenAI.Responses.ResponseInputItem;

/** The API takes no lower limit; below it the chat API is asked, which does. */
const leastTokens = 16;

/** Whether a request goes to `/v1/responses`: it came so, and has nothing that this API lacks. */
export const asksResponses = ({ isResponses, maxTokens }: GenerateRequest): boolean =>
  isResponses === true && (maxTokens === null || maxTokens >= leastTokens);

export function responsesBody(model: string, { prompt, sampling, maxTokens, format }: GenerateRequest): Body {
  if (prompt.kind !== 'chat') throw new Error('not a chat');
  return {
    model,
    // Nothing is to be kept of what payers ask.
    store: false,
    input: prompt.messages.flatMap(inputItems),
    ...(isReasoning(model)
      ? {}
      : {
          temperature: sampling.temperature,
          ...(sampling.topP === undefined ? {} : { top_p: sampling.topP }),
        }),
    ...(maxTokens === null ? {} : { max_output_tokens: maxTokens }),
    ...(prompt.tools
      ? { tools: prompt.tools.map((tool) => ({ type: 'function' as const, ...tool, strict: false })) }
      : {}),
    ...(prompt.toolChoice
      ? {
          tool_choice:
            typeof prompt.toolChoice === 'string'
              ? (prompt.toolChoice as 'auto')
              : { type: 'function' as const, name: prompt.toolChoice.name },
        }
      : {}),
    ...(format === undefined
      ? {}
      : {
          text: {
            format:
              format.kind === 'json'
                ? { type: 'json_object' as const }
                : { type: 'json_schema' as const, name: 'answer', schema: format.schema, strict: false },
          },
        }),
  };
}

function inputItems(message: ChatMessage): Item[] {
  switch (message.role) {
    case 'tool':
      return [{ type: 'function_call_output', call_id: message.toolCallId, output: message.content }];
    case 'assistant':
      return [
        ...(message.content === '' ? [] : [{ role: 'assistant' as const, content: message.content }]),
        ...(message.toolCalls ?? []).map(({ id, name, arguments: args }) => ({
          type: 'function_call' as const,
          call_id: id,
          name,
          arguments: args,
        })),
      ];
    case 'system':
    case 'developer':
      return [{ role: 'system', content: message.content }];
    case 'user':
      return [
        {
          role: 'user',
          content:
            message.parts?.map((part) =>
              part.kind === 'text'
                ? { type: 'input_text' as const, text: part.text }
                : { type: 'input_image' as const, image_url: part.url, detail: 'auto' as const },
            ) ?? message.content,
        },
      ];
  }
}

/** A whole answer. Throws what a response that failed says. */
export function responsesAnswer(provider: string, answer: Answer, onText: OnText): ProviderAnswer {
  const ended = endOf(provider, answer);
  const text = textOf(answer);
  if (text !== '') void onText(text);
  return ended;
}

/** Reads a stream to its end. Rejects when it ends without its last event: it was cut. */
export async function streamedResponses(
  provider: string,
  { body }: Response,
  onText: OnText,
): Promise<ProviderAnswer> {
  let ended: ProviderAnswer | null = null;
  let isSaid = false;
  await readFrames(body, (data) => {
    if (data === '[DONE]') return;
    const event = parseFrame(provider, data) as OpenAI.Responses.ResponseStreamEvent;
    switch (event.type) {
      case 'response.output_text.delta':
      case 'response.refusal.delta':
        isSaid = true;
        return onText(event.delta);
      case 'response.completed':
      case 'response.incomplete':
      case 'response.failed': {
        ended = endOf(provider, event.response);
        const text = isSaid ? '' : textOf(event.response);
        return text === '' ? undefined : onText(text);
      }
      case 'error':
        // It is documented flat, and is sent as the chat API's errors are too.
        throw failure(provider, 'error' in event ? (event.error as typeof event) : event);
    }
  });
  return ended ?? { finishReason: finishOf(provider, null), usage: null };
}

/** How a response ended, with its calls and counts, and without its text. */
function endOf(provider: string, answer: Answer): ProviderAnswer {
  if (answer?.error) throw failure(provider, answer.error);
  if (!Array.isArray(answer?.output) || (answer.status !== 'completed' && answer.status !== 'incomplete'))
    throw new AppError('provider/bad-answer', `${provider} answers without an answer.`);
  const toolCalls = answer.output.flatMap((item) =>
    item.type === 'function_call' ? [{ id: item.call_id, name: item.name, arguments: item.arguments }] : [],
  );
  const reason = answer.incomplete_details?.reason;
  const ending = reason === 'content_filter' ? reason : answer.status === 'incomplete' ? 'length' : 'stop';
  return {
    finishReason: finishOf(provider, toolCalls.length > 0 && ending === 'stop' ? 'tool_calls' : ending),
    ...(toolCalls.length > 0 ? { toolCalls } : {}),
    usage: responsesUsage(answer.usage),
  };
}

/** A refusal in words is an answer too. */
const textOf = ({ output }: Answer): string =>
  output
    .flatMap((item) => (item.type === 'message' ? item.content : []))
    .map((part) => (part.type === 'output_text' ? part.text : part.refusal))
    .join('');

const statuses: Record<string, number> = { rate_limit_exceeded: 429, server_error: 502 };

function failure(provider: string, { code, message }: { code: string | null; message: string }): AppError {
  // Most codes name what is wrong with the request, such as its image.
  const status = code === null ? 502 : (statuses[code] ?? 400);
  return refusalError({ provider, status, kind: code ?? '', message: `${message}` }, patterns);
}
