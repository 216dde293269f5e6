import type { Engine } from '#contract/model.ts';

/** What a model's answers are made with, as receipts name it. */
export function runConfiguration(engines: Engine[], model: string) {
  const engine = engines.find(({ modelId }) => modelId === model);
  return { backend: engine?.backend ?? null, model, context_size: engine?.contextSize ?? null };
}
