import { AppError } from '#contract/errors.ts';
import type { ModelPrice, RoutePreferences, Strategy } from '#contract/provider.ts';
import type { Target } from './mapping.ts';

/** A target with all that the choice depends on. */
export interface Candidate extends Target {
  price: ModelPrice | null;
  /** What the request asks for and the provider's API does not have. */
  lacking: readonly string[];
  mayTry: boolean;
  coolingUntil: number | null;
  /** When its limits allow the request, in Unix milliseconds; Infinity: when another one ends. */
  freeAt: number;
  /** Which budget the request would pass. */
  budget: 'day' | 'month' | null;
  hasKey: boolean;
  /** Tokens that prompt and answer may have together; null: not known. */
  contextTokens: number | null;
  latencyMs: number | null;
  running: number;
}

export interface RouteInput {
  candidates: readonly Candidate[];
  strategy: Strategy;
  preferences: RoutePreferences;
  /** Estimated. */
  promptTokens: number;
  nowMs: number;
  /** In 0–1, a new one each call. */
  random(): number;
}

export interface Plan {
  /** To be tried in this order. */
  order: Candidate[];
  /** Why each of the others is left out. */
  refusals: { target: string; error: AppError }[];
}

/** Which targets a request may go to, and in which order. Pure. */
export function plan(input: RouteInput): Plan {
  const { candidates, preferences, nowMs } = input;
  const refusals: Plan['refusals'] = [];
  const able: Candidate[] = [];
  for (const candidate of candidates) {
    const error = isWanted(candidate, preferences) ? obstacle(candidate, input) : notWanted(candidate);
    if (error) refusals.push({ target: `${candidate.provider}/${candidate.model}`, error });
    else able.push(candidate);
  }
  const sorted = preferFirst(sortBy(able, input), preferences.order ?? []);
  // Who may be asked now goes before who has to be waited for.
  const free = sorted.filter(({ freeAt }) => freeAt <= nowMs);
  const order = [...free, ...sorted.filter(({ freeAt }) => freeAt > nowMs)];
  return { order: preferences.allow_fallbacks === false ? order.slice(0, 1) : order, refusals };
}

const isWanted = ({ provider }: Candidate, { only, ignore }: RoutePreferences): boolean =>
  (only?.includes(provider) ?? true) && !(ignore?.includes(provider) ?? false);

const notWanted = ({ provider }: Candidate) =>
  new AppError('proxy/no-provider', `The request does not want ${provider}.`);

function obstacle(candidate: Candidate, { preferences, promptTokens, nowMs }: RouteInput): AppError | null {
  const { provider, model, price } = candidate;
  if (!candidate.hasKey) return new AppError('proxy/no-key', `${provider} has no key.`);
  if (candidate.lacking.length > 0)
    return new AppError('request/unsupported', `${provider} lacks: ${candidate.lacking.join(', ')}.`, {
      data: { lacking: [...candidate.lacking] },
    });
  if (!price) return new AppError('proxy/no-price', `${provider}/${model} has no price yet.`);
  const { max_price: most } = preferences;
  if (isDearer(price.input, most?.prompt) || isDearer(price.output, most?.completion))
    return new AppError('proxy/max-price', `${provider}/${model} costs more than the request wants to pay.`);
  if (candidate.contextTokens !== null && promptTokens > candidate.contextTokens)
    return new AppError(
      'inference/context-too-long',
      `The prompt has about ${promptTokens} tokens; ${provider}/${model} takes ${candidate.contextTokens}.`,
    );
  if (!candidate.mayTry)
    return new AppError('proxy/cooling-down', `${provider} failed too often and is left alone for a while.`, {
      retryAfterSeconds: secondsUntil(candidate.coolingUntil ?? nowMs, nowMs),
    });
  if (candidate.budget)
    return new AppError('proxy/budget', `The budget of ${provider} for this ${candidate.budget} is spent.`, {
      retryAfterSeconds: 3600,
    });
  return null;
}

/** Dollars for a million tokens against micro-dollars for a million. */
const isDearer = (microUsd: number, mostUsd: number | undefined): boolean =>
  mostUsd !== undefined && microUsd > Math.round(mostUsd * 1e6);

export const secondsUntil = (untilMs: number, nowMs: number): number =>
  Number.isFinite(untilMs) ? Math.max(1, Math.ceil((untilMs - nowMs) / 1000)) : 1;

const sorts: Record<NonNullable<RoutePreferences['sort']>, Strategy> = {
  price: 'cheapest',
  throughput: 'least-busy',
  latency: 'fastest',
};

function sortBy(candidates: Candidate[], { strategy, preferences, random }: RouteInput): Candidate[] {
  switch (preferences.sort ? sorts[preferences.sort] : strategy) {
    case 'order':
      return candidates;
    case 'cheapest':
      return byLeast(candidates, ({ price }) => (price ? price.input * 3 + price.output : 0));
    case 'fastest':
      // Who has not been measured yet is tried first: else it never would be.
      return byLeast(candidates, ({ latencyMs }) => latencyMs ?? 0);
    case 'least-busy':
      return byLeast(candidates, ({ running }) => running);
    case 'weight':
      return byLeast(candidates, ({ weight }) => -(random() ** (1 / weight)));
  }
}

function byLeast(candidates: Candidate[], rank: (candidate: Candidate) => number): Candidate[] {
  return candidates
    .map((candidate) => ({ candidate, rank: rank(candidate) }))
    .sort((one, other) => one.rank - other.rank)
    .map(({ candidate }) => candidate);
}

function preferFirst(candidates: Candidate[], order: readonly string[]): Candidate[] {
  const place = ({ provider }: Candidate) => {
    const index = order.indexOf(provider);
    return index < 0 ? order.length : index;
  };
  return order.length === 0 ? candidates : byLeast(candidates, place);
}

/** Why nobody takes a request, when nobody does: the reason that passes soonest, else the first one. */
export function nobody(model: string, { refusals }: Plan): AppError {
  const passing = refusals
    .filter(({ error }) => error.retryAfterSeconds !== undefined)
    .sort((one, other) => (one.error.retryAfterSeconds ?? 0) - (other.error.retryAfterSeconds ?? 0))[0];
  const reason = passing ?? refusals[0];
  if (!reason) return new AppError('proxy/no-provider', `No provider for “${model}” is switched on.`);
  const { error } = reason;
  return new AppError(error.code, error.message, {
    ...(error.retryAfterSeconds === undefined ? {} : { retryAfterSeconds: error.retryAfterSeconds }),
    data: { ...error.data, tried: refusals.map(({ target, error: { code } }) => `${target}: ${code}`) },
  });
}
