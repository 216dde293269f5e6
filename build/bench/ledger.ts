import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EntryFilter } from '#contract/earnings.ts';
import { signVoucher } from '#contract/settlement/signed-voucher.ts';
import { type Receipt, receiptText } from '#contract/wire/receipt.ts';
import { nativeMint } from '#contract/wire/voucher.ts';
import { type Ledger, type NewEntry, openLedger } from '#node/ledger/ledger.ts';
import { signingKey, verifyText } from '#node/link/ed25519.ts';
import { periodStart } from '#node/periods.ts';
import { acceptVoucher } from '#node/wallet/vouchers.ts';
import { newByteKey } from '#testing/byte-key.ts';
import type { BenchOptions } from './index.ts';
import { median, percentile } from './statistics.ts';

const count = Number(process.env.LEDGER_ENTRIES ?? 1_000_000);
const spanMs = 365 * 86_400_000;
const answerSize = 100;
const vouchersPerPayment = 500;
const rounds = 60;
const goalMs = 20;
const goalReceiptMs = 0.3;

const gateway = newByteKey();
const gatewayUrl = 'http://127.0.0.1:8200';
const channel = randomKey();
const models = ['tiny-chat-Q8_0', 'llama-3.2-3b-Q4_K_M', 'Qwen3-8B-Q4_K_M'] as const;
const node = signingKey(
  generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
);

function randomKey(): string {
  return newByteKey().publicKey;
}

/** A year's entries of three models, training and two providers; receipts are signed for real. */
function entryAt(index: number, startMs: number): NewEntry {
  const isTraining = index % 200 === 7;
  const isProxied = !isTraining && index % 10 === 3;
  const price = BigInt(20_000 + (index % 977));
  const fee = isTraining ? (price * 3n) / 100n : (price * 5n) / 100n;
  const requestId = `req-${randomBytes(12).toString('hex')}`;
  const model = isTraining ? 'digits' : isProxied ? 'gpt-4o-mini' : (models[index % 3] ?? models[0]);
  const at = startMs + Math.floor((index / count) * spanMs);
  const receipt = (seq: number): Receipt => ({
    v: 1,
    request_id: requestId,
    node_id: `slm-${node.publicKey.slice(0, 16)}`,
    node_key: node.publicKey,
    gateway: gateway.publicKey,
    payer: gateway.publicKey,
    model,
    config_sha256: '0'.repeat(64),
    input_sha256: '1'.repeat(64),
    output_sha256: '2'.repeat(64),
    tokens_prompt: isTraining ? 0 : 120,
    tokens_generated: isTraining ? 0 : 180,
    price_atomic: `${price}`,
    asset: 'SOL',
    network: 'localnet',
    seq,
    issued_at: Math.floor(at / 1000),
  });
  return {
    at,
    requestId,
    gatewayUrl,
    network: 'localnet',
    model,
    payer: `payer-${index % 20}`,
    promptTokens: isTraining ? 0 : 120,
    generatedTokens: isTraining ? 0 : 180,
    priceLamports: price,
    feeLamports: fee,
    durationMs: 900,
    ...(isTraining ? { training: { roundId: `round-${index}`, taskName: 'digits' } } : {}),
    ...(isProxied
      ? {
          proxied: {
            target: index % 20 === 3 ? 'openai/gpt-4o-mini' : 'anthropic/claude',
            costPicoUsd: 3_000_000n,
            commissionBasisPoints: 500,
            solMicroUsd: 150_000_000,
            costLamports: price - price / 20n,
            commissionLamports: price / 20n,
            isEstimate: false,
            isCacheHit: false,
          },
        }
      : {}),
    sign: (seq) => ({ receipt: receipt(seq), signature: node.sign(receiptText(receipt(seq))) }),
  };
}

/** Books all entries as the host does, each in a commit of its own, with the gateway's answers, vouchers and payments between them. */
function fill(ledger: Ledger, startMs: number): { booked: number[]; answered: number[] } {
  ledger.openChannel({
    channel,
    gatewayUrl,
    gatewayKey: gateway.publicKey,
    payout: randomKey(),
    mint: nativeMint,
    decimals: 9,
    epoch: 0,
    network: 'localnet',
    genesisHash: randomKey(),
    treasury: randomKey(),
  });
  const booked: number[] = [];
  const answered: number[] = [];
  let cumulative = 0n;
  let answers = 0;
  for (let index = 0; index < count; index += answerSize) {
    const batch = Array.from({ length: Math.min(answerSize, count - index) }, (_, n) =>
      entryAt(index + n, startMs),
    );
    const began = performance.now();
    for (const entry of batch) ledger.append(entry);
    const done = performance.now();
    booked.push((done - began) / batch.length);
    // The newest wait for their answer.
    if (index + 5 * answerSize >= count) continue;
    ledger.takeAnswer(gatewayUrl, {
      channel,
      verdicts: batch.map((entry, n) => {
        const isDisputed = (index + n) % 1000 === 999;
        const net = entry.priceLamports - entry.feeLamports;
        if (!isDisputed) cumulative += net;
        return {
          request_id: entry.requestId,
          verdict: isDisputed ? 'disputed' : 'accepted',
          ...(isDisputed
            ? { reason: 'The gateway counted 170 tokens.' }
            : { cumulative_atomic: `${cumulative}` }),
          owed_lamports: isDisputed ? '0' : `${net}`,
          fee_lamports: `${entry.feeLamports}`,
        };
      }),
      // The last of them are not vouched for yet.
      ...(index + 10 * answerSize >= count ? {} : voucherOver(cumulative, answers)),
    });
    answered.push((performance.now() - done) / batch.length);
    answers += 1;
    if (answers % vouchersPerPayment === 0 && index + 100 * answerSize < count)
      settle(ledger, cumulative, answers);
  }
  return { booked, answered };
}

const voucherOver = (cumulativeAtomic: bigint, number: number) => ({
  voucher: signVoucher({ channel, cumulativeAtomic, expiresAt: BigInt(2_000_000_000 + number) }, gateway),
  judge: ((state, voucher) =>
    acceptVoucher(state, voucher, {
      signer: gateway.publicKey,
      nowSeconds: 1_800_000_000,
      settleWindowSeconds: 86_400,
      limitAtomic: null,
    })) satisfies Parameters<Ledger['takeAnswer']>[1]['judge'],
});

function settle(ledger: Ledger, cumulative: bigint, number: number): void {
  const known = ledger.channel(channel);
  if (!known) throw new Error('the channel is gone');
  const id = `payment-${number}`;
  ledger.payments.add(
    {
      id,
      signature: id,
      gatewayUrl,
      channelId: known.id,
      mode: 'gateway',
      cumulativeAtomic: cumulative,
      amountAtomic: cumulative - known.settledAtomic,
      mint: nativeMint,
      cluster: 'localnet',
      bytes: null,
      lastValidBlockHeight: null,
    },
    'submitted',
  );
  const payment = ledger.payments.payment(id);
  if (payment)
    ledger.payments.finalize(payment, {
      cumulativeAtomic: cumulative,
      receivedAtomic: payment.amountAtomic,
      slot: number,
    });
}

/** Every query that the Earnings page makes, by the call or stream that it is for. */
function queries(ledger: Ledger, now: number): Record<string, (round: number) => unknown> {
  const year = new Date(now).getFullYear();
  const monthStarts = Array.from({ length: 13 }, (_, month) => new Date(year, month, 1).getTime());
  const anyRow = (round: number, total = count) => Math.floor((total * ((round * 37) % rounds)) / rounds);
  const page = (filter: EntryFilter) => {
    const { total } = ledger.entries({ limit: 1, filter });
    return (round: number) => ledger.entries({ row: anyRow(round, total), limit: 100, filter });
  };
  const offsetMinutes = -new Date(now).getTimezoneOffset();
  const someId = (round: number) => 1 + anyRow(round);
  const requestIds = ledger.entries({ limit: 60 }).entries.map(({ requestId }) => requestId);
  return {
    'earnings.summary, four periods': () =>
      (['today', '7', '30', 'all'] as const).map((period) =>
        ledger.totals(periodStart(period, now), 'SOL', 'localnet'),
      ),
    'earnings.summary, by state': () => ledger.netByState('SOL', 'localnet'),
    'earnings.summary, forecast': () => ledger.totals(now - 900_000, 'SOL', 'localnet'),
    'earnings.summary, others': () => ledger.netByMoney(),
    'earnings.sums': () => ledger.moneySums('localnet'),
    'earnings.series, 24 hours': () =>
      ledger.series({ bucket: 'hour', count: 24, offsetMinutes, network: 'localnet' }),
    'earnings.series, 30 days': () =>
      ledger.series({ bucket: 'day', count: 30, offsetMinutes, network: 'localnet' }),
    ...Object.fromEntries(
      (['today', '7', '30', 'all'] as const).flatMap((period) =>
        (['model', 'gateway', 'type'] as const).map((by) => [
          `earnings.breakdown, ${period} by ${by}`,
          () => ledger.breakdown(periodStart(period, now), by),
        ]),
      ),
    ),
    'earnings.entries, newest': () => ledger.entries({ limit: 100 }),
    'earnings.entries, any row': (round) => ledger.entries({ row: anyRow(round), limit: 100 }),
    'earnings.entries, older than one': (round) => ledger.entries({ beforeId: someId(round), limit: 100 }),
    'earnings.entries, newer than one': (round) => ledger.entries({ afterId: someId(round), limit: 100 }),
    'earnings.entries, any row, by model': page({ model: models[1] }),
    'earnings.entries, any row, training': page({ type: 'training' }),
    'earnings.entries, any row, proxied': page({ type: 'proxy' }),
    'earnings.entries, any row, by gateway': page({ gatewayUrl }),
    ...Object.fromEntries(
      (['earned', 'agreed', 'vouchered', 'settled', 'disputed', 'unattributed'] as const).map((state) => [
        `earnings.entries, any row, ${state}`,
        page({ state }),
      ]),
    ),
    'earnings.entries, any row, disputed training': page({ state: 'disputed', type: 'training' }),
    'earnings.entries, any row, 30 days of settled by model': page({
      state: 'settled',
      model: models[0],
      from: now - 90 * 86_400_000,
      until: now - 60 * 86_400_000,
    }),
    'earnings.entries, by request id': (round) =>
      ledger.entries({ limit: 100, filter: { requestId: requestIds[round % requestIds.length] ?? 'req-0' } }),
    'earnings.entries, by two letters of a request id': (round) =>
      ledger.entries({ limit: 100, filter: { requestId: `req-${(16 + (round % 200)).toString(16)}` } }),
    'earnings.entry': (round) => ledger.entry(someId(round)),
    'earnings.names': () => ledger.names(),
    'earnings.providers': () => ledger.providerTotals('SOL', 'localnet'),
    'earnings.yearly': () => ledger.yearly(monthStarts),
    'payouts.latest': () => ledger.payments.newest(50),
    'payers.list': () => ledger.payers(),
  };
}

const round = (value: number) => Number(value.toPrecision(3));

function timed(work: (round: number) => unknown): { p50Ms: number; p95Ms: number; mostMs: number } {
  work(0);
  const times = Array.from({ length: rounds }, (_, n) => {
    const began = performance.now();
    work(n);
    return performance.now() - began;
  });
  return {
    p50Ms: round(median(times)),
    p95Ms: round(percentile(times, 0.95)),
    mostMs: round(Math.max(...times)),
  };
}

/** A million entries with the real ledger: how fast they come in, how fast each query of the Earnings page is, what they take on disk. */
export async function run({ json }: BenchOptions) {
  const dir = mkdtempSync(join(tmpdir(), 'ledger-bench-'));
  const file = join(dir, 'node.db');
  const now = Date.now();
  const clock = { now: () => now, sleep: () => Promise.resolve() };
  try {
    const ledger = openLedger(file, { clock });
    const began = performance.now();
    const { booked, answered } = fill(ledger, now - spanMs);
    const seconds = (performance.now() - began) / 1000;
    if (!json) console.error(`${count} entries in ${Math.round(seconds)} s`);
    const whole = performance.now();
    ledger.providerTotals();
    const firstProvidersMs = performance.now() - whole;
    const figures = Object.fromEntries(
      Object.entries(queries(ledger, now)).map(([name, work]) => [name, timed(work)]),
    );
    const csv = timedCsv(ledger);
    const sums = ledger.moneySums('localnet');
    ledger.close();
    const opening = performance.now();
    openLedger(file, { clock }).close();
    const openMs = performance.now() - opening;
    const slow = Object.entries(figures).filter(([, { p95Ms }]) => p95Ms > goalMs);
    return {
      entries: count,
      insert: {
        bookedPerSecond: Math.round(1000 / median(booked)),
        bookedMsP95: round(percentile(booked, 0.95)),
        answeredPerSecond: Math.round(1000 / median(answered)),
      },
      queries: figures,
      goalQueryP95Ms: goalMs,
      queriesOverGoal: slow.map(([name]) => name),
      firstProvidersMs: round(firstProvidersMs),
      csv,
      openMs: round(openMs),
      sizeBytes: statSync(file).size,
      bytesPerEntry: Math.round(statSync(file).size / count),
      sumsDifferBy: sums.differenceLamports,
      receipt: receiptFigures(now),
      goalReceiptMs,
    };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function timedCsv(ledger: Ledger): { seconds: number; mostPartMs: number; bytes: number } {
  const began = performance.now();
  let [mostPartMs, bytes] = [0, 0];
  for (let afterId: number | null = 0; afterId !== null; ) {
    const start = performance.now();
    const part: { csv: string; nextAfterId: number | null } = ledger.csvPart(afterId);
    mostPartMs = Math.max(mostPartMs, performance.now() - start);
    bytes += part.csv.length;
    afterId = part.nextAfterId;
  }
  return { seconds: round((performance.now() - began) / 1000), mostPartMs: round(mostPartMs), bytes };
}

/** Signing a receipt and checking it, each with its canonical text, 2,000 times. */
function receiptFigures(now: number): { signMs: number; verifyMs: number; signAndVerifyMs: number } {
  const times = Array.from({ length: 2000 }, (_, index) => {
    const { sign } = entryAt(index, now);
    const began = performance.now();
    const signed = sign?.(index + 1);
    const signedAt = performance.now();
    if (!signed || !verifyText(receiptText(signed.receipt), signed.signature, node.publicKey))
      throw new Error('the signature does not fit');
    return { sign: signedAt - began, verify: performance.now() - signedAt };
  });
  const signMs = median(times.map(({ sign }) => sign));
  const verifyMs = median(times.map(({ verify }) => verify));
  return { signMs: round(signMs), verifyMs: round(verifyMs), signAndVerifyMs: round(signMs + verifyMs) };
}
