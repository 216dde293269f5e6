import type { Connection, VersionedTransactionResponse } from '@solana/web3.js';
import bs58 from 'bs58';
import { verifyBytes } from '#contract/settlement/ed25519.ts';
import { memoProgram } from '#contract/settlement/settlement-transaction.ts';

/** What a transaction on the chain did, as far as money goes. */
export interface ChainTransaction {
  signature: string;
  slot: number;
  /** Null where it went through. */
  error: string | null;
  /** Accounts by base58, those of address tables included. */
  accounts: string[];
  feePayer: string;
  signers: string[];
  feeLamports: bigint;
  memos: string[];
  /** After − before, in lamports. */
  lamports: ReadonlyMap<string, bigint>;
  tokens: { owner: string; mint: string; delta: bigint }[];
}

/**
 * Reads a transaction as one endpoint has it; null where it does not have it at this commitment. One whose own signature does not fit
 * its message is none: an endpoint cannot make a payment up without the key that pays.
 */
export async function readTransaction(
  connection: Connection,
  signature: string,
  commitment: 'confirmed' | 'finalized',
): Promise<ChainTransaction | null> {
  const found = await connection.getTransaction(signature, { commitment, maxSupportedTransactionVersion: 0 });
  return found?.meta ? transactionIn(found, signature) : null;
}

function transactionIn(found: VersionedTransactionResponse, signature: string): ChainTransaction | null {
  const { meta, slot } = found;
  const { message, signatures } = found.transaction;
  const statics = message.staticAccountKeys.map((key) => key.toBase58());
  const loaded = meta?.loadedAddresses;
  const accounts = [
    ...statics,
    ...[...(loaded?.writable ?? []), ...(loaded?.readonly ?? [])].map((key) => `${key}`),
  ];
  const feePayer = statics[0];
  if (!meta || feePayer === undefined || signatures[0] !== signature) return null;
  const signers = statics.slice(0, message.header.numRequiredSignatures);
  const bytes = message.serialize();
  const isSigned = signers.every((key, index) => verifyBytes(bytes, signatures[index] ?? '', key));
  if (!isSigned) return null;
  const memos = message.compiledInstructions
    .filter(({ programIdIndex }) => accounts[programIdIndex] === memoProgram)
    .map(({ data }) => Buffer.from(data).toString());
  return {
    signature,
    slot,
    error: meta.err === null ? null : JSON.stringify(meta.err),
    accounts,
    feePayer,
    signers,
    feeLamports: BigInt(meta.fee),
    memos,
    lamports: new Map(
      accounts.map((account, index) => [
        account,
        BigInt(meta.postBalances[index] ?? 0) - BigInt(meta.preBalances[index] ?? 0),
      ]),
    ),
    tokens: tokenChanges(meta),
  };
}

function tokenChanges(meta: NonNullable<VersionedTransactionResponse['meta']>): ChainTransaction['tokens'] {
  const changes = new Map<string, { owner: string; mint: string; delta: bigint }>();
  const add = (list: typeof meta.preTokenBalances, sign: bigint) => {
    for (const { owner, mint, uiTokenAmount } of list ?? []) {
      if (!owner) continue;
      const key = `${owner} ${mint}`;
      const known = changes.get(key) ?? { owner, mint, delta: 0n };
      changes.set(key, { ...known, delta: known.delta + sign * BigInt(uiTokenAmount.amount) });
    }
  };
  add(meta.preTokenBalances, -1n);
  add(meta.postTokenBalances, 1n);
  return [...changes.values()].filter(({ delta }) => delta !== 0n);
}

/** The signature that a signed transaction goes by. */
export const signatureOf = (signatures: readonly Uint8Array[]): string =>
  bs58.encode(signatures[0] ?? new Uint8Array(64));
