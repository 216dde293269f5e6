import { moneyKey } from '#contract/assets.ts';
import type { EntryDetail, EntryPage, EntryState } from '#contract/earnings.ts';
import { AppError } from '#contract/errors.ts';
import type { MoneySums } from '#contract/wallet.ts';
import { type ReceiptVerdict, type SignedReceipt, signedReceiptSchema } from '#contract/wire/receipt.ts';
import type { Clock } from '../clock.ts';
import { createSignal, type Signal } from '../signal.ts';
import { type GatewayWord, type KnownChannel, type NewChannel, openChannelBook } from './channel-book.ts';
import { openCsv } from './csv.ts';
import { number, one, openDatabase, write } from './database.ts';
import { type EnergyBook, openEnergy } from './energy.ts';
import { openEntryDetail } from './entry-detail.ts';
import { openEntryList, type PagePlace } from './entry-list.ts';
import { type KindSums, type LedgerTotals, openKindSums } from './kind-sums.ts';
import { entries } from './migrations/001-entries.ts';
import { spend as spendTables } from './migrations/002-spend.ts';
import { trained } from './migrations/003-trained.ts';
import { energy as energyTable } from './migrations/004-energy.ts';
import { vouchers as voucherTables } from './migrations/005-vouchers.ts';
import { payments as paymentTables } from './migrations/006-payments.ts';
import { kinds as kindTables } from './migrations/007-kinds.ts';
import { tokens as tokenTables } from './migrations/008-tokens.ts';
import { providerSums } from './migrations/009-provider-sums.ts';
import { writeOffs } from './migrations/010-write-offs.ts';
import { energyDays } from './migrations/011-energy-days.ts';
import {
  type Claim,
  type NewPayment,
  openPaymentBook,
  type Payment,
  type PaymentProof,
  type PaymentState,
  paymentText,
} from './payment-book.ts';
import { openSpend, type ProviderTotals, type SpendRow } from './spend.ts';
import { openSums, type PayerFigures } from './sums.ts';
import { openTokenBook, type Token, type TokenBook } from './token-book.ts';
import { createWalSync } from './wal-sync.ts';

/** A finished job as it is booked. Times in ms, amounts in the asset's smallest unit. */
export interface NewEntry {
  at: number;
  requestId: string;
  gatewayUrl: string;
  network: string;
  /** `SOL`, which it is without one, or a token's mint. */
  asset?: string;
  model: string;
  payer: string;
  promptTokens: number;
  generatedTokens: number;
  priceLamports: bigint;
  feeLamports: bigint;
  durationMs: number;
  /** Of a proxied job: whom it went to and how its price came about. */
  proxied?: ProxiedEntry;
  /** Of a training round's reward. */
  training?: { roundId: string; taskName: string };
  /** Makes the receipt for the sequence number that the ledger gives it; absent where nobody takes receipts. */
  sign?: (seq: number) => SignedReceipt;
}

export interface ProxiedEntry {
  /** `provider/model`. */
  target: string;
  costPicoUsd: bigint;
  commissionBasisPoints: number;
  /** Micro-dollars for a SOL. */
  solMicroUsd: number;
  costLamports: bigint;
  commissionLamports: bigint;
  /** The provider told no usage: it was estimated. */
  isEstimate: boolean;
  isCacheHit: boolean;
}

export interface Ledger {
  /** Books a job once: a second entry for the same request of the same gateway changes nothing. */
  append(entry: NewEntry): void;
  /**
   * Takes down what a provider's answer cost; all that comes in one turn of the event loop, or soon after a commit, is one commit.
   * Resolves when it is written, with false when its key is known already.
   */
  appendSpend(row: SpendRow): Promise<boolean>;
  /** Pico-dollars spent at or after an instant, by provider. */
  spentSince(sinceMs: number): Record<string, bigint>;
  /** Electricity while the node worked. */
  energy: EnergyBook;
  /** By provider: its cost, and what the jobs that it answered brought; the cache's answers are `cache`. */
  providerTotals(asset?: string, network?: string | null): ProviderTotals[];
  /** Resolves when all that was booked until now is on the disk. */
  synced(): Promise<void>;
  /** Takes down what the gateway says to a receipt; the first answer stays. */
  appendVerdict(gatewayUrl: string, verdict: ReceiptVerdict): void;
  /** The same for a whole answer, with its voucher: all of it is taken down, or nothing. */
  takeAnswer(gatewayUrl: string, word: GatewayWord): void;
  /** Receipts that a gateway has not answered yet, oldest first. */
  unanswered(gatewayUrl: string, limit: number): SignedReceipt[];
  /** Takes a channel down; one that is known stays as it is. */
  openChannel(channel: NewChannel): void;
  channel(name: string): KnownChannel | null;
  /** The newest first. */
  channels(): KnownChannel[];
  /** Whether a voucher for just so much was taken; also one before the last. */
  hasVoucher(channelId: number, cumulativeAtomic: bigint): boolean;
  payments: LedgerPayments;
  /** What stands where, by payer of each gateway; kept in memory. */
  payers(): readonly PayerFigures[];
  payer(gatewayUrl: string, money: string, payer: string): PayerFigures | null;
  /** Writes so much of a payer's disputed work off, for good; it stays disputed. Throws `payer/not-disputed` for more than there is. */
  writeOff(payer: Pick<PayerFigures, 'gatewayUrl' | 'money' | 'payer'>, amount: bigint): void;
  entries(place: PagePlace): EntryPage;
  entry(id: number): EntryDetail | null;
  /** Sums over entries in an asset (SOL without one) booked at or after `sinceMs`, of one network or of all. */
  totals(sinceMs?: number, asset?: string, network?: string | null): LedgerTotals;
  netByMoney: KindSums['netByMoney'];
  /** Net booked at or after `sinceMs`, by the kind of work. */
  netByKind(
    sinceMs: number,
    asset?: string,
    network?: string | null,
  ): { inference: bigint; training: bigint };
  /** When each model last served a booked job, in Unix ms, to the quarter of an hour. */
  lastServedAt(): Record<string, number>;
  netByState(asset?: string, network?: string | null): Record<EntryState, bigint>;
  /** Where all of a network's entries in an asset (SOL without one) stands; null: of all networks. */
  moneySums(network: string | null, asset?: string): MoneySums;
  /** What work for a gateway (of any, where it is null) was last booked in; null where there was none. */
  lastMoney(gatewayUrl: string | null): { network: string; asset: string } | null;
  token: TokenBook['token'];
  /** Takes a token down as the chain has it; one that is known stays as it is. */
  addToken: (token: Token) => void;
  unitOf: TokenBook['unitOf'];
  /** Of each hour or day, by type; `offsetMinutes` from UTC, a multiple of 15. */
  series: KindSums['series'];
  /** Since an instant, by model, gateway or type. */
  breakdown: KindSums['breakdown'];
  yearly: KindSums['yearly'];
  names(): { models: string[]; gateways: string[] };
  /** Some thousand entries as CSV, oldest first, from the one after `afterId`; with the heading where that is 0. */
  csvPart(afterId: number, limit?: number): { csv: string; nextAfterId: number | null };
  changes: Signal<{ latestId: number; changes: number }>;
  close(): void;
}

/** Payments by transaction; each change is one commit. */
export interface LedgerPayments
  extends Omit<ReturnType<typeof openPaymentBook>, 'add' | 'enter' | 'finalize' | 'addClaim' | 'setCursor'> {
  /** False where its transaction is known already. */
  add(payment: NewPayment, state: PaymentState, reason?: string | null): boolean;
  /** Its next state; nothing where it has ended, or stands so. */
  enter(id: string, state: PaymentState, reason?: string | null): void;
  /** Books a payment as final, once, and its channel as paid up to its sum. */
  finalize(payment: Payment, proof: PaymentProof): void;
  addClaim(claim: Claim): void;
  setCursor(address: string, genesisHash: string, signature: string): void;
}

const migrations = [
  entries,
  spendTables,
  trained,
  energyTable,
  voucherTables,
  paymentTables,
  kindTables,
  tokenTables,
  providerSums,
  writeOffs,
  energyDays,
];

/**
 * The node's book of what it earned: append-only, in whole smallest units of what is paid, each asset by itself. `onUpgrade` is told how
 * far (0–1) an old one is brought up to date. Throws `ledger/*` and `disk/full`.
 */
export function openLedger(
  file: string,
  options: { clock: Clock; onUpgrade?: (progress: number) => void },
): Ledger {
  // What is damaged in it may show only when it is read.
  return write(() => openBook(file, options));
}

function openBook(file: string, { clock, onUpgrade }: Parameters<typeof openLedger>[1]): Ledger {
  const database = openDatabase(file, migrations, onUpgrade);
  const insert = database.prepare(
    `INSERT INTO entries (at, request_id, gateway_url, network, model, payer, prompt_tokens, generated_tokens,
       price_lamports, fee_lamports, duration_ms, seq, receipt, kind_id)
     VALUES (@at, @requestId, @gatewayUrl, @network, @model, @payer, @promptTokens, @generatedTokens,
       @priceLamports, @feeLamports, @durationMs, @seq, @receipt, @kindId)`,
  );
  const exists = database.prepare('SELECT 1 FROM entries WHERE gateway_url = ? AND request_id = ?');
  const lastSeq = database.prepare('SELECT COALESCE(MAX(seq), 0) AS seq FROM entries');
  const latest = database.prepare('SELECT COALESCE(MAX(id), 0) AS id FROM entries');
  const changes = createSignal({ latestId: number(one(latest.get()).id), changes: 0 });

  function changed(): void {
    changes.set({ latestId: number(one(latest.get()).id), changes: changes.get().changes + 1 });
  }

  const insertProxied = database.prepare(
    `INSERT INTO proxied VALUES (@id, @target, @costPicoUsd, @commissionBasisPoints, @solMicroUsd, @costLamports,
       @commissionLamports, @isEstimate, @isCacheHit)`,
  );
  const insertTrained = database.prepare('INSERT INTO trained VALUES (@id, @roundId, @taskName)');
  const spend = openSpend(database);
  const walSync = createWalSync(file);

  const tokens = openTokenBook(database, { clock });
  const kindSums = openKindSums(database, { clock, tokens });
  const book = database.transaction(
    ({ sign, proxied, training, asset = 'SOL', ...rest }: NewEntry): boolean => {
      const entry = { ...rest, network: moneyKey(rest.network, asset) };
      if (exists.get(entry.gatewayUrl, entry.requestId)) return false;
      const seq = sign ? number(one(lastSeq.get()).seq) + 1 : null;
      const receipt = sign && seq !== null ? JSON.stringify(sign(seq)) : null;
      const type = training ? 'training' : proxied ? 'proxy' : 'inference';
      const kindId = kindSums.idOf({
        type,
        model: entry.model,
        gatewayUrl: entry.gatewayUrl,
        network: entry.network,
      });
      const { lastInsertRowid: id } = insert.run({ ...entry, seq, receipt, kindId });
      if (proxied)
        insertProxied.run({
          id,
          ...proxied,
          isEstimate: Number(proxied.isEstimate),
          isCacheHit: Number(proxied.isCacheHit),
        });
      if (training) insertTrained.run({ id, ...training });
      return true;
    },
  );

  const sums = openSums(database, kindSums, tokens);
  const list = openEntryList(database, kindSums);
  const csv = openCsv(database);
  const channels = openChannelBook(database, { clock });
  const payments = openPaymentBook(database, { clock });
  const figures = new Map(sums.payers().map((figure) => [figureKey(figure), figure]));
  const payerId = database.prepare(
    'SELECT id FROM payers WHERE gateway_url = ? AND network = ? AND payer = ?',
  );
  const insertWriteOff = database.prepare('INSERT INTO write_offs (at, payer_id, amount) VALUES (?, ?, ?)');
  const open = database.prepare(
    `SELECT e.receipt FROM open_entries o JOIN entries e ON e.id = o.entry_id WHERE o.gateway_url = ?
     ORDER BY o.entry_id LIMIT ?`,
  );

  function reread(ids: Iterable<bigint>): void {
    for (const id of new Set(ids)) {
      const figure = sums.payer(id);
      figures.set(figureKey(figure), figure);
    }
  }

  /** One commit; afterwards what is in memory is that of the disk. */
  function commit<T>(work: () => { payers?: bigint[]; isNew: boolean; result: T }): T {
    const { payers = [], isNew, result } = write(() => database.transaction(work).immediate());
    reread(payers);
    if (isNew) changed();
    return result;
  }

  const takeAnswer = (gatewayUrl: string, word: GatewayWord) =>
    commit(() => {
      const { payers, isNew } = channels.take(gatewayUrl, word);
      return { payers, isNew, result: undefined };
    });

  return {
    changes,
    append(entry) {
      if (!write(() => book.immediate(entry))) return;
      kindSums.written(entry.at);
      const money = moneyKey(entry.network, entry.asset ?? 'SOL');
      reread([(payerId.get(entry.gatewayUrl, money, entry.payer) as { id: bigint }).id]);
      changed();
    },
    appendSpend: spend.append,
    spentSince: spend.since,
    energy: openEnergy(database),
    providerTotals: spend.totals,
    synced: () => walSync.synced(),
    appendVerdict: (gatewayUrl, verdict) => takeAnswer(gatewayUrl, { verdicts: [verdict], channel: null }),
    takeAnswer,
    unanswered(gatewayUrl, limit) {
      const rows = open.all(gatewayUrl, limit) as { receipt: string }[];
      return rows.map(({ receipt }) => signedReceiptSchema.parse(JSON.parse(receipt)));
    },
    openChannel: (channel) => commit(() => ({ isNew: channels.openChannel(channel), result: undefined })),
    channel: channels.channel,
    channels: channels.channels,
    hasVoucher: channels.hasVoucher,
    payments: {
      ...payments,
      add: (payment, state, reason = null) =>
        commit(() => {
          const isNew = payments.add(payment, state, reason);
          return { isNew, result: isNew };
        }),
      enter: (id, state, reason = null) =>
        commit(() => ({ isNew: payments.enter(id, state, reason), result: undefined })),
      finalize: ({ id, channelId }, proof) =>
        commit(() => {
          const isNew = payments.finalize(id, proof);
          const { cumulativeAtomic } = proof;
          const isSettlement = isNew && channelId !== null && cumulativeAtomic !== null;
          const payers = isSettlement ? channels.settle(channelId, cumulativeAtomic) : [];
          return { payers, isNew, result: undefined };
        }),
      addClaim: (claim) => commit(() => ({ isNew: false, result: payments.addClaim(claim) })),
      setCursor: (address, genesisHash, signature) =>
        write(() => payments.setCursor(address, genesisHash, signature)),
    },
    payers: () => [...figures.values()],
    payer: (gatewayUrl, money, payer) => figures.get(figureKey({ gatewayUrl, money, payer })) ?? null,
    writeOff: ({ gatewayUrl, money, payer }, amount) =>
      commit(() => {
        const row = payerId.get(gatewayUrl, money, payer) as { id: bigint } | undefined;
        const { disputed, writtenOff } = row ? sums.payer(row.id) : { disputed: 0n, writtenOff: 0n };
        const left = disputed - writtenOff;
        if (!row || amount <= 0n || amount > left)
          throw new AppError(
            'payer/not-disputed',
            `${left} of the disputed work of ${payer || 'this payer'} can be written off, not ${amount}.`,
            { data: { payer, disputedLamports: `${left}`, amountLamports: `${amount}` } },
          );
        insertWriteOff.run(clock.now(), row.id, amount);
        return { payers: [row.id], isNew: true, result: undefined };
      }),
    entries: list,
    entry: openEntryDetail(database, (id) => {
      const payment = payments.payment(id);
      return payment && paymentText(payment, tokens);
    }),
    totals: (sinceMs = 0, asset = 'SOL', network = null) => kindSums.totals(sinceMs, { asset, network }),
    netByMoney: kindSums.netByMoney,
    netByKind: sums.netByKind,
    lastServedAt: kindSums.lastServedAt,
    netByState: sums.netByState,
    moneySums: sums.moneySums,
    lastMoney: kindSums.lastMoney,
    token: tokens.token,
    unitOf: tokens.unitOf,
    addToken: (token) => commit(() => ({ isNew: tokens.addToken(token), result: undefined })),
    series: kindSums.series,
    breakdown: kindSums.breakdown,
    yearly: kindSums.yearly,
    names: kindSums.names,
    csvPart: csv.part,
    close() {
      spend.flush();
      database.close();
    },
  };
}

const figureKey = ({ gatewayUrl, money, payer }: Pick<PayerFigures, 'gatewayUrl' | 'money' | 'payer'>) =>
  `${gatewayUrl}\n${money}\n${payer}`;
