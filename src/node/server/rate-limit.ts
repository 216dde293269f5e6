import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { AppError } from '#contract/errors.ts';

/** Requests a minute for each key. Returns the headers to answer with, or throws `rate/limited`. */
export function createRateLimit(perMinute: () => number): (key: string) => Promise<Record<string, string>> {
  let limiter = new RateLimiterMemory({ points: perMinute(), duration: 60 });
  return async (key) => {
    if (limiter.points !== perMinute())
      limiter = new RateLimiterMemory({ points: perMinute(), duration: 60 });
    try {
      return headers(await limiter.consume(key), limiter.points);
    } catch (rejected) {
      if (!(rejected instanceof RateLimiterRes)) throw rejected;
      throw new AppError('rate/limited', `More than ${limiter.points} requests came in a minute.`, {
        retryAfterSeconds: Math.ceil(rejected.msBeforeNext / 1000),
        data: { perMinute: limiter.points },
      });
    }
  };
}

function headers(state: RateLimiterRes, points: number): Record<string, string> {
  return {
    'x-ratelimit-limit': `${points}`,
    'x-ratelimit-remaining': `${state.remainingPoints}`,
    'x-ratelimit-reset': `${Math.ceil((Date.now() + state.msBeforeNext) / 1000)}`,
  };
}
