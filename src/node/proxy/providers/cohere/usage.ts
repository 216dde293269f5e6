import type { Cohere } from 'cohere-ai';
import type { TokenUsage } from '#contract/proxy-price.ts';
import { soundUsage } from '../usage.ts';

/** Cohere bills by `billed_units`, which leave out its own preamble; `tokens` only where it tells nothing of them. */
export function cohereUsage(usage: Cohere.Usage | null | undefined): TokenUsage | null {
  const billed = usage?.billedUnits;
  const tokens = usage?.tokens;
  return soundUsage({
    prompt: billed?.inputTokens ?? tokens?.inputTokens,
    completion: billed?.outputTokens ?? tokens?.outputTokens ?? 0,
  });
}
