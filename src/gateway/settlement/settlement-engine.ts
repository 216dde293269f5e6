import { randomUUID } from 'node:crypto';
import type { Keypair } from '@solana/web3.js';
import { AppError, errorCodeSchema } from '#contract/errors.ts';
import { toAppError } from '#contract/result.ts';
import { unpayable } from '#contract/settlement/address.ts';
import {
  buildSettlement,
  type ComputePrice,
  computeUnits,
  transactionFee,
} from '#contract/settlement/settlement-transaction.ts';
import type { ClaimAnswer, WireSettlement } from '#contract/wire/settlement.ts';
import { nativeMint } from '#contract/wire/voucher.ts';
import { type ChainClient, signatureOf } from './chain-client.ts';
import type { ChannelBook, ChannelSums } from './channel-book.ts';
import { look as lookInPurse } from './purse.ts';
import { amountOf, type Settlement, type SettlementBook, settlementOnWire } from './settlement-book.ts';
import { judgeSettlement, obstacleTo } from './settlement-policy.ts';

const usualPollMs = 2000;
const mostListed = 500;
/** After one that failed on the chain, or was refused until it expired, the next one waits. */
const restAfterFailureMs = 60_000;

/** Points at which the process may die: what was done until then is told to tests. */
export type SettlementStep = 'turned' | 'prepared' | 'sent' | 'noted' | 'looked' | 'judged';

export interface SettlementEngine {
  /** Looks after every payment under way and begins those that are due. One run at a time; never throws. */
  tick(): Promise<void>;
  /** Ticks soon: something was vouched for. */
  poke(): void;
  /** A transaction for the channel's wallet to sign. Throws `settlement/*`, `chain/*`. */
  claim(channel: string): Promise<ClaimAnswer>;
  list(channels: readonly string[]): WireSettlement[];
  /** Why the last run could not do all; null when it could. */
  problem(): AppError | null;
  close(): Promise<void>;
}

export interface SettlementParts {
  channels: ChannelBook;
  book: SettlementBook;
  chain: ChainClient;
  treasury: Keypair;
  epoch: bigint;
  mint: string;
  token: { program: string; decimals: number } | null;
  thresholdAtomic: bigint;
  now(): number;
  /** Null: only when it is told to. */
  pollMs?: number | null | undefined;
  microLamports?: bigint | undefined;
  onStep?: ((step: SettlementStep) => void) | undefined;
}

/** Pays channels: every step is in the book before it is taken, and taken again after a restart. */
export function createSettlementEngine(parts: SettlementParts): SettlementEngine {
  const { channels, book, chain, treasury, mint } = parts;
  const treasuryAddress = treasury.publicKey.toBase58();
  const price: ComputePrice = {
    microLamports: parts.microLamports ?? 1000n,
    units: computeUnits(mint !== nativeMint),
  };
  const step = (name: SettlementStep) => parts.onStep?.(name);
  /** Why a channel that is due is not paid yet. */
  const waiting = new Map<string, { reason: string; sums: ChannelSums; at: number }>();
  let problem: AppError | null = null;
  let isClosed = false;
  let queue: Promise<unknown> = Promise.resolve();
  let timer: NodeJS.Timeout | null = null;

  /** One after the other, whoever asks. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = queue.then(() => {
      if (isClosed) throw new AppError('host/unavailable', 'The gateway is closing.');
      return work();
    });
    queue = turn.catch(() => {});
    return turn;
  }

  async function run(): Promise<void> {
    problem = null;
    for (const one of book.outstanding()) await guard(() => lookAfter(one));
    for (const sums of channels.unsettled({ mint, epoch: parts.epoch }))
      if (isDue(sums) && channels.payoutBy(sums.payout) === 'gateway') await guard(() => begin(sums));
  }

  async function guard(work: () => Promise<unknown>): Promise<void> {
    try {
      step('turned');
      await work();
    } catch (thrown) {
      problem = toAppError(thrown);
    }
  }

  const isDue = (sums: ChannelSums) =>
    sums.voucheredAtomic - sums.settledAtomic >= parts.thresholdAtomic &&
    book.outstandingOf(sums.channel) === null;

  /** Takes a payment one step on. */
  async function lookAfter(one: Settlement): Promise<void> {
    const sums = channels.sums(one.channel);
    if (!sums) return;
    const earlier = new Set(
      book
        .list([one.channel], mostListed)
        .flatMap(({ id, signature }) => (id !== one.id && signature ? [signature] : [])),
    );
    const sightings = await chain.look(one, sums, earlier);
    step('looked');
    const verdict = judgeSettlement({ ...one, amountAtomic: amountOf(one) }, sightings, chain.endpoints);
    step('judged');
    switch (verdict.do) {
      case 'finalize':
        book.paid(one, {
          signature: verdict.signature,
          slot: verdict.proof.slot,
          feeLamports: verdict.proof.feeLamports,
          amountAtomic: amountOf(one),
        });
        break;
      case 'fail':
        book.enter(one.id, 'failed', verdict);
        break;
      case 'expire':
        book.enter(one.id, 'expired', { reason: one.reason });
        break;
      case 'note':
        if (one.state !== verdict.state) book.enter(one.id, verdict.state, verdict);
        break;
      case 'send':
        if (verdict.isGone)
          book.enter(one.id, 'submitted', { reason: 'It was on the chain and is gone; it is sent again.' });
        await send({ ...one, ...(verdict.isGone ? { state: 'submitted' as const } : {}) });
        break;
      case 'wait':
        if (verdict.problem !== null) throw new AppError('chain/unreachable', verdict.problem);
    }
    step('noted');
  }

  /** The bytes of the book, and no others. */
  async function send(one: Settlement): Promise<void> {
    try {
      await chain.send(one.transaction);
    } catch (thrown) {
      const error = toAppError(thrown);
      // Too late for these bytes, or too early for an endpoint that is behind: the next look tells.
      if (error.code === 'chain/rejected' && /blockhash not found/i.test(error.message)) return;
      const reason = reasonOf(error);
      if (error.code === 'chain/rejected' && one.reason !== reason) book.enter(one.id, one.state, { reason });
      throw error;
    }
    step('sent');
    if (one.state === 'prepared') book.enter(one.id, 'submitted', { signature: one.signature });
  }

  async function begin(sums: ChannelSums): Promise<void> {
    const last = book.lastOf(sums.channel);
    const isResting = last?.reason != null && parts.now() - last.at < restAfterFailureMs;
    if (last && (last.state === 'failed' || last.state === 'expired') && isResting) return;
    const prepared = await prepare(sums, 'gateway');
    if (prepared) await send(prepared);
    step('noted');
  }

  /** Null, with its reason told, when the channel cannot be paid now. */
  async function prepare(sums: ChannelSums, mode: 'gateway' | 'claim'): Promise<Settlement | null> {
    const { channel, payout } = sums;
    const amountAtomic = sums.voucheredAtomic - sums.settledAtomic;
    const isClaim = mode === 'claim';
    const feeLamports = transactionFee(isClaim ? 2 : 1, price);
    const purse = await lookInPurse(chain, { treasury: treasuryAddress, payout, mint, token: parts.token });
    // The fee is taken before the payment comes: an account may be emptied by it, but not be left with less than its rent.
    const left = purse.payoutLamports - feeLamports;
    const reason =
      purse.payoutWarning !== null
        ? reasonOf(unpayable(payout, purse.payoutWarning))
        : isClaim && left !== 0n && left < purse.rentExemptLamports
          ? `settlement/rent: ${payout} needs ${feeLamports} lamports for the network’s fee beside the ${purse.rentExemptLamports} that its account keeps; it has ${purse.payoutLamports}.`
          : obstacleTo(amountAtomic, {
              ...purse,
              payoutLamports: isClaim ? left : purse.payoutLamports,
              costLamports: purse.accountLamports + (isClaim ? 0n : feeLamports),
            });
    if (reason !== null) {
      waiting.set(channel, { reason, sums, at: parts.now() });
      return null;
    }
    const { blockhash, lastValidBlockHeight, slot } = await chain.lifetime();
    const transaction = buildSettlement(
      {
        feePayer: isClaim ? payout : treasuryAddress,
        treasury: treasuryAddress,
        payout,
        mint,
        token: parts.token,
        channel,
        cumulativeAtomic: sums.voucheredAtomic,
        amountAtomic,
      },
      { blockhash, price },
    );
    transaction.sign([treasury]);
    waiting.delete(channel);
    const prepared = book.prepare({
      id: randomUUID(),
      channel,
      mode,
      fromAtomic: sums.settledAtomic,
      cumulativeAtomic: sums.voucheredAtomic,
      blockhash,
      lastValidBlockHeight,
      slot,
      feeLamports,
      transaction: transaction.serialize(),
      signature: isClaim ? null : signatureOf(transaction),
    });
    step('prepared');
    return prepared;
  }

  async function claim(channel: string): Promise<ClaimAnswer> {
    step('turned');
    let under = book.outstandingOf(channel);
    if (under) {
      await lookAfter(under);
      under = book.outstandingOf(channel);
    }
    if (under) {
      const height = await chain.ask((connection) => connection.getBlockHeight('confirmed'));
      if (under.mode === 'claim' && under.state === 'prepared' && height <= under.lastValidBlockHeight)
        return answerOf(under);
      throw new AppError('settlement/outstanding', 'A payment of this channel is under way.', {
        retryAfterSeconds: 30,
      });
    }
    const sums = channels.sums(channel);
    const due = sums ? sums.voucheredAtomic - sums.settledAtomic : 0n;
    if (!sums || due < parts.thresholdAtomic || due === 0n)
      throw new AppError(
        'settlement/below-threshold',
        `${due} are owed; ${parts.thresholdAtomic} are paid at once.`,
      );
    const prepared = await prepare(sums, 'claim');
    if (prepared) return answerOf(prepared);
    const [, code, sentence] = /^([a-z/-]+): (.*)$/s.exec(waiting.get(channel)?.reason ?? '') ?? [];
    throw new AppError(errorCodeSchema.parse(code), sentence ?? '');
  }

  const answerOf = (one: Settlement): ClaimAnswer => ({
    settlement: settlementOnWire(one),
    transaction: Buffer.from(one.transaction).toString('base64'),
    fee_lamports: `${one.feeLamports}`,
  });

  function plan(delayMs: number): void {
    if (timer) clearTimeout(timer);
    if (isClosed || parts.pollMs === null) return;
    timer = setTimeout(() => void tick(), delayMs);
    timer.unref();
  }

  function tick(): Promise<void> {
    return inTurn(run)
      .catch((thrown) => {
        problem = toAppError(thrown);
      })
      .finally(() => plan(parts.pollMs ?? usualPollMs));
  }

  plan(0);
  return {
    tick,
    poke: () => plan(0),
    claim: (channel) => inTurn(() => claim(channel)),
    list: (wanted) => [
      ...[...waiting.values()]
        .filter(({ sums }) => wanted.includes(sums.channel) && book.outstandingOf(sums.channel) === null)
        .map(({ sums, reason, at }) => waitingOnWire(sums, reason, at)),
      ...book.list(wanted, mostListed - 1).map(settlementOnWire),
    ],
    problem: () => problem,
    async close() {
      isClosed = true;
      if (timer) clearTimeout(timer);
      await queue;
    },
  };
}

const reasonOf = ({ code, message }: AppError): string => `${code}: ${message}`;

/** A payment that has not begun: it has no transaction yet. */
const waitingOnWire = (sums: ChannelSums, reason: string, at: number): WireSettlement => ({
  id: `waiting-${sums.channel}`,
  channel: sums.channel,
  mode: 'gateway',
  from_atomic: `${sums.settledAtomic}`,
  cumulative_atomic: `${sums.voucheredAtomic}`,
  amount_atomic: `${sums.voucheredAtomic - sums.settledAtomic}`,
  state: 'prepared',
  signature: null,
  last_valid_block_height: 0,
  reason,
  at: Math.floor(at / 1000),
});
