import { PublicKey, SystemProgram, TransactionInstruction } from '@solana/web3.js';

/** What a settlement needs of the token programs; layouts as in SPL's sources. */
export const associatedTokenProgram = 'ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL';
const transferCheckedTag = 12;
const createIdempotentTag = 1;

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
