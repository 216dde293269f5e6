import type { Database } from 'better-sqlite3';
import type { EntryState, Totals } from '#contract/earnings.ts';
import type { MoneySums } from '#contract/wallet.ts';
import { one } from './database.ts';
import type { KindSums, LedgerTotals } from './kind-sums.ts';

/** Who asked for work at a gateway, and where what it earned stands; lamports after fees. */
export interface PayerFigures {
  gatewayUrl: string;
  network: string;
  payer: string;
  /** Without a verdict, with an accepting one, with a disputing one, and without a receipt. */
  earned: bigint;
  agreed: bigint;
  disputed: bigint;
  unattributed: bigint;
  /** Of what is agreed: covered by vouchers, and of that paid. */
  vouchered: bigint;
  settled: bigint;
  /** Unix ms. */
  paidAt: number | null;
}

/** Sums over the ledger, from running ones of each quarter of an hour, payer and channel. */
export function openSums(database: Database, kinds: KindSums) {
  const ofPayers = database.prepare(
    `SELECT SUM(earned) AS earned, SUM(agreed) AS agreed, SUM(disputed) AS disputed, SUM(unattributed) AS unattributed,
       SUM(vouchered) AS vouchered, SUM(settled) AS settled, SUM(earned_jobs) AS earned_jobs, SUM(agreed_jobs) AS agreed_jobs,
       SUM(disputed_jobs) AS disputed_jobs, SUM(unattributed_jobs) AS unattributed_jobs
     FROM payers WHERE @network IS NULL OR network = @network`,
  );
  const ofChannels = database.prepare(
    `SELECT SUM(vouchered_net) AS vouchered, SUM(settled_net) AS settled, SUM(vouchered_jobs) AS vouchered_jobs,
       SUM(settled_jobs) AS settled_jobs, SUM(iif(refusal IS NULL, 0, placed - vouchered_net)) AS refused,
       SUM(iif(refusal IS NULL, 0, placed_jobs - vouchered_jobs)) AS refused_jobs
     FROM channel_sums s JOIN channels c ON c.id = s.channel_id WHERE @network IS NULL OR c.network = @network`,
  );
  const underWay = database.prepare(
    `SELECT SUM(amount) AS amount FROM payment_now p JOIN channels c ON c.id = p.channel_id
     WHERE state IN ('submitted', 'confirmed') AND (@network IS NULL OR c.network = @network)`,
  );
  const payerRow = database.prepare('SELECT * FROM payers WHERE id = ?');
  const payerRows = database.prepare('SELECT * FROM payers');

  const byKind = database.prepare(
    `SELECT SUM(iif(t.entry_id IS NULL, e.price_lamports - e.fee_lamports, 0)) AS inference,
       SUM(iif(t.entry_id IS NULL, 0, e.price_lamports - e.fee_lamports)) AS training
     FROM entries e LEFT JOIN trained t ON t.entry_id = e.id
     WHERE e.at >= ? AND e.id NOT IN (SELECT entry_id FROM proxied WHERE entry_id = e.id)`,
  );

  function states(network: string | null) {
    const payers = one(ofPayers.get({ network }));
    const channels = one(ofChannels.get({ network }));
    const big = (row: Record<string, bigint>, name: string) => row[name] ?? 0n;
    const ofState = (jobs: '' | '_jobs'): Record<EntryState, bigint> => {
      const refused = big(channels, `refused${jobs}`);
      return {
        earned: big(payers, `earned${jobs}`),
        agreed: big(payers, `agreed${jobs}`) - big(channels, `vouchered${jobs}`) - refused,
        vouchered: big(channels, `vouchered${jobs}`) - big(channels, `settled${jobs}`),
        settled: big(channels, `settled${jobs}`),
        disputed: big(payers, `disputed${jobs}`) + refused,
        unattributed: big(payers, `unattributed${jobs}`),
      };
    };
    return {
      net: ofState(''),
      jobs: ofState('_jobs'),
      /** What payers' and channels' own sums of the same differ by; never anything but 0. */
      drift:
        big(payers, 'vouchered') -
        big(channels, 'vouchered') +
        big(payers, 'settled') -
        big(channels, 'settled'),
    };
  }

  return {
    /** Net lamports booked at or after `sinceMs`, by the kind of this computer's own work. */
    netByKind(sinceMs: number): { inference: bigint; training: bigint } {
      const row = one(byKind.get(sinceMs));
      return { inference: row.inference ?? 0n, training: row.training ?? 0n };
    },
    netByState: () => states(null).net,
    jobsByState: () => states(null).jobs,
    /** Of one network's entries, or all. */
    moneySums(network: string | null): MoneySums {
      const { net, drift } = states(network);
      const { grossLamports: grossSum, feeLamports: feeSum } = kinds.totals(0, network);
      const { amount: submitted } = one(underWay.get({ network }));
      const rest = Object.values(net).reduce((sum, part) => sum - part, grossSum - feeSum);
      return {
        grossLamports: `${grossSum}`,
        feeLamports: `${feeSum}`,
        unvoucheredLamports: `${net.earned + net.agreed}`,
        voucheredLamports: `${net.vouchered}`,
        submittedLamports: `${submitted ?? 0n}`,
        settledLamports: `${net.settled}`,
        disputedLamports: `${net.disputed}`,
        unattributedLamports: `${net.unattributed}`,
        differenceLamports: `${rest === 0n ? drift : rest}`,
      };
    },
    payer: (id: bigint) => figuresIn(payerRow.get(id) as Record<string, bigint | string>),
    payers: (): PayerFigures[] => (payerRows.all() as Record<string, bigint | string>[]).map(figuresIn),
  };
}

function figuresIn(row: Record<string, bigint | string | null>): PayerFigures {
  const big = (name: string) => row[name] as bigint;
  return {
    gatewayUrl: row.gateway_url as string,
    network: row.network as string,
    payer: row.payer as string,
    earned: big('earned'),
    agreed: big('agreed'),
    disputed: big('disputed'),
    unattributed: big('unattributed'),
    vouchered: big('vouchered'),
    settled: big('settled'),
    paidAt: row.paid_at === null ? null : Number(row.paid_at),
  };
}

/** Totals as the contract carries them. */
export function totalsText(totals: LedgerTotals): Totals {
  const { jobs, tokens, grossLamports, feeLamports, netLamports } = totals;
  return {
    jobs,
    tokens,
    grossLamports: `${grossLamports}`,
    feeLamports: `${feeLamports}`,
    netLamports: `${netLamports}`,
  };
}
