import OpenAI from 'openai';
import { AppError, type ErrorCode } from '#contract/errors.ts';
import { ownError, refusalError } from '../provider-error.ts';

export const patterns: readonly [RegExp, ErrorCode][] = [
  [
    /context_length_exceeded|maximum context length|exceeds? the (available )?context|context size/i,
    'inference/context-too-long',
  ],
  [/insufficient_quota|billing_hard_limit|exceeded your current quota/i, 'provider/quota'],
  [
    /content_policy|bio_policy|policy_violation|content_filter|safety system|moderation/i,
    'provider/content-refused',
  ],
  [/model_not_found|does not exist/i, 'provider/no-model'],
  [/invalid_api_key|incorrect api key/i, 'provider/auth'],
];

/** What the SDK threw, as one of our errors. */
export function openAiError(provider: string, thrown: unknown, signal: AbortSignal): unknown {
  // A stream that is aborted only ends.
  if (signal.aborted) return new AppError('queue/cancelled', 'The request was cancelled.', { cause: thrown });
  const own = ownError(thrown);
  if (own) return own;
  if (thrown instanceof OpenAI.APIError && typeof thrown.status === 'number')
    return refusalError(
      {
        provider,
        status: thrown.status,
        kind: `${thrown.code ?? ''} ${thrown.type ?? ''}`,
        message: thrown.message,
        headers: thrown.headers as Headers | undefined,
      },
      patterns,
    );
  // An error in the middle of a stream has no status.
  if (thrown instanceof OpenAI.APIError)
    return refusalError(
      { provider, status: 502, kind: `${thrown.code ?? ''}`, message: thrown.message },
      patterns,
    );
  if (thrown instanceof SyntaxError || thrown instanceof TypeError)
    return new AppError('provider/bad-answer', `${provider} answers with something that is no answer.`, {
      cause: thrown,
    });
  return thrown;
}
