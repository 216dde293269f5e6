import type OpenAI from 'openai';
import { AppError } from '#contract/errors.ts';
import type { OnText, ProviderAnswer } from '../provider.ts';
import { openAiUsage } from './usage.ts';

const finishReasons: Record<string, ProviderAnswer['finishReason']> = {
  stop: 'stop',
  length: 'length',
  tool_calls: 'tool_calls',
  function_call: 'tool_calls',
};

/** How an answer ended. A filter's end is the provider's refusal. */
export function finishOf(
  provider: string,
  reason: string | null | undefined,
): ProviderAnswer['finishReason'] {
  if (reason === 'content_filter')
    throw new AppError('provider/content-refused', `${provider} ended the answer: its filter took offence.`);
  if (!reason)
    throw new AppError('provider/unreachable', `${provider} broke off in the middle of its answer.`);
  return finishReasons[reason] ?? 'stop';
}

export type WholeAnswer = OpenAI.ChatCompletion | OpenAI.Completion;

export function wholeAnswer(provider: string, answer: WholeAnswer | null, onText: OnText): ProviderAnswer {
  const choice = answer?.choices?.[0];
  if (!choice) throw new AppError('provider/bad-answer', `${provider} answers without an answer.`);
  const text = 'message' in choice ? (choice.message?.content ?? '') : choice.text;
  if (typeof text !== 'string')
    throw new AppError('provider/bad-answer', `${provider} answers with no text.`);
  const toolCalls = ('message' in choice ? (choice.message?.tool_calls ?? []) : []).flatMap((call) =>
    call.type === 'function'
      ? [{ id: call.id, name: call.function.name, arguments: call.function.arguments }]
      : [],
  );
  const finishReason = finishOf(provider, choice.finish_reason ?? 'stop');
  if (text !== '') void onText(text);
  return { finishReason, ...(toolCalls.length > 0 ? { toolCalls } : {}), usage: openAiUsage(answer.usage) };
}
