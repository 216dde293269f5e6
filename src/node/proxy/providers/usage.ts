import type { TokenUsage } from '#contract/proxy-price.ts';

/** More than any model reads or writes: such a count is no count. */
const mostTokens = 100_000_000;

/**
 * A provider's counts, or null where they cannot be true: missing, negative, broken or absurd, or parts larger than their whole.
 * Counts that are left out are 0.
 */
export function soundUsage(counts: { [name in keyof TokenUsage]?: unknown }): TokenUsage | null {
  const { prompt, completion } = counts;
  const usage = {
    prompt: prompt ?? Number.NaN,
    cached: counts.cached ?? 0,
    cacheWrite: counts.cacheWrite ?? 0,
    completion: completion ?? Number.NaN,
    reasoning: counts.reasoning ?? 0,
  } as TokenUsage;
  const isCount = (value: unknown) =>
    Number.isSafeInteger(value) && Number(value) >= 0 && Number(value) <= mostTokens;
  if (!Object.values(usage).every(isCount)) return null;
  if (usage.cached + usage.cacheWrite > usage.prompt || usage.reasoning > usage.completion) return null;
  return usage;
}

/** Characters of a token, on the safe side for most languages. A stated estimate, for answers that broke off before their count. */
const charactersPerToken = 3;
const tokensPerImage = 1500;

export const estimateTokens = (text: string): number => Math.ceil(text.length / charactersPerToken);
export const estimateImages = (count: number): number => count * tokensPerImage;
