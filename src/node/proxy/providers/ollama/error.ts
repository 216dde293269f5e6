import { AppError, type ErrorCode } from '#contract/errors.ts';
import { ownError, refusalError } from '../provider-error.ts';

const patterns: readonly [RegExp, ErrorCode][] = [
  [/model .*not found|try pulling/i, 'provider/no-model'],
  [/context length|input length exceeds/i, 'inference/context-too-long'],
  [/server busy|requires more system memory|loading model/i, 'provider/overloaded'],
];

/** What the SDK threw, as one of our errors. Its own error class is not exported. */
export function ollamaError(thrown: unknown, signal: AbortSignal): unknown {
  if (signal.aborted) return new AppError('queue/cancelled', 'The request was cancelled.', { cause: thrown });
  const own = ownError(thrown);
  if (own) return own;
  if (!(thrown instanceof Error)) return thrown;
  const { status_code: status } = thrown as { status_code?: number };
  if (thrown.message.startsWith('Did not receive done'))
    return new AppError('provider/unreachable', 'Ollama broke off in the middle of its answer.', {
      cause: thrown,
    });
  if (status === undefined && thrown.constructor !== Error)
    return new AppError('provider/bad-answer', 'Ollama answers with something that is no answer.', {
      cause: thrown,
    });
  return refusalError(
    { provider: 'Ollama', status: status ?? 502, kind: '', message: thrown.message },
    patterns,
  );
}
