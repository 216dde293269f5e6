import { assetOf } from '#contract/assets.ts';
import { AppError } from '#contract/errors.ts';
import { toAppError } from '#contract/result.ts';
import { type CheckedSettlement, checkSettlement } from '#contract/settlement/check-settlement.ts';
import { exactBase64 } from '#contract/settlement/ed25519.ts';
import type { ClaimSummary, Payment as ShownPayment } from '#contract/wallet.ts';
import { type ClaimAnswer, settlementMemo } from '#contract/wire/settlement.ts';
import { nativeMint } from '#contract/wire/voucher.ts';
import type { Clock } from '../clock.ts';
import type { KnownChannel } from '../ledger/channel-book.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { type Claim, paymentText } from '../ledger/payment-book.ts';
import type { ChainAccess } from './chain.ts';
import { signatureOf } from './chain-transaction.ts';
import { sendBytes } from './reconciler.ts';

/** What a wallet may add (priority) must not cost more. */
const mostFeeLamports = 1_000_000n;
const blockMs = 400;
/** So many blocks a blockhash is good for: MAX_PROCESSING_AGE in solana-clock. */
const blockhashBlocks = 150;

export interface Claims {
  /** Asks the gateway for a payout, holds it against the node's own books, and tries it out. Throws `settlement/*`, `wallet/*`, `chain/*`, `link/*`. */
  prepare(): Promise<ClaimSummary>;
  /** Takes the signed transaction down, sends it, and leaves the rest to the reconciler. Twice is as good as once. */
  submit(id: string, transaction: string): Promise<ShownPayment>;
}

/** Payouts that the operator's wallet signs: the node checks what it is given, before and after the wallet. */
export function createClaims(parts: {
  ledger: Ledger;
  clock: Clock;
  /** Where the channel is paid from; throws where there is none. */
  chain(): ChainAccess;
  askGateway(): Promise<ClaimAnswer>;
  payoutAddress(): string | null;
  treasuryOf(channel: KnownChannel): string | null;
}): Claims {
  const { ledger, clock } = parts;

  /** Throws `wallet/bad-transaction` with what differs. */
  function check(
    bytes: Uint8Array,
    channel: KnownChannel,
    claim: Pick<Claim, 'settledAtomic' | 'cumulativeAtomic'>,
  ): CheckedSettlement {
    const { mint, payout } = channel;
    const treasury = parts.treasuryOf(channel);
    if (treasury === null) throw new AppError('settlement/not-found', 'This channel is paid by nobody.');
    return checkSettlement(bytes, {
      feePayer: payout,
      treasury,
      payout,
      mint,
      token: mint === nativeMint ? null : { decimals: channel.decimals },
      channel: channel.channel,
      cumulativeAtomic: claim.cumulativeAtomic,
      amountAtomic: claim.cumulativeAtomic - claim.settledAtomic,
      mostFeeLamports,
    });
  }

  /** The gateway's figures must be those of the node's own books. */
  function checkFigures(
    answer: ClaimAnswer,
    chain: ChainAccess,
  ): { channel: KnownChannel; cumulativeAtomic: bigint } {
    const { settlement } = answer;
    const channel = ledger.channel(settlement.channel);
    const payout = parts.payoutAddress();
    if (!channel) throw bad(`The gateway wants to pay a channel that is not known: ${settlement.channel}.`);
    checkChain(channel, chain);
    if (channel.payout !== payout) throw bad(`It would pay ${channel.payout}, not ${payout}.`);
    const cumulativeAtomic = BigInt(settlement.cumulative_atomic);
    if (BigInt(settlement.from_atomic) !== channel.settledAtomic)
      throw bad(
        `The gateway says that ${settlement.from_atomic} was paid; ${channel.settledAtomic} has come for good.`,
      );
    if (cumulativeAtomic <= channel.settledAtomic)
      throw new AppError('settlement/below-threshold', 'All that was vouched for is paid.');
    // While a claim waits for its signature more is vouched for, and what it leaves out stays owed. Other nodes of the wallet may have more.
    if (cumulativeAtomic < channel.voucheredAtomic && !ledger.hasVoucher(channel.id, cumulativeAtomic))
      throw bad(
        `It would pay up to ${cumulativeAtomic}, for which there is no voucher; ${channel.voucheredAtomic} is vouched for.`,
      );
    return { channel, cumulativeAtomic };
  }

  return {
    async prepare() {
      const chain = parts.chain();
      const answer = await parts.askGateway();
      const { channel, cumulativeAtomic } = checkFigures(answer, chain);
      const bytes = exactBase64(answer.transaction);
      if (!bytes) throw bad('It is no transaction.');
      const claim = { settledAtomic: channel.settledAtomic, cumulativeAtomic };
      const checked = check(bytes, channel, claim);
      const treasury = parts.treasuryOf(channel) ?? '';
      if (!checked.signers.includes(treasury)) throw bad('The gateway has not signed what it would pay.');
      const { last_valid_block_height: toldLastValid, id } = answer.settlement;
      const { ok, problem, height } = await tryOut(chain, checked);
      // A longer life is but the gateway's word: an unpaid claim must not stay under way for ever.
      const lastValid = Math.min(toldLastValid, height + blockhashBlocks);
      if (!ledger.payments.claim(id))
        ledger.payments.addClaim({
          id,
          channelId: channel.id,
          ...claim,
          feeLamports: checked.feeLamports,
          message: checked.transaction.message.serialize(),
          lastValidBlockHeight: lastValid,
        });
      return {
        id,
        cluster: chain.cluster,
        amountAtomic: `${cumulativeAtomic - channel.settledAtomic}`,
        asset: assetOf(channel.mint),
        decimals: channel.decimals,
        feeLamports: `${checked.feeLamports}`,
        from: treasury,
        to: channel.payout,
        memo: settlementMemo(channel.channel, cumulativeAtomic),
        simulation: { ok, problem },
        transaction: answer.transaction,
        expiresAt: clock.now() + Math.max(0, lastValid - height) * blockMs,
      };
    },
    async submit(id, transaction) {
      const claim = ledger.payments.claim(id);
      const channel = claim && ledger.channels().find((one) => one.id === claim.channelId);
      if (!claim || !channel)
        throw new AppError('settlement/not-found', 'This payout was not prepared by this node.');
      const known = ledger.payments.payment(id);
      if (known) return paymentText(known, ledger);
      const chain = parts.chain();
      checkChain(channel, chain);
      const bytes = exactBase64(transaction);
      if (!bytes) throw bad('It is no transaction.');
      const checked = check(bytes, channel, claim);
      const missing = [channel.payout, parts.treasuryOf(channel)].find(
        (key) => !checked.signers.includes(key ?? ''),
      );
      if (missing != null) throw bad(`The signature of ${missing} is missing.`);
      if (channel.settledAtomic !== claim.settledAtomic)
        throw bad(`The channel was paid up to ${channel.settledAtomic} meanwhile.`);
      ledger.payments.add(
        {
          id,
          signature: signatureOf(checked.transaction.signatures),
          gatewayUrl: channel.gatewayUrl,
          channelId: channel.id,
          mode: 'claim',
          cumulativeAtomic: claim.cumulativeAtomic,
          amountAtomic: claim.cumulativeAtomic - claim.settledAtomic,
          mint: channel.mint,
          cluster: chain.cluster,
          bytes,
          lastValidBlockHeight: claim.lastValidBlockHeight,
        },
        'submitted',
      );
      // What is out must never be forgotten.
      await ledger.synced();
      try {
        await sendBytes(chain, bytes);
      } catch (thrown) {
        // It may have reached the chain all the same: what becomes of it is seen there.
        const error = toAppError(thrown);
        ledger.payments.enter(id, 'submitted', error.message);
      }
      const added = ledger.payments.payment(id);
      if (!added) throw new AppError('settlement/not-found', 'Another payment by this transaction is known.');
      return paymentText(added, ledger);
    },
  };
}

/** What is owed on one chain is not paid with another's coins, which may be worth nothing. Throws `chain/wrong-cluster`. */
function checkChain({ network, genesisHash }: KnownChannel, chain: ChainAccess): void {
  if (genesisHash !== chain.genesisHash)
    throw new AppError(
      'chain/wrong-cluster',
      `This was earned on ${network}, whose chain began with ${genesisHash}; the gateway would pay on ${chain.cluster}, which began with ${chain.genesisHash}.`,
    );
}

/** What the chain would say to it now, the wallet's signature left aside. */
async function tryOut(
  chain: ChainAccess,
  { transaction }: CheckedSettlement,
): Promise<{ ok: boolean; problem: string | null; height: number }> {
  return chain.ask(async (connection) => {
    const height = await connection.getBlockHeight('confirmed');
    const { value } = await connection.simulateTransaction(transaction, {
      sigVerify: false,
      replaceRecentBlockhash: false,
      commitment: 'confirmed',
    });
    if (value.err === null) return { ok: true, problem: null, height };
    return { ok: false, problem: problemIn(value.err, value.logs ?? []), height };
  });
}

/** The chain's refusal for a person. Exported for its tests. */
export function problemIn(error: unknown, logs: readonly string[]): string {
  if (error === 'BlockhashNotFound') return 'It is too old: ask for a new one.';
  if (error === 'InsufficientFundsForFee') return 'Your wallet has too little SOL for the network’s fee.';
  const text = typeof error === 'string' ? error : JSON.stringify(error);
  if (text.includes('InsufficientFundsForRent'))
    return 'An account would keep less than its rent of 890,880 lamports. Wait until more is owed, or send your wallet some SOL.';
  // What is lacking is said before the programs that fail with it.
  const said =
    logs.find((line) => /insufficient/i.test(line)) ?? logs.findLast((line) => /error|failed/i.test(line));
  return said ?? text;
}

const bad = (message: string) => new AppError('wallet/bad-transaction', message);
