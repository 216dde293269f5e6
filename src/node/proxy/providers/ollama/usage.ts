import type { TokenUsage } from '#contract/proxy-price.ts';
import { soundUsage } from '../usage.ts';

/** Ollama's counts; of a prompt that it has in memory it counts nothing and leaves the field out. */
export const ollamaUsage = (answer: {
  prompt_eval_count?: unknown;
  eval_count?: unknown;
}): TokenUsage | null =>
  soundUsage({ prompt: answer.prompt_eval_count ?? 0, completion: answer.eval_count ?? 0 });
