import type { Cohere } from 'cohere-ai';
import { AppError } from '#contract/errors.ts';
import type { ToolCall } from '#contract/wire/openai.ts';
import type { OnText, ProviderAnswer } from '../provider.ts';
import { cohereUsage } from './usage.ts';

function finishOf(reason: string | undefined): ProviderAnswer['finishReason'] {
  switch (reason) {
    case 'MAX_TOKENS':
      return 'length';
    case 'TOOL_CALL':
      return 'tool_calls';
    case 'ERROR':
    case 'TIMEOUT':
      throw new AppError('provider/failed', `Cohere ended its answer with ${reason}.`);
    case undefined:
      throw new AppError('provider/unreachable', 'Cohere broke off in the middle of its answer.');
    default:
      return 'stop';
  }
}

export function wholeAnswer(answer: Cohere.V2ChatResponse, onText: OnText): ProviderAnswer {
  if (!answer?.message) throw new AppError('provider/bad-answer', 'Cohere answers without an answer.');
  const finishReason = finishOf(answer.finishReason);
  const text = (answer.message.content ?? []).map((part) => (part.type === 'text' ? part.text : '')).join('');
  const toolCalls = (answer.message.toolCalls ?? []).map(({ id, function: called }) => ({
    id,
    name: called?.name ?? '',
    arguments: called?.arguments ?? '{}',
  }));
  if (text !== '') void onText(text);
  return { finishReason, ...(toolCalls.length > 0 ? { toolCalls } : {}), usage: cohereUsage(answer.usage) };
}

/** Reads a stream to its end; what comes between its events says nothing that is passed on. */
export async function streamedAnswer(
  stream: AsyncIterable<Cohere.V2ChatStreamResponse>,
  onText: OnText,
): Promise<ProviderAnswer> {
  const calls = new Map<number, ToolCall>();
  let reason: string | undefined;
  let usage: ProviderAnswer['usage'] = null;
  for await (const event of stream) {
    switch (event.type) {
      case 'content-delta': {
        const text = event.delta?.message?.content?.text;
        if (text) await onText(text);
        break;
      }
      case 'tool-call-start': {
        const call = event.delta?.message?.toolCalls;
        calls.set(event.index ?? calls.size, {
          id: call?.id ?? '',
          name: call?.function?.name ?? '',
          arguments: call?.function?.arguments ?? '',
        });
        break;
      }
      case 'tool-call-delta': {
        const call = calls.get(event.index ?? calls.size - 1);
        if (call) call.arguments += event.delta?.message?.toolCalls?.function?.arguments ?? '';
        break;
      }
      case 'message-end':
        reason = event.delta?.finishReason;
        usage = cohereUsage(event.delta?.usage);
        break;
    }
  }
  const toolCalls = [...calls.values()];
  return { finishReason: finishOf(reason), ...(toolCalls.length > 0 ? { toolCalls } : {}), usage };
}
