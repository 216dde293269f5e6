import type Anthropic from '@anthropic-ai/sdk';
import { AppError } from '#contract/errors.ts';
import type { ToolCall } from '#contract/wire/openai.ts';
import type { OnText, ProviderAnswer } from '../provider.ts';
import { anthropicUsage } from './usage.ts';

function finishOf(reason: Anthropic.StopReason | null | undefined): ProviderAnswer['finishReason'] {
  switch (reason) {
    case 'max_tokens':
    case 'model_context_window_exceeded':
      return 'length';
    case 'tool_use':
      return 'tool_calls';
    case 'refusal':
      throw new AppError('provider/content-refused', 'Anthropic: the model refused to answer this.');
    case null:
    case undefined:
      throw new AppError('provider/unreachable', 'Anthropic broke off in the middle of its answer.');
    default:
      return 'stop';
  }
}

export function wholeAnswer(message: Anthropic.Message, onText: OnText): ProviderAnswer {
  if (!Array.isArray(message?.content))
    throw new AppError('provider/bad-answer', 'Anthropic answers without an answer.');
  const finishReason = finishOf(message.stop_reason ?? 'end_turn');
  const text = message.content.map((block) => (block.type === 'text' ? block.text : '')).join('');
  const toolCalls = message.content.flatMap((block) =>
    block.type === 'tool_use'
      ? [{ id: block.id, name: block.name, arguments: JSON.stringify(block.input) }]
      : [],
  );
  if (text !== '') void onText(text);
  return {
    finishReason,
    ...(toolCalls.length > 0 ? { toolCalls } : {}),
    usage: anthropicUsage(message.usage),
  };
}

/** Reads a stream to its end. The input is counted at its start, the output at its end. */
export async function streamedAnswer(
  stream: AsyncIterable<Anthropic.RawMessageStreamEvent>,
  onText: OnText,
): Promise<ProviderAnswer> {
  const calls = new Map<number, ToolCall>();
  let counts: Parameters<typeof anthropicUsage>[0] = null;
  let reason: Anthropic.StopReason | null | undefined;
  for await (const event of stream) {
    switch (event.type) {
      case 'message_start':
        counts = { ...event.message.usage };
        break;
      case 'content_block_start':
        if (event.content_block.type === 'tool_use')
          calls.set(event.index, {
            id: event.content_block.id,
            name: event.content_block.name,
            arguments: '',
          });
        break;
      case 'content_block_delta': {
        const call = calls.get(event.index);
        if (event.delta.type === 'text_delta') await onText(event.delta.text);
        else if (event.delta.type === 'input_json_delta' && call) call.arguments += event.delta.partial_json;
        break;
      }
      case 'message_delta':
        reason = event.delta.stop_reason;
        // Only what it tells anew replaces what it told at the start.
        counts = Object.assign(
          counts ?? {},
          Object.fromEntries(Object.entries(event.usage ?? {}).filter(([, value]) => value != null)),
        );
        break;
    }
  }
  const toolCalls = [...calls.values()].map((call) => ({ ...call, arguments: call.arguments || '{}' }));
  return {
    finishReason: finishOf(reason),
    ...(toolCalls.length > 0 ? { toolCalls } : {}),
    usage: anthropicUsage(counts),
  };
}
