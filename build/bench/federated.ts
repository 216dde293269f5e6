import type { BenchOptions } from './index.ts';
import { measureNoise } from './privacy-noise.ts';
import { measureSecureAggregation } from './secure-aggregation.ts';

/** What a round of federated learning costs beside the training itself. */
export async function run(_options: BenchOptions) {
  return {
    bench: 'federated',
    privacyNoise: measureNoise(),
    secureAggregation: await measureSecureAggregation(),
  };
}
