import { join } from 'node:path';
import { VersionedTransaction } from '@solana/web3.js';
import { type Pricing, pricingToWire } from '#contract/money.ts';
import type { LinkState } from '#contract/node-status.ts';
import type { Settings } from '#contract/settings.ts';
import type { ClaimSummary } from '#contract/wallet.ts';
import type { NodeCapabilities } from '#contract/wire/node-capabilities.ts';
import { systemClock } from '#node/clock.ts';
import { type Ledger, openLedger } from '#node/ledger/ledger.ts';
import { createGatewayLink } from '#node/link/gateway-link.ts';
import { createJobAccounting } from '#node/link/job-accounting.ts';
import { openNodeKey } from '#node/link/node-key.ts';
import { pricedIn } from '#node/node-pricing.ts';
import { openSettings } from '#node/settings-store.ts';
import { createSignal } from '#node/signal.ts';
import { openWallet } from '#node/wallet/open-wallet.ts';
import { capabilitiesOf } from './network-node.ts';
import { startScriptedApi } from './scripted-api.ts';
import type { WalletOwner } from './wallet-owner.ts';

/** 3,000,000 lamports a request and 2 a token; the scripted answers have four. */
const usualPricing: Pricing = {
  perRequestLamports: 3_000_000n,
  perMillionTokensLamports: 2_000_000n,
  cacheHitPercent: 100n,
};
export const priceOfRequest = 3_000_008n;
export const netOfRequest = priceOfRequest - (priceOfRequest * 5n) / 100n;

export type MoneyNode = Awaited<ReturnType<typeof startMoneyNode>>;

/** A node's own parts for money over one profile, put together as the host does, with a scripted model. */
export async function startMoneyNode(options: {
  dir: string;
  gatewayUrl: string;
  /** Null for a plain gateway, which has none. */
  gatewayKey: string | null;
  owner: WalletOwner;
  settings?: Partial<Settings>;
  pricing?: Pricing;
  capabilities?: Partial<NodeCapabilities>;
  /** Stands between the node and its books. */
  wrap?(ledger: Ledger): Ledger;
}) {
  const { dir, gatewayUrl, owner, pricing = usualPricing } = options;
  const clock = systemClock;
  const ended = new AbortController();
  const key = openNodeKey(join(dir, 'node-key'));
  const settings = openSettings(join(dir, 'settings.json'));
  settings.update({
    payoutAddress: owner.address,
    network: { kind: 'gateway', url: gatewayUrl },
    ...options.settings,
  });
  const opened = openLedger(join(dir, 'node.db'), { clock });
  const ledger = options.wrap?.(opened) ?? opened;
  const state = createSignal<LinkState>({ state: 'off' });
  const faults: unknown[] = [];
  const gateway = () => {
    const info = link.info.get();
    return info ? { url: gatewayUrl, info, calls: link.calls } : null;
  };
  const paidWith = () => pricedIn(link.info.get());
  const api = await startScriptedApi({
    ...(options.gatewayKey === null ? { gateway: 'plain' } : { gatewayPublicKey: options.gatewayKey }),
    refusal: (source) => (source.kind === 'gateway' ? wallet.credit.refusal(source.payer) : null),
    accounting: createJobAccounting({
      ledger,
      key,
      pricing: () => pricing,
      gateway() {
        const found = gateway();
        return (
          found && {
            url: gatewayUrl,
            publicKey: found.info.public_key ?? null,
            network: found.info.network ?? null,
            asset: paidWith().asset,
          }
        );
      },
      configuration: () => ({}),
      onBooked: () => link.flushReceipts(),
    }),
  });
  const link = createGatewayLink({
    url: gatewayUrl,
    key,
    clock,
    ledger,
    state,
    capabilities() {
      const delegation = wallet.binding.delegationFor(gatewayUrl);
      return capabilitiesOf(
        { nodeId: key.nodeId, url: api.url },
        {
          wallet_address: settings.current.get().payoutAddress ?? key.publicKey,
          pricing: { ...pricingToWire(pricing, paidWith()), per_training_round: 0, minimum_payment: 0.001 },
          payout_by: settings.current.get().payoutBy,
          ...(delegation ? { delegation } : {}),
          payout_changes: wallet.binding.payoutChanges(),
          ...options.capabilities,
        },
      );
    },
    health: () => ({
      node_id: key.nodeId,
      status: wallet.credit.obstacle.get() ? 'maintenance' : 'online',
      current_load: 0,
      memory_usage: 0.1,
      requests_processed: 0,
    }),
    onReceiptProblem: (problem) => wallet.tellReceiptProblem(problem),
    creditLimit: (info) => wallet.credit.voucherLimit(info),
  });
  const wallet = openWallet({
    file: join(dir, 'wallet.json'),
    ledger,
    settings,
    key,
    clock,
    signal: ended.signal,
    gateway,
    pricing: () => pricing,
    onFault: (error) => faults.push(error),
    mostPauseMs: 150,
  });
  state.subscribe(() => {
    wallet.credit.changed();
    wallet.changed();
  });

  return {
    key,
    api,
    ledger,
    link,
    wallet,
    settings,
    state,
    /** What no test expects. */
    faults,
    /** The owner signs in and the node binds it. */
    bind(by = owner) {
      const request = wallet.binding.signInRequest();
      const about = { nodeKey: key.publicKey, nodeId: key.nodeId, gatewayOrigin: new URL(gatewayUrl).origin };
      settings.update({ payoutAddress: wallet.binding.bind(by.delegate(about, clock.now(), request)) });
    },
    /** Clients of the gateway ask so often; the statuses of their answers. */
    async serve(count: number, payer = 'payer'): Promise<number[]> {
      const statuses: number[] = [];
      for (let index = 0; index < count; index++) {
        const response = await fetch(`${gatewayUrl}/v1/chat/completions`, {
          method: 'POST',
          headers: { authorization: `Bearer sk-${payer}`, 'content-type': 'application/json' },
          body: JSON.stringify({
            model: 'scripted',
            messages: [{ role: 'user', content: `Question ${index}` }],
          }),
        });
        await response.text();
        statuses.push(response.status);
      }
      return statuses;
    },
    sums: () => ledger.moneySums(link.info.get()?.network ?? null, paidWith().asset),
    async close() {
      await link.stop();
      this.die();
      await api.close();
    },
    /** Ends in the midst of things; nothing is said to the gateway. */
    die() {
      ended.abort(new Error('the test has ended'));
      opened.close();
    },
  };
}

/** What a wallet does with a claim: base64 of the transaction with its signature. */
export function signClaim({ transaction }: Pick<ClaimSummary, 'transaction'>, owner: WalletOwner): string {
  const prepared = VersionedTransaction.deserialize(Buffer.from(transaction, 'base64'));
  prepared.sign([owner.keypair]);
  return Buffer.from(prepared.serialize()).toString('base64');
}
