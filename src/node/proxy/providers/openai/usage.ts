import type { TokenUsage } from '#contract/proxy-price.ts';
import { soundUsage } from '../usage.ts';

/** OpenAI's counts: cached tokens are part of the prompt's, reasoning is part of the completion's. */
export function openAiUsage(usage: unknown): TokenUsage | null {
  if (typeof usage !== 'object' || usage === null) return null;
  const counts = usage as {
    prompt_tokens?: unknown;
    completion_tokens?: unknown;
    prompt_tokens_details?: { cached_tokens?: unknown } | null;
    completion_tokens_details?: { reasoning_tokens?: unknown } | null;
  };
  return soundUsage({
    prompt: counts.prompt_tokens,
    cached: counts.prompt_tokens_details?.cached_tokens,
    completion: counts.completion_tokens ?? 0,
    reasoning: counts.completion_tokens_details?.reasoning_tokens,
  });
}

/** The Responses API's counts: the same under other names. */
export function responsesUsage(usage: unknown): TokenUsage | null {
  if (typeof usage !== 'object' || usage === null) return null;
  const counts = usage as {
    input_tokens?: unknown;
    output_tokens?: unknown;
    input_tokens_details?: { cached_tokens?: unknown } | null;
    output_tokens_details?: { reasoning_tokens?: unknown } | null;
  };
  return soundUsage({
    prompt: counts.input_tokens,
    cached: counts.input_tokens_details?.cached_tokens,
    completion: counts.output_tokens,
    reasoning: counts.output_tokens_details?.reasoning_tokens,
  });
}
