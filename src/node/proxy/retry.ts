import type { AppError } from '#contract/errors.ts';
import { isRetryable } from './providers/provider-error.ts';

const firstBackoffMs = 250;
/** A provider that asks for a longer pause is left for the next one. */
export const mostWaitMs = 5000;
/** After a wrong key or an empty account a provider is left alone for so long. */
const uselessMs = 300_000;

/** Milliseconds until the same provider is asked again; null: it is not. */
export function retryPause(error: AppError, retry: number, random: number): number | null {
  if (!isRetryable(error)) return null;
  const { retryAfterSeconds } = error;
  if (retryAfterSeconds !== undefined)
    return retryAfterSeconds * 1000 <= mostWaitMs ? retryAfterSeconds * 1000 : null;
  // Without a time a full provider is not pressed.
  if (error.code === 'provider/rate-limited') return null;
  return firstBackoffMs * 2 ** retry * (0.5 + random);
}

/** Whether a failure says something of all of a provider's models. */
export const isOfProvider = ({ code }: AppError): boolean =>
  code === 'provider/auth' || code === 'provider/quota' || code === 'provider/unreachable';

/** For how long a failure asks to leave its provider alone, in milliseconds; null: as long as any other. */
export function pauseOf({ code, retryAfterSeconds }: AppError): number | null {
  if (code === 'provider/auth' || code === 'provider/quota' || code === 'provider/no-model') return uselessMs;
  if (code === 'provider/rate-limited' && retryAfterSeconds !== undefined) return retryAfterSeconds * 1000;
  return null;
}
