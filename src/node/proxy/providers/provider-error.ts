import { AppError, type ErrorCode } from '#contract/errors.ts';
import { retryAfterSeconds } from './rate-headers.ts';

/** What a provider refused with: its HTTP status, its own code or type, and its words. */
export interface Refusal {
  provider: string;
  status: number;
  kind: string;
  message: string;
  headers?: Headers | undefined;
}

const mostWords = 500;

/** A refusal as one of our errors. The first pattern that fits its kind or words decides, then the status. */
export function refusalError(refusal: Refusal, patterns: readonly [RegExp, ErrorCode][]): AppError {
  const text = `${refusal.kind} ${refusal.message}`;
  const code = patterns.find(([pattern]) => pattern.test(text))?.[1] ?? codeOf(refusal.status);
  const seconds = retryAfterSeconds(refusal.headers, Date.now());
  return new AppError(code, `${refusal.provider}: ${withoutKeys(refusal.message).slice(0, mostWords)}`, {
    ...(seconds === null ? {} : { retryAfterSeconds: seconds }),
    data: { status: refusal.status },
  });
}

function codeOf(status: number): ErrorCode {
  if (status === 401 || status === 403) return 'provider/auth';
  if (status === 402) return 'provider/quota';
  if (status === 404) return 'provider/no-model';
  if (status === 413) return 'inference/context-too-long';
  if (status === 429) return 'provider/rate-limited';
  if (status === 503 || status === 529) return 'provider/overloaded';
  return status >= 500 ? 'provider/failed' : 'provider/bad-request';
}

/** Providers repeat a wrong key in their words. */
const withoutKeys = (text: string): string =>
  text.replace(/\b(sk|pk|key|co|api|xai|gsk)[-_][\w*.-]{6,}/gi, '…').replace(/Bearer\s+\S+/gi, 'Bearer …');

const retryable: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'provider/rate-limited',
  'provider/overloaded',
  'provider/failed',
  'provider/unreachable',
]);
/** The same request would be refused by the next provider too. */
const final: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'provider/bad-request',
  'provider/content-refused',
  'queue/cancelled',
  'queue/deadline-passed',
]);
/** These say something of the request, not of the provider. */
const blameless: ReadonlySet<ErrorCode> = new Set<ErrorCode>([...final, 'inference/context-too-long']);

/** Whether the same provider may be asked again at once. */
export const isRetryable = ({ code }: AppError): boolean => retryable.has(code);
/** Whether another provider may do what this one did not. */
export const mayFallBack = ({ code }: AppError): boolean => !final.has(code);
/** Whether it counts against the provider. */
export const isProviderFault = ({ code }: AppError): boolean => !blameless.has(code);

/** Our own error, however deep an SDK has wrapped it. */
export function ownError(thrown: unknown): AppError | null {
  for (let error: unknown = thrown; error instanceof Error; error = error.cause)
    if (error instanceof AppError) return error;
  return null;
}
