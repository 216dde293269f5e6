import { PublicKey, SystemProgram, TransactionInstruction } from '@solana/web3.js';
import { mostDecimals } from '../assets.ts';
import { AppError } from '../errors.ts';
import { tokenPrograms } from './known-addresses.ts';

/** What a settlement needs of the token programs; layouts as in SPL's sources. */
export const associatedTokenProgram = 'ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL';
const mintBytes = 82;
const decimalsOffset = 44;
const isInitializedOffset = 45;
/** A Token-2022 mint with extensions is padded to an account's length; then come its kind (1) and the extensions: type, length, value. */
const kindOffset = 165;
const extensionsOffset = 166;
/** Extensions of a mint that tell of it and change nothing: pointers to metadata and groups, and those themselves. No other is taken. */
const harmlessExtensions = [18, 19, 20, 21, 22, 23];
/** Names of others, and what they do to what was paid. */
const refusedExtensions: Record<number, [name: string, why: string]> = {
  1: ['transfer fee', 'takes a fee of each transfer'],
  3: ['mint close authority', 'can be closed and made anew with other rules'],
  6: ['default account state', 'may freeze accounts as they are made'],
  9: ['non-transferable', 'cannot be transferred'],
  10: ['interest-bearing', 'is shown by wallets in other amounts'],
  12: ['permanent delegate', 'can be taken out of any account by somebody else'],
  14: ['transfer hook', 'runs a program at each transfer'],
  25: ['scaled UI amount', 'is shown by wallets in other amounts'],
  26: ['pausable', 'can be stopped by somebody else'],
};
const transferCheckedTag = 12;
const createIdempotentTag = 1;

/**
 * Program and decimals of a token, from its mint's account; null: there is no account. Throws `settlement/bad-token` with why it cannot
 * be paid with.
 */
export function mintIn(
  mint: string,
  account: { owner: PublicKey; data: Buffer } | null,
): { program: string; decimals: number } {
  const bad = (why: string) => new AppError('settlement/bad-token', `${mint} ${why}`, { data: { mint } });
  const program = account?.owner.toBase58() ?? '';
  const data = account?.data ?? Buffer.alloc(0);
  const isMint =
    tokenPrograms.includes(program) &&
    (data.length === mintBytes || (program === tokenPrograms[1] && data[kindOffset] === 1)) &&
    data[isInitializedOffset] === 1;
  if (!isMint) throw bad('is no token’s mint on this chain');
  for (let at = extensionsOffset; at + 4 <= data.length; ) {
    const kind = data.readUInt16LE(at);
    // What follows is padding.
    if (kind === 0) break;
    const [name, why] = refusedExtensions[kind] ?? [`${kind}`, 'has an extension that is not known'];
    if (!harmlessExtensions.includes(kind)) throw bad(`cannot be paid with: it ${why} (extension “${name}”)`);
    at += 4 + data.readUInt16LE(at + 2);
  }
  const decimals = data[decimalsOffset] ?? 0;
  if (decimals > mostDecimals)
    throw bad(`cannot be paid with: it has ${decimals} decimals, more than an amount holds`);
  return { program, decimals };
}

/** The account in which a wallet holds a token. */
export function tokenAccountOf(wallet: string, mint: string, tokenProgram: string): string {
  const seeds = [wallet, tokenProgram, mint].map((key) => new PublicKey(key).toBytes());
  return PublicKey.findProgramAddressSync(seeds, new PublicKey(associatedTokenProgram))[0].toBase58();
}

/** Makes a wallet's token account unless it is there. */
export function createTokenAccount(parts: {
  payer: string;
  wallet: string;
  mint: string;
  tokenProgram: string;
}): TransactionInstruction {
  const { payer, wallet, mint, tokenProgram } = parts;
  return new TransactionInstruction({
    programId: new PublicKey(associatedTokenProgram),
    keys: [
      key(payer, 'signs and pays'),
      key(tokenAccountOf(wallet, mint, tokenProgram), 'changes'),
      key(wallet),
      key(mint),
      key(SystemProgram.programId.toBase58()),
      key(tokenProgram),
    ],
    data: Buffer.from([createIdempotentTag]),
  });
}

/** Moves tokens from one wallet's account to another's. */
export function transferTokens(parts: {
  from: string;
  to: string;
  mint: string;
  tokenProgram: string;
  amountAtomic: bigint;
  decimals: number;
}): TransactionInstruction {
  const { from, to, mint, tokenProgram } = parts;
  const data = Buffer.alloc(10);
  data[0] = transferCheckedTag;
  data.writeBigUInt64LE(parts.amountAtomic, 1);
  data[9] = parts.decimals;
  return new TransactionInstruction({
    programId: new PublicKey(tokenProgram),
    keys: [
      key(tokenAccountOf(from, mint, tokenProgram), 'changes'),
      key(mint),
      key(tokenAccountOf(to, mint, tokenProgram), 'changes'),
      key(from, 'signs'),
    ],
    data,
  });
}

function key(address: string, role?: 'changes' | 'signs' | 'signs and pays') {
  return {
    pubkey: new PublicKey(address),
    isSigner: role === 'signs' || role === 'signs and pays',
    isWritable: role === 'changes' || role === 'signs and pays',
  };
}
