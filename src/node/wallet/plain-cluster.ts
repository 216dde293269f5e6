import { type Cluster, genesisHashes } from '#contract/wire/network.ts';

const limitMs = 10_000;

/** Which cluster an endpoint is of, by how its chain began; one that is not known is a local chain. Rejects when it does not answer. */
export async function plainCluster(url: string): Promise<{ cluster: Cluster; genesisHash: string }> {
  const { Connection } = await import('@solana/web3.js');
  const limited = (input: string, init: RequestInit) =>
    fetch(input, { ...init, signal: AbortSignal.timeout(limitMs) });
  const connection = new Connection(url, { disableRetryOnRateLimit: true, fetch: limited as never });
  const genesisHash = await connection.getGenesisHash();
  const known = Object.entries(genesisHashes).find(([, hash]) => hash === genesisHash)?.[0];
  return { cluster: (known ?? 'localnet') as Cluster, genesisHash };
}
