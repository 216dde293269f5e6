import { measureDigits, measureMails } from './federated-learning.ts';
import type { BenchOptions } from './index.ts';
import { measureNoise } from './privacy-noise.ts';
import { measureSecureAggregation } from './secure-aggregation.ts';

/** What is learnt together, and what a round costs beside the training itself. */
export async function run(_options: BenchOptions) {
  return {
    bench: 'federated',
    digits: await measureDigits(),
    mails: await measureMails(),
    privacyNoise: measureNoise(),
    secureAggregation: await measureSecureAggregation(),
  };
}
