import type { Cluster } from '#contract/wire/network.ts';

/** Where a transaction can be looked at; null for a chain that nobody else sees. */
export function explorerUrl(signature: string, cluster: Cluster): string | null {
  if (cluster === 'localnet') return null;
  const url = `https://explorer.solana.com/tx/${encodeURIComponent(signature)}`;
  return cluster === 'mainnet-beta' ? url : `${url}?cluster=${cluster}`;
}
