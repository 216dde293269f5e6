import type { Pricing } from '#contract/money.ts';
import { toAppError } from '#contract/result.ts';
import { tokenAccountOf } from '#contract/settlement/token-accounts.ts';
import type { WireSettlement } from '#contract/wire/settlement.ts';
import { nativeMint } from '#contract/wire/voucher.ts';
import type { KnownChannel } from '../ledger/channel-book.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { isEnded, type Payment } from '../ledger/payment-book.ts';
import type { ChainAccess } from './chain.ts';
import { type ChainTransaction, readTransaction } from './chain-transaction.ts';
import { judgePayment, type OwedChannel, type PaymentVerdict, receivedOf } from './judge-payment.ts';
import { nextStep } from './payment-policy.ts';
import { listNamed, type Named, viewsOf } from './payment-watch.ts';

/** A blockhash is good for 150 blocks; one that was found lands within twice that, or not at all. */
const landsWithinBlocks = 300;
/** Disputed transactions of a channel that are kept; anybody can name a channel. */
const mostDisputed = 200;

export interface ReconcilerParts {
  ledger: Ledger;
  chain: ChainAccess;
  /** What the gateway says of its payments: a hint where to look, no more. Null without such a gateway. */
  hints: (() => Promise<WireSettlement[]>) | null;
  /** Who pays now: a gateway may have another treasury than when the channel was opened. */
  treasuryOf(channel: KnownChannel): string | null;
  /** Watched for transfers that name no channel; null where none are expected. */
  plain: { gatewayUrl: string; payout: string; pricing: Pricing } | null;
}

/**
 * Looks once at all that may pay this node and takes down what it finds. What it does may be cut off at any point and done again.
 * Throws `chain/*` where the chain could not be asked.
 */
export async function reconcile(parts: ReconcilerParts): Promise<void> {
  const { ledger, chain } = parts;
  const quorum = Math.min(2, chain.endpoints);
  const channels = ledger.channels().filter(({ genesisHash }) => genesisHash === chain.genesisHash);

  /** Of this look; each is asked after once. */
  const followed = new Set<string>();
  await takeHints();
  for (const channel of channels) await watch(channel, false);
  for (const payment of ledger.payments.underWay()) {
    const channel = channels.find(({ id }) => id === payment.channelId);
    const isHere = payment.channelId === null ? payment.cluster === chain.cluster : channel !== undefined;
    if (!isHere || payment.state === 'expired' || followed.has(payment.id)) continue;
    if ((await follow(payment, false)) !== 'look again') continue;
    if (channel) await watch(channel, true);
    await follow(payment, true);
  }
  if (parts.plain) await watchPayout(parts.plain);
  if (!parts.plain) await watchUnreferred();

  async function takeHints(): Promise<void> {
    const told = await parts.hints?.().catch(() => []);
    const hinted = (told ?? []).filter(({ signature, channel, state }) => {
      const isSent = state === 'submitted' || state === 'confirmed' || state === 'finalized';
      return isSent && signature !== null && channels.some((known) => known.channel === channel);
    });
    const isNew = ({ signature }: WireSettlement) =>
      signature !== null && ledger.payments.paymentBySignature(signature) === null;
    if (!hinted.some(isNew)) return;
    const lastValid = (await heightOf()) + landsWithinBlocks;
    for (const hint of hinted.filter(isNew).reverse()) {
      const channel = channels.find((known) => known.channel === hint.channel);
      const { signature } = hint;
      if (!channel || signature === null || BigInt(hint.cumulative_atomic) <= channel.settledAtomic) continue;
      ledger.payments.add(
        {
          id: signature,
          signature,
          gatewayUrl: channel.gatewayUrl,
          channelId: channel.id,
          mode: hint.mode,
          cumulativeAtomic: BigInt(hint.cumulative_atomic),
          amountAtomic: BigInt(hint.amount_atomic),
          mint: channel.mint,
          cluster: chain.cluster,
          bytes: null,
          lastValidBlockHeight: lastValid,
        },
        'submitted',
      );
    }
  }

  function treasuriesOf(channel: KnownChannel): string[] {
    return [channel.treasury, parts.treasuryOf(channel)].filter((treasury) => treasury !== null);
  }

  function owedOf(known: KnownChannel): OwedChannel {
    const { channel, payout, mint, settledAtomic } = known;
    return { channel, payout, mint, settledAtomic, treasuries: treasuriesOf(known) };
  }

  function heightOf(): Promise<number> {
    return chain.ask((connection) => connection.getBlockHeight('confirmed'));
  }

  /** Reads what names the channel, oldest first. A whole look passes over where the last one ended. */
  async function watch(channel: KnownChannel, isWholeLook: boolean): Promise<void> {
    const { cursor, setCursor } = ledger.payments;
    const from = isWholeLook ? null : cursor(channel.channel, chain.genesisHash);
    const { named, isWhole } = await listNamed(chain, channel.channel, from);
    let read: string | null = null;
    let isGapless = true;
    for (const one of named) {
      const isOver = await consider(one, channel, isWholeLook && isWhole);
      if (isOver === 'look again' && !isWholeLook) return watch(channel, true);
      isGapless &&= isOver === true && one.finalizedBy >= quorum;
      if (isGapless) read = one.signature;
    }
    if (read === null) return;
    setCursor(channel.channel, chain.genesisHash, read);
  }

  /** Whether nothing more is to be learnt of a transaction. */
  async function consider(
    one: Named,
    channel: KnownChannel,
    isWholeLook: boolean,
  ): Promise<boolean | 'look again'> {
    // Memos, balances and failures are an endpoint's word: as many must tell the same.
    if (one.memos.filter((memo) => !memo.includes(channel.channel)).length >= quorum) return true;
    let known = ledger.payments.paymentBySignature(one.signature);
    if (known && isEnded(known.state)) return true;
    if (!known) {
      const seen = await chain.askAll((connection) =>
        readTransaction(connection, one.signature, 'confirmed'),
      );
      const owed = owedOf(ledger.channel(channel.channel) ?? channel);
      const shown = seen.flatMap((transaction) =>
        transaction ? [{ transaction, verdict: judgePayment(transaction, owed) }] : [],
      );
      const isNone = shown.filter(({ verdict }) => !speaksOfChannel(verdict)).length >= quorum;
      const found = shown.find(({ verdict }) => speaksOfChannel(verdict));
      if (isNone || !found || !speaksOfChannel(found.verdict)) return isNone;
      const { transaction, verdict } = found;
      if (verdict.kind === 'disputed' && ledger.payments.disputedCount(channel.id) >= mostDisputed)
        return true;
      add(transaction, channel, verdict.cumulativeAtomic, verdict.receivedAtomic, await heightOf());
      known = ledger.payments.paymentBySignature(one.signature);
    }
    if (!known) return false;
    const outcome = await follow(known, isWholeLook);
    return outcome === 'look again'
      ? outcome
      : isEnded(ledger.payments.payment(known.id)?.state ?? 'submitted');
  }

  function add(
    transaction: ChainTransaction,
    channel: KnownChannel,
    cumulativeAtomic: bigint | null,
    amountAtomic: bigint,
    height: number,
  ): void {
    const { signature } = transaction;
    ledger.payments.add(
      {
        id: signature,
        signature,
        gatewayUrl: channel.gatewayUrl,
        channelId: channel.id,
        mode:
          cumulativeAtomic === null ? 'unattributed' : isClaim(transaction, channel) ? 'claim' : 'gateway',
        cumulativeAtomic,
        amountAtomic,
        mint: channel.mint,
        cluster: chain.cluster,
        bytes: null,
        lastValidBlockHeight: height + landsWithinBlocks,
      },
      'confirmed',
    );
  }

  /** Takes a payment one step on. A dispute is told only after a look at all that came before it. */
  async function follow(payment: Payment, isWholeLook: boolean): Promise<'look again' | undefined> {
    const channel = ledger.channels().find(({ id }) => id === payment.channelId);
    const isPlain = payment.mode === 'unattributed';
    followed.add(payment.id);
    const views = await viewsOf(chain, payment.signature);
    const next = nextStep(payment, channel && !isPlain ? owedOf(channel) : null, views, quorum);
    if (next.do === 'send') await resend(payment);
    else if (next.do === 'finalize') {
      ledger.payments.finalize(payment, next);
    } else if (next.do === 'enter') {
      if (next.state === 'disputed' && !isWholeLook) return 'look again';
      ledger.payments.enter(payment.id, next.state, next.reason);
    }
    return undefined;
  }

  async function resend({ id, bytes, state }: Payment): Promise<void> {
    if (!bytes) return;
    try {
      await sendBytes(chain, bytes);
    } catch (thrown) {
      const error = toAppError(thrown);
      if (error.code === 'chain/rejected') ledger.payments.enter(id, state, error.message);
    }
  }

  /** Transfers to the payout address that name nothing: of a plain gateway, or of one that forgot to. Counted from the first look on. */
  async function watchPayout(plain: NonNullable<ReconcilerParts['plain']>): Promise<void> {
    const { gatewayUrl, payout, pricing } = plain;
    await newAt(payout, (transaction) => {
      const received = receivedOf(transaction, payout, nativeMint);
      const isDust = received < pricing.perRequestLamports || received <= 0n;
      if (
        isDust ||
        transaction.signers.includes(payout) ||
        transaction.memos.some((memo) => memo.startsWith('solanalm:'))
      )
        return null;
      return { gatewayUrl, channelId: null, amountAtomic: received, mint: nativeMint };
    });
  }

  /** Transfers of a treasury that name no channel, in what its channel is in, to the wallet of the newest. */
  async function watchUnreferred(): Promise<void> {
    const payout = channels[0]?.payout;
    const paid = channels.filter((one) => one.payout === payout);
    for (const mint of new Set(paid.map((one) => one.mint))) {
      const address = payout === undefined ? null : holderOf(payout, mint);
      if (payout === undefined || address === null) continue;
      await newAt(address, ({ signers, accounts, ...transaction }) => {
        const channel = paid.find(
          (one) => one.mint === mint && treasuriesOf(one).some((treasury) => signers.includes(treasury)),
        );
        const isNamed = accounts.some((account) => channels.some((one) => one.channel === account));
        if (!channel || isNamed || signers.includes(payout)) return null;
        const received = receivedOf({ signers, accounts, ...transaction }, payout, mint);
        if (received <= 0n) return null;
        return { gatewayUrl: channel.gatewayUrl, channelId: null, amountAtomic: received, mint };
      });
    }
  }

  /** What a transfer names: a token's goes to the wallet's account for it. Null while the chain was not asked what the token is. */
  function holderOf(payout: string, mint: string): string | null {
    if (mint === nativeMint) return payout;
    const token = ledger.token(mint);
    return token && tokenAccountOf(payout, mint, token.program);
  }

  async function newAt(
    address: string,
    read: (
      transaction: ChainTransaction,
    ) => Pick<Payment, 'gatewayUrl' | 'channelId' | 'amountAtomic' | 'mint'> | null,
  ): Promise<void> {
    const { genesisHash, cluster } = chain;
    const from = ledger.payments.cursor(address, genesisHash);
    const { named } = await listNamed(chain, address, from || null);
    if (from === null) {
      // What came before the first look is none of this node's earnings. Empty: nothing was there. What is not final may go with a fork.
      const last = named.findLast(({ finalizedBy }) => finalizedBy >= quorum);
      return ledger.payments.setCursor(address, genesisHash, last?.signature ?? '');
    }
    for (const one of named) {
      if (one.finalizedBy < quorum) return;
      if (ledger.payments.paymentBySignature(one.signature) === null) {
        const seen = await chain.askAll((connection) =>
          readTransaction(connection, one.signature, 'finalized'),
        );
        const transactions = seen.filter((transaction) => transaction !== null);
        // Balances are an endpoint's word: as many must tell the same.
        const outcomes = transactions.map((each) => (each.error === null ? read(each) : null));
        const agreed = outcomes.findIndex(
          (found) => outcomes.filter((other) => other?.amountAtomic === found?.amountAtomic).length >= quorum,
        );
        const first = transactions[agreed];
        if (!first) return;
        const found = outcomes[agreed];
        if (found) {
          const id = first.signature;
          const rest = { mode: 'unattributed', cumulativeAtomic: null, bytes: null } as const;
          const payment = { id, signature: id, cluster, lastValidBlockHeight: null, ...rest, ...found };
          ledger.payments.add(payment, 'confirmed');
          const added = ledger.payments.payment(id);
          const proof = { receivedAtomic: found.amountAtomic, cumulativeAtomic: null, slot: first.slot };
          if (added) ledger.payments.finalize(added, proof);
        }
      }
      ledger.payments.setCursor(address, genesisHash, one.signature);
    }
  }
}

/** Resolves when an endpoint has it. Throws `chain/*`. */
export async function sendBytes(chain: ChainAccess, bytes: Uint8Array): Promise<void> {
  await chain.ask(async (connection) => {
    try {
      await connection.sendRawTransaction(bytes, { preflightCommitment: 'confirmed', maxRetries: 0 });
    } catch (thrown) {
      if (!(thrown instanceof Error && /already been processed|AlreadyProcessed/.test(thrown.message)))
        throw thrown;
    }
  });
}

const speaksOfChannel = (
  verdict: PaymentVerdict,
): verdict is Extract<PaymentVerdict, { kind: 'settlement' | 'disputed' }> =>
  verdict.kind === 'settlement' || verdict.kind === 'disputed';

const isClaim = (transaction: ChainTransaction, { payout }: KnownChannel): boolean =>
  transaction.feePayer === payout;
