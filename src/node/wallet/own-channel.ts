import { solDecimals, usdcDecimals, usdcMints } from '#contract/assets.ts';
import { AppError } from '#contract/errors.ts';
import { channelId } from '#contract/settlement/channel-id.ts';
import { genesisHashes } from '#contract/wire/network.ts';
import type { GatewayInfo } from '#contract/wire/node-capabilities.ts';
import { type Channel, nativeMint } from '#contract/wire/voucher.ts';
import type { NewChannel } from '../ledger/channel-book.ts';

/**
 * The channel that a gateway tells, once it is known to be the one between its key and this node's wallet. Throws
 * `wallet/wrong-channel`, `link/bad-answer` or `chain/wrong-cluster`.
 */
export function ownChannel(
  told: Channel,
  known: { url: string; info: GatewayInfo; payout: string },
): NewChannel {
  const { url, info, payout } = known;
  const { public_key: gatewayKey, settlement } = info;
  const mint = settlement?.mint ?? nativeMint;
  if (!gatewayKey || !info.network) throw bad('The gateway has vouchers and no key or network.');
  checkTerms(info);
  if (told.payout !== payout) throw wrong(`The gateway’s channel pays ${told.payout}, not ${payout}.`);
  if (told.mint !== mint) throw wrong(`The gateway’s channel is in ${told.mint}, not in ${mint}.`);
  const expected = channelId({ gatewayKey, payoutWallet: payout, mint, epoch: BigInt(told.epoch) });
  if (told.channel !== expected) throw wrong('The gateway’s channel is not that of its key and this wallet.');
  return {
    channel: told.channel,
    gatewayUrl: url,
    gatewayKey,
    payout,
    mint,
    decimals: settlement?.decimals ?? solDecimals,
    epoch: told.epoch,
    network: info.network,
    genesisHash: settlement?.genesis_hash ?? null,
    treasury: settlement?.treasury ?? null,
  };
}

/** In less a payout can hardly be signed and become final; a promise to pay within months is none. */
const settleWindow = { leastSeconds: 3600, mostSeconds: 30 * 86_400 };

/**
 * Throws `chain/wrong-cluster` where a gateway calls a chain by another’s name, `link/bad-answer` where it would pay in what is no money or
 * settle vouchers in no time or after very long.
 */
export function checkTerms({ network, settlement }: GatewayInfo): void {
  if (!settlement) return;
  const { cluster, genesis_hash: genesisHash, mint, decimals, settle_window_seconds: seconds } = settlement;
  if (cluster !== network)
    throw new AppError('chain/wrong-cluster', `The gateway works in ${network} and pays on ${cluster}.`);
  if (cluster !== 'localnet' && genesisHash !== genesisHashes[cluster])
    throw new AppError(
      'chain/wrong-cluster',
      `The gateway says ${cluster}, but its chain began with ${genesisHash}.`,
    );
  const { leastSeconds, mostSeconds } = settleWindow;
  if (seconds < leastSeconds || seconds > mostSeconds)
    throw bad(
      `The gateway would settle vouchers within ${seconds} seconds; from an hour (${leastSeconds}) to 30 days (${mostSeconds}) is taken.`,
    );
  const isUsdc = mint === usdcMints[cluster];
  // Anybody can make a token; on the other clusters nothing is worth anything.
  if (cluster === 'mainnet-beta' && mint !== nativeMint && !isUsdc)
    throw bad(`The gateway pays in ${mint}, which is neither SOL nor USDC.`);
  const due = mint === nativeMint ? solDecimals : isUsdc ? usdcDecimals : decimals;
  if (decimals !== due)
    throw bad(`The gateway says that ${mint === nativeMint ? 'SOL' : 'USDC'} has ${decimals} decimals.`);
}

const wrong = (message: string) => new AppError('wallet/wrong-channel', message);
const bad = (message: string) => new AppError('link/bad-answer', message);
