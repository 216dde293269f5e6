import type { TokenUsage } from '#contract/proxy-price.ts';
import { soundUsage } from '../usage.ts';

interface Counts {
  input_tokens?: unknown;
  output_tokens?: unknown;
  cache_read_input_tokens?: unknown;
  cache_creation_input_tokens?: unknown;
}

/** Anthropic counts what is read from and written to its prompt cache beside the input, not in it. */
export function anthropicUsage(usage: Counts | null | undefined): TokenUsage | null {
  if (!usage) return null;
  const cached = usage.cache_read_input_tokens ?? 0;
  const cacheWrite = usage.cache_creation_input_tokens ?? 0;
  return soundUsage({
    prompt: Number(usage.input_tokens ?? Number.NaN) + Number(cached) + Number(cacheWrite),
    cached,
    cacheWrite,
    completion: usage.output_tokens,
  });
}
