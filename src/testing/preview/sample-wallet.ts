import { type Unit, usdcDecimals, usdcMints } from '#contract/assets.ts';
import type { ClaimSummary, Payment, WalletStatus } from '#contract/wallet.ts';
import { clusterSchema } from '#contract/wire/network.ts';
import { payer } from './sample-data.ts';

export const usdc: Unit = { asset: usdcMints.devnet ?? '', decimals: usdcDecimals };
const day = 86_400_000;
const treasury = 'GATEwayTreasury1111111111111111111111111111';
export const sampleSignature =
  '5VERv8NMvzbJMEkV8xnrLkEaWRtSz9CosKDYjCJjBRnbJLgp8uirBgmQpjKhoR4tjF3ZpRzrFmBV6UjKdiSZkQUW';

/** Days until the wallet's word ends. */
const daysLeft: Record<string, number> = { connected: 26, 'renewal-due': 4, expired: -2 };

/** What the wallet's card shows: `none`, `view-only`, `connected`, `renewal-due`, `expired`; and on which chain. */
export function sampleWallet(now: number, state: string, cluster: string | null): WalletStatus {
  const chain = clusterSchema.safeParse(cluster ?? '');
  const left = daysLeft[state];
  return {
    payoutAddress: state === 'none' ? null : payer,
    delegation:
      left === undefined
        ? null
        : {
            address: payer,
            issuedAt: now + (left - 30) * day,
            expiresAt: now + left * day,
            gateway: 'https://gateway.solanalm.example',
            isRenewalDue: left < 5,
            isExpired: left < 0,
          },
    chain: chain.success
      ? { cluster: chain.data, endpoint: 'api.devnet.solana.com', isRightCluster: true, problem: null }
      : null,
    balances:
      chain.success && state !== 'none'
        ? { lamports: '1284500000', token: { ...usdc, amountAtomic: '42150000' }, at: now - 40_000 }
        : null,
  };
}

export const sampleClaim = (now: number, cluster: string | null, unit: Unit): ClaimSummary => ({
  id: 'claim-1',
  cluster: clusterSchema.catch('devnet').parse(cluster),
  amountAtomic: '8412000',
  ...unit,
  feeLamports: '10000',
  from: treasury,
  to: payer,
  memo: 'solanalm:settle:v1:9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin:191478000',
  simulation: { ok: true, problem: null },
  transaction: 'AQ==',
  expiresAt: now + 80_000,
});

export const samplePayment = (now: number, claim: ClaimSummary): Payment => ({
  id: claim.id,
  at: now,
  gatewayUrl: 'https://gateway.solanalm.example',
  mode: 'claim',
  amountAtomic: claim.amountAtomic,
  asset: claim.asset,
  decimals: claim.decimals,
  cluster: claim.cluster,
  state: 'submitted',
  signature: sampleSignature,
  reason: null,
});
