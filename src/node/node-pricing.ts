import type { Pricing } from '#contract/money.ts';
import type { Settings } from '#contract/settings.ts';

/** What this node's own models cost, by its settings. */
export const nodePricing = (settings: Settings): Pricing => ({
  perRequestLamports: BigInt(settings.pricePerRequestLamports),
  perMillionTokensLamports: BigInt(settings.pricePerMillionTokensLamports),
  cacheHitPercent: BigInt(settings.cacheHitPricePercent),
});
