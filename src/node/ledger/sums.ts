import type { Database } from 'better-sqlite3';
import { moneyKey } from '#contract/assets.ts';
import type { EntryState, Totals } from '#contract/earnings.ts';
import type { MoneySums } from '#contract/wallet.ts';
import { nativeMint } from '#contract/wire/voucher.ts';
import { one } from './database.ts';
import type { KindSums, LedgerTotals } from './kind-sums.ts';
import type { TokenBook } from './token-book.ts';

/** Who asked for work at a gateway, and where what it earned stands; after fees, in the asset's smallest unit. */
export interface PayerFigures {
  gatewayUrl: string;
  /** Network and asset, as `moneyKey` writes them. */
  money: string;
  asset: string;
  payer: string;
  /** Without a verdict, with an accepting one, with a disputing one, and without a receipt. */
  earned: bigint;
  agreed: bigint;
  disputed: bigint;
  unattributed: bigint;
  /** Of what is disputed: what the operator has written off, so that it counts to no credit. */
  writtenOff: bigint;
  /** Of what is agreed: covered by vouchers, and of that paid. */
  vouchered: bigint;
  settled: bigint;
  /** Unix ms. */
  paidAt: number | null;
}

/** Sums over the ledger, from running ones of each quarter of an hour, payer and channel. */
export function openSums(database: Database, kinds: KindSums, tokens: Pick<TokenBook, 'unitOf'>) {
  const ofPayers = database.prepare(
    `SELECT SUM(earned) AS earned, SUM(agreed) AS agreed, SUM(disputed) AS disputed, SUM(unattributed) AS unattributed,
       SUM(vouchered) AS vouchered, SUM(settled) AS settled
     FROM payers WHERE asset = @asset AND (@money IS NULL OR network = @money)`,
  );
  const ofChannels = database.prepare(
    `SELECT SUM(vouchered_net) AS vouchered, SUM(settled_net) AS settled,
       SUM(iif(refusal IS NULL, 0, placed - vouchered_net)) AS refused
     FROM channel_sums s JOIN channels c ON c.id = s.channel_id
     WHERE c.mint = @mint AND (@network IS NULL OR c.network = @network)`,
  );
  const underWay = database.prepare(
    `SELECT SUM(amount) AS amount FROM payment_now p JOIN channels c ON c.id = p.channel_id
     WHERE state IN ('submitted', 'confirmed') AND c.mint = @mint AND (@network IS NULL OR c.network = @network)`,
  );
  const payers = `SELECT p.*, (SELECT COALESCE(SUM(amount), 0) FROM write_offs WHERE payer_id = p.id) AS written_off FROM payers p`;
  const payerRow = database.prepare(`${payers} WHERE id = ?`);
  const payerRows = database.prepare(payers);

  const byKind = database.prepare(
    `SELECT SUM(iif(t.entry_id IS NULL, e.price_lamports - e.fee_lamports, 0)) AS inference,
       SUM(iif(t.entry_id IS NULL, 0, e.price_lamports - e.fee_lamports)) AS training
     FROM entries e LEFT JOIN trained t ON t.entry_id = e.id
     WHERE e.at >= @sinceMs AND e.asset = @asset AND (@money IS NULL OR e.network = @money)
       AND e.id NOT IN (SELECT entry_id FROM proxied WHERE entry_id = e.id)`,
  );

  const place = (network: string | null, asset: string) => ({
    network,
    asset,
    mint: asset === 'SOL' ? nativeMint : asset,
    money: network === null ? null : moneyKey(network, asset),
  });

  function states(network: string | null, asset: string) {
    const { mint, money } = place(network, asset);
    const payers = one(ofPayers.get({ asset, money }));
    const channels = one(ofChannels.get({ mint, network }));
    const big = (row: Record<string, bigint>, name: string) => row[name] ?? 0n;
    const refused = big(channels, 'refused');
    const net: Record<EntryState, bigint> = {
      earned: big(payers, 'earned'),
      agreed: big(payers, 'agreed') - big(channels, 'vouchered') - refused,
      vouchered: big(channels, 'vouchered') - big(channels, 'settled'),
      settled: big(channels, 'settled'),
      disputed: big(payers, 'disputed') + refused,
      unattributed: big(payers, 'unattributed'),
    };
    return {
      net,
      /** What payers' and channels' own sums of the same differ by; never anything but 0. */
      drift:
        distance(big(payers, 'vouchered'), big(channels, 'vouchered')) +
        distance(big(payers, 'settled'), big(channels, 'settled')),
    };
  }

  return {
    /** Net booked at or after `sinceMs`, by the kind of this computer's own work; of one network or of all. */
    netByKind(
      sinceMs: number,
      asset = 'SOL',
      network: string | null = null,
    ): { inference: bigint; training: bigint } {
      const { money } = place(network, asset);
      const row = one(byKind.get({ sinceMs, asset, money }));
      return { inference: row.inference ?? 0n, training: row.training ?? 0n };
    },
    /** In one asset, of one network or of all. */
    netByState: (asset = 'SOL', network: string | null = null) => states(network, asset).net,
    /** Of entries in one asset, of one network or of all. */
    moneySums(network: string | null, asset = 'SOL'): MoneySums {
      const { net, drift } = states(network, asset);
      const { grossLamports: grossSum, feeLamports: feeSum } = kinds.totals(0, { network, asset });
      const { amount: submitted } = one(underWay.get({ network, mint: place(network, asset).mint }));
      const rest = Object.values(net).reduce((sum, part) => sum - part, grossSum - feeSum);
      return {
        ...tokens.unitOf(asset),
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

/** Never negative, so that two of them cannot cancel each other out. */
const distance = (some: bigint, other: bigint) => (some > other ? some - other : other - some);

function figuresIn(row: Record<string, bigint | string | null>): PayerFigures {
  const big = (name: string) => row[name] as bigint;
  return {
    gatewayUrl: row.gateway_url as string,
    money: row.network as string,
    asset: row.asset as string,
    payer: row.payer as string,
    earned: big('earned'),
    agreed: big('agreed'),
    disputed: big('disputed'),
    unattributed: big('unattributed'),
    writtenOff: big('written_off'),
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
