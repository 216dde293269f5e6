import { assetOf, solDecimals } from '#contract/assets.ts';
import type { PricedIn, Pricing } from '#contract/money.ts';
import type { Settings } from '#contract/settings.ts';
import type { GatewayInfo } from '#contract/wire/node-capabilities.ts';
import { nativeMint } from '#contract/wire/voucher.ts';

/** What this node's own models cost, by its settings, in the smallest unit of what the gateway pays with. */
export const nodePricing = (settings: Settings): Pricing => ({
  perRequestLamports: BigInt(settings.pricePerRequestLamports),
  perMillionTokensLamports: BigInt(settings.pricePerMillionTokensLamports),
  cacheHitPercent: BigInt(settings.cacheHitPricePercent),
});

/** What a gateway says that it pays with; SOL where it says nothing. */
export function pricedIn(info: Pick<GatewayInfo, 'settlement'> | null): PricedIn {
  const { mint = nativeMint, decimals = solDecimals } = info?.settlement ?? {};
  return { asset: assetOf(mint), decimals };
}
