import type { BenchOptions } from './index.ts';
import { measureSecureAggregation } from './secure-aggregation.ts';

/** What a round of federated learning costs beside the training itself. */
export async function run(_options: BenchOptions) {
  return { bench: 'federated', secureAggregation: await measureSecureAggregation() };
}
