import {
  ComputeBudgetProgram,
  PublicKey,
  SystemProgram,
  TransactionInstruction,
  TransactionMessage,
  VersionedTransaction,
} from '@solana/web3.js';
import { settlementMemo } from '../wire/settlement.ts';
import { nativeMint } from '../wire/voucher.ts';
import { createTokenAccount, transferTokens } from './token-accounts.ts';

export const memoProgram = 'MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr';
const lamportsPerSignature = 5000n;

/** One payment of a channel. Keys as base58, amounts in the mint's smallest unit. */
export interface SettlementOrder {
  /** Who pays the network's fee: the treasury, or the payout wallet that claims. */
  feePayer: string;
  treasury: string;
  payout: string;
  mint: string;
  /** Of a token: which program has its mint, and its decimals. */
  token: { program: string; decimals: number } | null;
  channel: string;
  cumulativeAtomic: bigint;
  amountAtomic: bigint;
}

/** Micro-lamports for each unit of computing, and how many units are asked for. */
export interface ComputePrice {
  microLamports: bigint;
  units: number;
}

/** What the transfer and its memo take at most, with and without an account to be made. */
export const computeUnits = (isToken: boolean): number => (isToken ? 150_000 : 80_000);

/** The network's fee in lamports. */
export const transactionFee = (signatures: number, price: ComputePrice): bigint =>
  lamportsPerSignature * BigInt(signatures) +
  (price.microLamports * BigInt(price.units) + 999_999n) / 1_000_000n;

/** The instructions that pay, in order: the account where tokens go, the transfer that names the channel, the memo. */
export function settlementInstructions(order: SettlementOrder): TransactionInstruction[] {
  const reference = { pubkey: new PublicKey(order.channel), isSigner: false, isWritable: false };
  const memo = new TransactionInstruction({
    programId: new PublicKey(memoProgram),
    keys: [],
    data: Buffer.from(settlementMemo(order.channel, order.cumulativeAtomic)),
  });
  if (order.mint === nativeMint) {
    const transfer = SystemProgram.transfer({
      fromPubkey: new PublicKey(order.treasury),
      toPubkey: new PublicKey(order.payout),
      lamports: order.amountAtomic,
    });
    transfer.keys.push(reference);
    return [transfer, memo];
  }
  if (!order.token) throw new TypeError('a token has a program');
  const { program: tokenProgram, decimals } = order.token;
  const { mint } = order;
  const transfer = transferTokens({
    from: order.treasury,
    to: order.payout,
    mint,
    tokenProgram,
    amountAtomic: order.amountAtomic,
    decimals,
  });
  transfer.keys.push(reference);
  const account = createTokenAccount({ payer: order.treasury, wallet: order.payout, mint, tokenProgram });
  return [account, transfer, memo];
}

/** The transaction of one payment, not signed yet. */
export function buildSettlement(
  order: SettlementOrder,
  options: { blockhash: string; price: ComputePrice },
): VersionedTransaction {
  const message = new TransactionMessage({
    payerKey: new PublicKey(order.feePayer),
    recentBlockhash: options.blockhash,
    instructions: [
      ComputeBudgetProgram.setComputeUnitLimit({ units: options.price.units }),
      ComputeBudgetProgram.setComputeUnitPrice({ microLamports: options.price.microLamports }),
      ...settlementInstructions(order),
    ],
  });
  return new VersionedTransaction(message.compileToV0Message());
}
