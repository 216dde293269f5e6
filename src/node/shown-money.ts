import type { Settings } from '#contract/settings.ts';
import type { GatewayInfo } from '#contract/wire/node-capabilities.ts';
import type { Ledger } from './ledger/ledger.ts';
import { pricedIn } from './node-pricing.ts';

/** What sums are shown in: one asset of one network, so that test credits never stand beside SOL in one figure. */
export interface ShownMoney {
  network: string;
  /** `SOL` (test credits are counted so too), or a token's mint. */
  asset: string;
}

/** What the present gateway pays with; while it is away, what work for it was booked in last. A gateway may name no network. */
export function shownMoney(
  gateway: { info: GatewayInfo } | null,
  { network }: Pick<Settings, 'network'>,
  ledger: Pick<Ledger, 'lastMoney'>,
): ShownMoney {
  if (gateway) {
    return { network: gateway.info.network ?? 'unknown', asset: pricedIn(gateway.info).asset };
  }
  if (network.kind === 'local') return { network: 'test-credits', asset: 'SOL' };
  return ledger.lastMoney(network.url) ?? { network: 'unknown', asset: 'SOL' };
}
