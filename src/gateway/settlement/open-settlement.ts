import { PublicKey } from '@solana/web3.js';
import { solDecimals } from '#contract/assets.ts';
import { mintIn } from '#contract/settlement/token-accounts.ts';
import type { AddressWarning } from '#contract/wallet.ts';
import { type Cluster, genesisHashes } from '#contract/wire/network.ts';
import type { SettlementTerms } from '#contract/wire/settlement.ts';
import { nativeMint } from '#contract/wire/voucher.ts';
import { createChainClient } from './chain-client.ts';
import type { ChannelBook } from './channel-book.ts';
import { warningOf } from './purse.ts';
import type { SettlementBook } from './settlement-book.ts';
import { createSettlementEngine, type SettlementEngine, type SettlementStep } from './settlement-engine.ts';
import { openTreasury } from './treasury.ts';
import { settleWindowSeconds } from './voucher-desk.ts';

/** The chain that a gateway pays on. */
export interface ChainOptions {
  cluster: Cluster;
  /** Of several none decides alone: payments are begun and end while two answer. */
  rpcUrls: readonly string[];
  /** A key file as solana-keygen writes it. */
  treasuryFile: string;
  /** SOL without it. */
  mint?: string | undefined;
  /** In the mint's smallest unit. */
  thresholdAtomic?: bigint | undefined;
  /** Without it nothing is paid on mainnet. */
  isRealMoney?: boolean | undefined;
  timeoutMs?: number | undefined;
  pollMs?: number | null | undefined;
  onStep?: ((step: SettlementStep) => void) | undefined;
}

const usualThresholdAtomic = 2_000_000n;

export interface OpenSettlement {
  terms: SettlementTerms;
  epoch: bigint;
  engine: SettlementEngine;
  /** Why nobody is paid at an address, as the chain shows it now; null when a wallet is. Throws `chain/*`. */
  warningOf(address: string): Promise<AddressWarning | null>;
}

/** Gets ready to pay. Throws a sentence for everything that must be right before: keys, cluster, mint. */
export async function openSettlement(
  options: ChainOptions,
  parts: { channels: ChannelBook; book: SettlementBook; now(): number },
): Promise<OpenSettlement> {
  const { cluster, mint = nativeMint } = options;
  if (cluster === 'mainnet-beta' && !options.isRealMoney)
    throw new Error('paying on mainnet-beta wants --i-know-this-is-real-money');
  if (options.rpcUrls.length === 0) throw new Error('a chain wants the address of an RPC endpoint (--rpc)');
  const treasury = openTreasury(options.treasuryFile);
  const chain = createChainClient({ urls: options.rpcUrls, timeoutMs: options.timeoutMs });
  const genesisHash =
    (cluster === 'localnet' ? parts.channels.pinnedGenesis(cluster) : genesisHashes[cluster]) ??
    (await chain.genesisHash());
  const found = await chain.genesisHash().catch(() => genesisHash);
  if (found !== genesisHash)
    throw new Error(
      `the RPC endpoint is of another cluster than ${cluster}: it began with ${found}, not with ${genesisHash}`,
    );
  chain.expectGenesis(genesisHash);
  const epoch = parts.channels.network(cluster, genesisHash);
  const token =
    mint === nativeMint
      ? null
      : mintIn(mint, await chain.ask((connection) => connection.getAccountInfo(new PublicKey(mint))));
  const thresholdAtomic = options.thresholdAtomic ?? usualThresholdAtomic;
  const engine = createSettlementEngine({
    ...parts,
    chain,
    treasury,
    epoch,
    mint,
    token,
    thresholdAtomic,
    pollMs: options.pollMs,
    onStep: options.onStep,
  });
  return {
    epoch,
    engine,
    async warningOf(address) {
      return warningOf(await chain.ask((connection) => connection.getAccountInfo(new PublicKey(address))));
    },
    terms: {
      cluster,
      genesis_hash: genesisHash,
      treasury: treasury.publicKey.toBase58(),
      mint,
      decimals: token?.decimals ?? solDecimals,
      threshold_atomic: `${thresholdAtomic}`,
      modes: ['gateway', 'claim'],
      settle_window_seconds: settleWindowSeconds,
    },
  };
}
