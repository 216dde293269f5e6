/** What a provider's answer says is left of its limits; times in Unix milliseconds. Absent: it does not tell. */
export interface Headroom {
  requests?: { left: number; resetsAt: number };
  tokens?: { left: number; resetsAt: number };
}

/** The provider's time, by which its dates are meant: its clock may differ from ours. */
function providerNow(headers: Pick<Headers, 'get'>, nowMs: number): number {
  const said = Date.parse(headers.get('date') ?? '');
  return Number.isFinite(said) ? said : nowMs;
}

/**
 * Reads OpenAI's `x-ratelimit-remaining-*` with durations like `1m30.5s`, and Anthropic's `anthropic-ratelimit-*-remaining` with ISO
 * times. What cannot be read is left out.
 */
export function readHeadroom(headers: Pick<Headers, 'get'>, nowMs: number): Headroom {
  const limit = (what: 'requests' | 'tokens') => {
    const left =
      headers.get(`x-ratelimit-remaining-${what}`) ?? headers.get(`anthropic-ratelimit-${what}-remaining`);
    const reset =
      headers.get(`x-ratelimit-reset-${what}`) ?? headers.get(`anthropic-ratelimit-${what}-reset`);
    if (left === null || reset === null || !/^\d{1,15}$/.test(left)) return undefined;
    const resetsAt = resetTime(reset, nowMs, providerNow(headers, nowMs));
    return resetsAt === null ? undefined : { left: Number(left), resetsAt };
  };
  const requests = limit('requests');
  const tokens = limit('tokens');
  return { ...(requests ? { requests } : {}), ...(tokens ? { tokens } : {}) };
}

const unitMs: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const mostResetMs = 86_400_000;

/** No reset is believed to be further away than a day. */
function resetTime(text: string, nowMs: number, providerNowMs: number): number | null {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)];
  const span =
    parts.length > 0 && parts.map(([whole]) => whole).join('') === text
      ? parts.reduce((sum, [, count, unit]) => sum + Number(count) * (unitMs[unit ?? ''] ?? 0), 0)
      : Date.parse(text) - providerNowMs;
  return Number.isFinite(span) ? nowMs + Math.min(Math.max(0, span), mostResetMs) : null;
}

/** Seconds that `Retry-After` asks to wait: a number or a date; null where it is neither. */
export function retryAfterSeconds(headers: Pick<Headers, 'get'> | undefined, nowMs: number): number | null {
  const text = headers?.get('retry-after');
  if (!headers || !text) return null;
  const seconds = /^\d+(\.\d+)?$/.test(text)
    ? Number(text)
    : (Date.parse(text) - providerNow(headers, nowMs)) / 1000;
  return Number.isFinite(seconds) ? Math.min(Math.max(0, Math.ceil(seconds)), 86_400) : null;
}
