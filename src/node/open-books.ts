import { join } from 'node:path';
import type { Settings } from '#contract/settings.ts';
import type { Clock } from './clock.ts';
import { createEarningsSummary } from './earnings-summary.ts';
import type { Ledger } from './ledger/ledger.ts';
import type { NodeController } from './node-controller.ts';
import { createNotices } from './notices.ts';
import type { ProxyNode } from './proxy/proxy-node.ts';
import { type Electricity, openElectricity } from './resources/electricity.ts';
import type { ResourceProbe } from './resources/probe.ts';
import type { ShownMoney } from './shown-money.ts';
import type { Signal } from './signal.ts';

/** What the ledger tells a person: earnings, what electricity takes of them, and news of both. */
export function openBooks(parts: {
  profileDir: string;
  ledger: Ledger;
  clock: Clock;
  signal: AbortSignal;
  settings: Signal<Settings>;
  resources: ResourceProbe['current'];
  controller: Pick<NodeController, 'status'>;
  proxy: Pick<ProxyNode, 'status'>;
  /** What sums are of. */
  money(): ShownMoney;
  /** Null while the node works for none, and with the local test network. */
  gatewayUrl(): string | null;
  link: Signal<unknown>;
  account: Parameters<typeof createEarningsSummary>[0]['account'];
  onFault(error: unknown): void;
}): {
  earnings: ReturnType<typeof createEarningsSummary>;
  electricity: Electricity;
  notices: ReturnType<typeof createNotices>;
} {
  const { ledger, clock, signal, settings, controller } = parts;
  const earnings = createEarningsSummary({
    ledger,
    clock,
    signal,
    money: parts.money,
    gatewayUrl: parts.gatewayUrl,
    link: parts.link,
    earningSince: () => {
      const { state } = controller.status.get();
      return state.state === 'earning' ? state.since : null;
    },
    account: parts.account,
  });
  const electricity = openElectricity({
    clock,
    resources: parts.resources,
    settings,
    earnings,
    book: ledger.energy,
    node: controller.status,
    proxy: parts.proxy.status,
    onFault: parts.onFault,
  });
  const file = join(parts.profileDir, 'notices.json');
  const notices = createNotices({ ledger, file, settings, clock, signal });
  return { earnings, electricity, notices };
}
