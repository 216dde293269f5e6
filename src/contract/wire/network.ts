import { z } from 'zod';

/** What a gateway's lamports are: credits of a test, or those of one of Solana's clusters; `localnet` is a chain on this computer. */
export const networkSchema = z.enum(['test-credits', 'localnet', 'devnet', 'mainnet-beta']);
export type Network = z.infer<typeof networkSchema>;

export const clusterSchema = networkSchema.exclude(['test-credits']);
export type Cluster = z.infer<typeof clusterSchema>;

/** The first block's hash, which tells the public clusters apart; a local chain has one of its own. */
export const genesisHashes: Record<Exclude<Cluster, 'localnet'>, string> = {
  devnet: 'EtWTRABZaYq6iMfeYKouRu166VU2xqa1wcaWoxPkrZBG',
  'mainnet-beta': '5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d',
};
