import type OpenAI from 'openai';
import type { ToolCall } from '#contract/wire/openai.ts';
import type { OnText, ProviderAnswer } from '../provider.ts';
import { refusalError } from '../provider-error.ts';
import { finishOf } from './answer.ts';
import { patterns } from './error.ts';
import { parseFrame, readFrames } from './frames.ts';
import { openAiUsage } from './usage.ts';

type Chunk = OpenAI.ChatCompletionChunk | OpenAI.Completion;

/** Reads a stream to its end. Rejects when it ends without a reason: it was cut. */
export async function streamedAnswer(
  provider: string,
  { body }: Response,
  onText: OnText,
): Promise<ProviderAnswer> {
  const calls = new Map<number, ToolCall>();
  let reason: string | null | undefined = null;
  let usage: ProviderAnswer['usage'] = null;

  function take(data: string): void | Promise<void> {
    if (data === '[DONE]') return;
    const chunk = parseChunk(provider, data);
    if (chunk.usage) usage = openAiUsage(chunk.usage);
    const choice = chunk.choices?.[0];
    if (!choice) return;
    const text = 'delta' in choice ? choice.delta?.content : choice.text;
    const slow = text ? onText(text) : undefined;
    for (const piece of ('delta' in choice ? choice.delta?.tool_calls : undefined) ?? []) {
      const call = calls.get(piece.index) ?? { id: '', name: '', arguments: '' };
      call.id ||= piece.id ?? '';
      call.name ||= piece.function?.name ?? '';
      call.arguments += piece.function?.arguments ?? '';
      calls.set(piece.index, call);
    }
    reason = choice.finish_reason ?? reason;
    return slow;
  }

  await readFrames(body, take);
  const toolCalls = [...calls.values()];
  return { finishReason: finishOf(provider, reason), ...(toolCalls.length > 0 ? { toolCalls } : {}), usage };
}

/** A frame's JSON. Throws what a frame with an error says. */
function parseChunk(provider: string, data: string): Chunk {
  const chunk = parseFrame(provider, data) as Chunk & {
    error?: { message?: string; code?: string | null; type?: string };
  };
  if (!chunk.error) return chunk;
  const { message = 'an error without words', code, type } = chunk.error;
  throw refusalError({ provider, status: 502, kind: `${code ?? ''} ${type ?? ''}`, message }, patterns);
}
