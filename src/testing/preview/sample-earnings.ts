import type { Unit } from '#contract/assets.ts';
import type {
  BreakdownKey,
  BreakdownRow,
  Entry,
  EntryDetail,
  EntryFilter,
  EntryPage,
  EntryState,
  YearlyRow,
} from '#contract/earnings.ts';
import type { MoneySums, Payer, Payment } from '#contract/wallet.ts';
import { payer } from './sample-data.ts';

/** What amounts are of. */
export interface SampleMoney {
  network: string;
  unit: Unit;
}

const gatewayUrl = 'http://127.0.0.1:8200';
const stateOf = (age: number): EntryState =>
  age < 3 ? 'earned' : age % 97 === 5 ? 'disputed' : age < 8 ? 'agreed' : age < 25 ? 'vouchered' : 'settled';

/** The entry with so many newer ones. */
function entryOf(age: number, total: number, now: number, { network, unit }: SampleMoney): Entry {
  const type = age % 40 === 2 ? 'training' : age % 8 === 1 ? 'proxy' : 'inference';
  const isTraining = type === 'training';
  return {
    id: total - age,
    at: now - age * 240_000,
    type,
    requestId: `req-${(total - age).toString(16).padStart(8, '0')}`,
    model: isTraining ? 'digits' : type === 'proxy' ? 'fast' : 'llama-3.2-3b-Q4_K_M',
    payer,
    gatewayUrl,
    network,
    ...unit,
    promptTokens: isTraining ? 0 : 120,
    generatedTokens: isTraining ? 0 : 180 + (age % 90),
    priceLamports: '22105',
    feeLamports: '1105',
    netLamports: '21000',
    state: stateOf(age),
    disputeReason: stateOf(age) === 'disputed' ? 'The gateway counted 170 tokens.' : null,
    durationMs: 900 + (age % 50) * 10,
    proxied:
      type === 'proxy'
        ? {
            target: 'openai/gpt-4o-mini',
            costMicroUsd: 3_184,
            costLamports: '21053',
            commissionLamports: '1052',
            isEstimate: age === 1,
          }
        : null,
    training: isTraining ? { roundId: 'round-7', taskName: 'Digits' } : null,
  };
}

const fits = (entry: Entry, filter: EntryFilter) =>
  (filter.state ?? entry.state) === entry.state &&
  (filter.type ?? entry.type) === entry.type &&
  (filter.model ?? entry.model) === entry.model &&
  entry.requestId.startsWith(filter.requestId ?? '') &&
  entry.at >= (filter.from ?? 0) &&
  entry.at < (filter.until ?? Number.MAX_SAFE_INTEGER);

/** So many entries, made when they are looked at. */
export function sampleBook(total: number, now: number, money: SampleMoney) {
  const found = new Map<string, number[]>();
  const entry = (age: number) => entryOf(age, total, now, money);
  function agesOf(filter: EntryFilter): number[] {
    const key = JSON.stringify(filter);
    const ages =
      found.get(key) ??
      Array.from({ length: total }, (_, age) => age).filter((age) => fits(entry(age), filter));
    found.set(key, ages);
    return ages;
  }
  return {
    entry: (id: number) => (id >= 1 && id <= total ? entry(total - id) : null),
    page(input: {
      row?: number | undefined;
      limit?: number | undefined;
      filter?: EntryFilter | undefined;
    }): EntryPage {
      const { row = 0, limit = 100, filter = {} } = input;
      const isAll = Object.keys(filter).length === 0;
      const ages = isAll ? null : agesOf(filter);
      const count = ages?.length ?? total;
      const wanted = Array.from({ length: Math.max(0, Math.min(limit, count - row)) }, (_, n) => row + n);
      return {
        entries: wanted.map((at) => entry(ages?.[at] ?? at)),
        total: count,
        firstRow: row,
        isCut: false,
      };
    },
  };
}

/** With a receipt that was really signed; `isTampered`: and changed since. */
export function sampleDetail(entry: Entry, isTampered: boolean): EntryDetail {
  const { receipt: signed } = signedExample;
  if (!isTampered || !signed) return { ...entry, ...signedExample };
  return {
    ...entry,
    ...signedExample,
    receipt: { ...signed, receipt: { ...signed.receipt, price_atomic: '221050' } },
  };
}

export const samplePayments = (now: number, unit: Unit): Payment[] => {
  const payment = (n: number, more: Partial<Payment>): Payment => ({
    id: `payment-${n}`,
    at: now - n * 86_400_000,
    gatewayUrl,
    mode: 'gateway',
    amountAtomic: `${24_000_000 + n * 731_000}`,
    ...unit,
    cluster: 'devnet',
    state: 'finalized',
    signature: '5h2Qm8kq1Xn3bYv7Wc9Zr4Tt6Pp2Ss8Dd1Ff3Gg5Hh7Jj9Kk2Ll4Mm6Nn8Bb1Vv3Cc5Xx7Zz9Aa',
    reason: null,
    ...more,
  });
  return [
    payment(0, { state: 'confirmed' }),
    payment(1, {}),
    payment(2, { mode: 'claim' }),
    payment(2.5, { mode: 'unattributed' }),
    payment(3, { state: 'disputed', reason: 'The wallet got 12 000 000, not 26 193 000.' }),
  ];
};

export const samplePayers = ({ network, unit }: SampleMoney): Payer[] => [
  {
    payer,
    gatewayUrl,
    network,
    ...unit,
    earnedLamports: '150000000',
    unvoucheredLamports: '147000',
    unsettledLamports: '24000000',
    disputedLamports: '0',
    writtenOffLamports: '0',
    lastPaidAt: Date.now() - 86_400_000,
    limitReached: null,
    isBlocked: false,
  },
  {
    payer: '9WzDXwBbmkg8ZTbNMqUxvQRAyrZzDsGYdLVL9zYtAWWM',
    gatewayUrl,
    network,
    ...unit,
    earnedLamports: '41520000',
    unvoucheredLamports: '20000000',
    unsettledLamports: '20000000',
    disputedLamports: '1995000',
    writtenOffLamports: '0',
    lastPaidAt: null,
    limitReached: 'unvouchered',
    isBlocked: false,
  },
];

export const sampleSums = (isFresh: boolean, unit: Unit): MoneySums => ({
  ...unit,
  ...(isFresh
    ? {
        grossLamports: '0',
        feeLamports: '0',
        unvoucheredLamports: '0',
        voucheredLamports: '0',
        submittedLamports: '0',
        settledLamports: '0',
        disputedLamports: '0',
        unattributedLamports: '0',
        differenceLamports: '0',
      }
    : {
        grossLamports: '201600000',
        feeLamports: '10080000',
        unvoucheredLamports: '168000',
        voucheredLamports: '357000',
        submittedLamports: '336000',
        settledLamports: '189000000',
        disputedLamports: '1995000',
        unattributedLamports: '0',
        differenceLamports: '0',
      }),
});

const row = (key: string, jobs: number, net: number, cost: number, money: SampleMoney): BreakdownRow => ({
  key,
  network: money.network,
  ...money.unit,
  jobs,
  grossLamports: `${Math.round(net / 0.95)}`,
  feeLamports: `${Math.round(net / 0.95) - net}`,
  netLamports: `${net}`,
  costLamports: `${cost}`,
});

export const sampleBreakdown = (by: BreakdownKey, money: SampleMoney): BreakdownRow[] =>
  by === 'type'
    ? [
        row('inference', 2410, 41_000_000, 0, money),
        row('proxy', 341, 12_884_000, 11_900_000, money),
        row('training', 55, 5_000_000, 0, money),
      ]
    : by === 'model'
      ? [
          row('llama-3.2-3b-Q4_K_M', 2410, 41_000_000, 0, money),
          row('fast', 341, 12_884_000, 11_900_000, money),
          row('digits', 55, 5_000_000, 0, money),
        ]
      : [row(gatewayUrl, 2806, 58_884_000, 11_900_000, money)];

export const sampleYear = ({ network, unit }: SampleMoney): YearlyRow[] =>
  [9, 10, 11].map((month) => ({
    month,
    network,
    ...unit,
    jobs: 3040,
    grossLamports: '67200000',
    feeLamports: '3360000',
    netLamports: '63840000',
    costLamports: '11900000',
    disputedLamports: '665000',
    paidAtomic: network === 'test-credits' ? '0' : '63000000',
  }));

/** Signed once, with keys that were thrown away. */
const signedExample: Pick<EntryDetail, 'receipt' | 'position' | 'voucher' | 'payment'> = {
  receipt: {
    receipt: {
      v: 1,
      request_id: 'req-00000028',
      node_id: 'slm-RQTokMsxFswu3xqh',
      node_key: 'RQTokMsxFswu3xqhvC3Evr4rgNpwW8dKsQNiyYtmXzZ',
      gateway: 'AzVpk67zSp3TLzyAb8ZqGgDmrKutVHUy8rAGG7TTwjD6',
      payer: '7xKXtg2CW87d97TXJSDpbD5jBkheTqA83TZRuJosgAsU',
      model: 'llama-3.2-3b-Q4_K_M',
      config_sha256: '3f0ca1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1',
      input_sha256: '77b29c9c9c9c9c9c9c9c9c9c9c9c9c9c9c9c9c9c9c9c9c9c9c9c9c9c9c9c9c9c',
      output_sha256: 'd41d5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e',
      tokens_prompt: 120,
      tokens_generated: 180,
      price_atomic: '22105',
      asset: 'SOL',
      network: 'devnet',
      seq: 40,
      issued_at: 1774972800,
    },
    signature: '4NyazsTvNipbKW75ua6WsWku2jaN3eGtf1qGFmwEJMrV2VNfELUsVQgCmHjh7wSNHBzCvC9QdDPcznPeLL2cRmcK',
  },
  position: {
    channel: '4pYQot9gNC59cjHAfcj86SHHmmngGPkogudgS3smTMtq',
    cumulativeAtomic: '191457000',
  },
  voucher: {
    signed: {
      voucher: 'VgE4wN/wHoflVGtB5Sbv9uG7O7xIoj3BEqfuvnG0FRx8nvC4aQsAAAAAAJQ1dwAAAAA=',
      signer: 'AzVpk67zSp3TLzyAb8ZqGgDmrKutVHUy8rAGG7TTwjD6',
      signature: '5TN45hLRX5J4KajZFFifjshrFs5ucRpwXLvywkCLk94j7XYzmQLgNcXKhSo1GEzqkTGsUApkpCSWv1cNgCNiT2bq',
    },
    at: 1774976400000,
    cumulativeAtomic: '191478000',
  },
  payment: null,
};
