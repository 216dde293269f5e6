import { CohereError, CohereTimeoutError } from 'cohere-ai';
import { AppError, type ErrorCode } from '#contract/errors.ts';
import { ownError, refusalError } from '../provider-error.ts';

const patterns: readonly [RegExp, ErrorCode][] = [
  [/too many tokens|context length|maximum.*tokens/i, 'inference/context-too-long'],
  [/trial key|monthly limit|billing|payment/i, 'provider/quota'],
  [/invalid api token|no api key/i, 'provider/auth'],
  [/model .*not found/i, 'provider/no-model'],
  [/blocked|unsafe|safety/i, 'provider/content-refused'],
];

/** What the SDK threw, as one of our errors. */
export function cohereError(thrown: unknown, signal: AbortSignal): unknown {
  if (signal.aborted) return new AppError('queue/cancelled', 'The request was cancelled.', { cause: thrown });
  const own = ownError(thrown);
  if (own) return own;
  if (thrown instanceof CohereTimeoutError)
    return new AppError('provider/stalled', 'Cohere has said nothing for too long.', { cause: thrown });
  if (thrown instanceof CohereError && thrown.statusCode !== undefined && thrown.statusCode >= 400) {
    const body = thrown.body as { message?: string } | undefined;
    return refusalError(
      {
        provider: 'Cohere',
        status: thrown.statusCode,
        kind: '',
        message: body?.message ?? thrown.message,
        headers: thrown.rawResponse?.headers as Headers | undefined,
      },
      patterns,
    );
  }
  return new AppError('provider/bad-answer', 'Cohere answers with something that is no answer.', {
    cause: thrown,
  });
}
