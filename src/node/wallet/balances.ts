import { tokenPrograms } from '#contract/settlement/known-addresses.ts';
import { tokenAccountOf } from '#contract/settlement/token-accounts.ts';
import type { ChainAccess } from './chain.ts';

const amountOffset = 64;
const accountBytes = 165;

/** SOL in lamports, and a token in its smallest unit; `tokenAtomic` null without one. Throws `chain/*`. */
export async function readBalances(
  chain: ChainAccess,
  owner: string,
  mint: string | null,
): Promise<{ lamports: string; tokenAtomic: string | null }> {
  const { PublicKey } = await import('@solana/web3.js');
  return chain.ask(async (connection) => {
    const lamports = await connection.getBalance(new PublicKey(owner), 'confirmed');
    if (mint === null) return { lamports: `${lamports}`, tokenAtomic: null };
    const accounts = await connection.getMultipleAccountsInfo(
      tokenPrograms.map((program) => new PublicKey(tokenAccountOf(owner, mint, program))),
      'confirmed',
    );
    const held = accounts.reduce(
      (sum, account) =>
        account && account.data.length >= accountBytes
          ? sum + account.data.readBigUInt64LE(amountOffset)
          : sum,
      0n,
    );
    return { lamports: `${lamports}`, tokenAtomic: `${held}` };
  });
}
