import { tokenPrograms } from '#contract/settlement/known-addresses.ts';
import { tokenAccountOf } from '#contract/settlement/token-accounts.ts';
import type { Cluster } from '#contract/wire/network.ts';
import { nativeMint } from '#contract/wire/voucher.ts';
import type { ChainAccess } from './chain.ts';

/** USDC by cluster, as its issuer names it; a chain on this computer has the gateway's own token in its place. */
export const usdcMints: Record<Cluster, string | null> = {
  'mainnet-beta': 'EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v',
  devnet: '4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU',
  localnet: null,
};
export const usdcDecimals = 6;
const amountOffset = 64;
const accountBytes = 165;

/** SOL in lamports and USDC in millionths; `usdcMicro` null where the cluster has none. Throws `chain/*`. */
export async function readBalances(
  chain: ChainAccess,
  owner: string,
  gatewayMint: string | null,
): Promise<{ lamports: string; usdcMicro: string | null }> {
  const local = gatewayMint === nativeMint ? null : gatewayMint;
  const mint = usdcMints[chain.cluster] ?? local;
  const { PublicKey } = await import('@solana/web3.js');
  return chain.ask(async (connection) => {
    const lamports = await connection.getBalance(new PublicKey(owner), 'confirmed');
    if (mint === null) return { lamports: `${lamports}`, usdcMicro: null };
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
    return { lamports: `${lamports}`, usdcMicro: `${held}` };
  });
}
