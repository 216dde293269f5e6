import { moneyKey } from '#contract/assets.ts';
import type { EarningsSummary, Period } from '#contract/earnings.ts';
import type { NodeAccount } from '#contract/wire/receipt.ts';
import type { Clock } from './clock.ts';
import { forecast } from './ledger/forecast.ts';
import type { Ledger } from './ledger/ledger.ts';
import { totalsText } from './ledger/sums.ts';
import { periodStart } from './periods.ts';
import type { ShownMoney } from './shown-money.ts';
import { createSignal, type Signal } from './signal.ts';

const minuteMs = 60_000;
const pauseMs = 500;

/** The sums of the Earnings page: new after each change (at most twice a second) and each minute, for the forecast. */
export function createEarningsSummary(options: {
  ledger: Ledger;
  /** What the sums are of; it may change with the link. */
  money(): ShownMoney;
  /** Whom `account` is from; null for the local test network, which has another address at each start. */
  gatewayUrl(): string | null;
  link: Signal<unknown>;
  clock: Clock;
  signal: AbortSignal;
  /** Since when the node earns without a break; null while it does not. */
  earningSince(): number | null;
  account(): { account: NodeAccount; at: number } | null;
}): Signal<EarningsSummary> {
  const { ledger, clock, signal } = options;
  const summary = createSignal(read());

  function read(): EarningsSummary {
    const now = clock.now();
    const { asset, network } = options.money();
    const totals = (sinceMs: number) => ledger.totals(sinceMs, asset, network);
    const since = (period: Period) => totalsText(totals(periodStart(period, now)));
    const net = ledger.netByState(asset, network);
    const next = forecast(now, options.earningSince(), (sinceMs) => totals(sinceMs).netLamports);
    return {
      network,
      ...ledger.unitOf(asset),
      others: ledger
        .netByMoney()
        .filter((other) => other.network !== network || other.asset !== asset)
        .map((other) => ({
          network: other.network,
          ...ledger.unitOf(other.asset),
          netLamports: `${other.net}`,
        })),
      today: since('today'),
      last7Days: since('7'),
      last30Days: since('30'),
      all: totalsText(totals(0)),
      byState: {
        earned: `${net.earned}`,
        agreed: `${net.agreed}`,
        vouchered: `${net.vouchered}`,
        settled: `${net.settled}`,
        disputed: `${net.disputed}`,
        unattributed: `${net.unattributed}`,
      },
      forecastLamports: next.lamports === null ? null : `${next.lamports}`,
      forecastAt: next.knownAt,
      gatewayOwes: owedIn(moneyKey(network, asset)),
    };
  }

  function owedIn(money: string): EarningsSummary['gatewayOwes'] {
    const owed = options.account();
    if (!owed) return null;
    const url = options.gatewayUrl();
    const ours = ledger
      .payers()
      .filter((figures) => figures.money === money && (url === null || figures.gatewayUrl === url));
    return {
      lamports: owed.account.owed_lamports,
      at: owed.at,
      agreedLamports: `${ours.reduce((sum, { agreed }) => sum + agreed, 0n)}`,
      waitingLamports: `${ours.reduce((sum, { earned }) => sum + earned, 0n)}`,
    };
  }

  let isDue = false;
  const refresh = () => {
    if (isDue) return;
    isDue = true;
    clock.sleep(pauseMs, signal).then(
      () => {
        isDue = false;
        summary.set(read());
      },
      () => {},
    );
  };
  ledger.changes.subscribe(refresh);
  options.link.subscribe(refresh);
  const eachMinute = async () => {
    for (;;) {
      await clock.sleep(minuteMs, signal);
      summary.set(read());
    }
  };
  eachMinute().catch(() => {});
  return summary;
}
