import Anthropic from '@anthropic-ai/sdk';
import { AppError, type ErrorCode } from '#contract/errors.ts';
import { ownError, refusalError } from '../provider-error.ts';

const patterns: readonly [RegExp, ErrorCode][] = [
  [/prompt is too long|exceed context limit|too many tokens/i, 'inference/context-too-long'],
  [/credit balance is too low|billing_error/i, 'provider/quota'],
  [/overloaded_error/i, 'provider/overloaded'],
  [/rate_limit_error/i, 'provider/rate-limited'],
  [/authentication_error|permission_error/i, 'provider/auth'],
  [/not_found_error/i, 'provider/no-model'],
  [/api_error|timeout_error/i, 'provider/failed'],
];

/** What the SDK threw, as one of our errors. */
export function anthropicError(thrown: unknown, signal: AbortSignal): unknown {
  // A stream that is aborted only ends.
  if (signal.aborted) return new AppError('queue/cancelled', 'The request was cancelled.', { cause: thrown });
  const own = ownError(thrown);
  if (own) return own;
  if (thrown instanceof Anthropic.APIError) {
    const { error } = (thrown.error ?? {}) as { error?: { type?: string; message?: string } };
    return refusalError(
      {
        provider: 'Anthropic',
        status: thrown.status ?? 502,
        kind: error?.type ?? '',
        message: error?.message ?? thrown.message,
        headers: thrown.headers as Headers | undefined,
      },
      patterns,
    );
  }
  if (
    thrown instanceof SyntaxError ||
    thrown instanceof TypeError ||
    thrown instanceof Anthropic.AnthropicError
  )
    return new AppError('provider/bad-answer', 'Anthropic answers with something that is no answer.', {
      cause: thrown,
    });
  return thrown;
}
