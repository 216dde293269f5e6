import { createParser } from 'eventsource-parser';
import type OpenAI from 'openai';
import { AppError } from '#contract/errors.ts';
import type { ToolCall } from '#contract/wire/openai.ts';
import type { OnText, ProviderAnswer } from '../provider.ts';
import { refusalError } from '../provider-error.ts';
import { finishOf } from './answer.ts';
import { patterns } from './error.ts';
import { openAiUsage } from './usage.ts';

type Chunk = OpenAI.ChatCompletionChunk | OpenAI.Completion;

/**
 * Reads a stream to its end, all frames of one read in one go: the SDK's own reader takes several times as long. Rejects when it ends
 * without a reason: it was cut.
 */
export async function streamedAnswer(
  provider: string,
  { body }: Response,
  onText: OnText,
): Promise<ProviderAnswer> {
  const calls = new Map<number, ToolCall>();
  let reason: string | null | undefined = null;
  let usage: ProviderAnswer['usage'] = null;
  let wait: Promise<void> | undefined;

  function take(data: string): void {
    if (data === '[DONE]') return;
    const chunk = parseChunk(provider, data);
    if (chunk.usage) usage = openAiUsage(chunk.usage);
    const choice = chunk.choices?.[0];
    if (!choice) return;
    const text = 'delta' in choice ? choice.delta?.content : choice.text;
    if (text) {
      const slow = onText(text);
      if (slow) wait = slow;
    }
    for (const piece of ('delta' in choice ? choice.delta?.tool_calls : undefined) ?? []) {
      const call = calls.get(piece.index) ?? { id: '', name: '', arguments: '' };
      call.id ||= piece.id ?? '';
      call.name ||= piece.function?.name ?? '';
      call.arguments += piece.function?.arguments ?? '';
      calls.set(piece.index, call);
    }
    reason = choice.finish_reason ?? reason;
  }

  const parser = createParser({ onEvent: ({ data }) => take(data) });
  const decoder = new TextDecoder();
  for await (const bytes of (body ?? []) as AsyncIterable<Uint8Array>) {
    parser.feed(decoder.decode(bytes, { stream: true }));
    if (wait) await wait;
    wait = undefined;
  }
  // Some servers leave out the blank line after the last frame.
  parser.feed('\n\n');
  const toolCalls = [...calls.values()];
  return { finishReason: finishOf(provider, reason), ...(toolCalls.length > 0 ? { toolCalls } : {}), usage };
}

/** A frame's JSON. Throws what a frame with an error says. */
function parseChunk(provider: string, data: string): Chunk {
  let chunk: (Chunk & { error?: { message?: string; code?: string | null; type?: string } }) | null = null;
  try {
    chunk = JSON.parse(data);
  } catch {
    throw new AppError('provider/bad-answer', `${provider} answers with a frame that is no JSON.`);
  }
  if (typeof chunk !== 'object' || chunk === null)
    throw new AppError('provider/bad-answer', `${provider} answers with a frame that is no answer.`);
  if (!chunk.error) return chunk;
  const { message = 'an error without words', code, type } = chunk.error;
  throw refusalError({ provider, status: 502, kind: `${code ?? ''} ${type ?? ''}`, message }, patterns);
}
