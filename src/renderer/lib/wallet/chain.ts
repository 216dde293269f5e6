import type { Cluster } from '#contract/wire/network.ts';

/** A cluster's name among wallets. */
export const chainOf = {
  'mainnet-beta': 'solana:mainnet',
  devnet: 'solana:devnet',
  localnet: 'solana:localnet',
} as const satisfies Record<Cluster, string>;

export const clusterOf = (chain: string | undefined): Cluster | undefined =>
  (Object.keys(chainOf) as Cluster[]).find((cluster) => chainOf[cluster] === chain);
