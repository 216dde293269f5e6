import type { WalletStatus } from '#contract/wallet.ts';

/** `view-only`: an address is paid, and no wallet has given its word for this node. */
export type WalletState = 'none' | 'view-only' | 'connected' | 'renewal-due' | 'expired';

/** Where the wallet stands. Before the node has told, the address of the settings is what is known. */
export function walletStateOf(
  status: Pick<WalletStatus, 'payoutAddress' | 'delegation'> | undefined,
  settingsAddress: string | null,
): WalletState {
  const delegation = status?.delegation;
  if (delegation?.isExpired) return 'expired';
  if (delegation?.isRenewalDue) return 'renewal-due';
  if (delegation) return 'connected';
  return (status?.payoutAddress ?? settingsAddress) === null ? 'none' : 'view-only';
}

/** The address in three parts, for people who compare it by its ends. */
export function addressParts(address: string): [string, string, string] {
  return [address.slice(0, 4), address.slice(4, -4), address.slice(-4)];
}

/** Where a transaction can be looked at; null for a chain that only this computer knows. */
export function explorerUrl(
  signature: string,
  cluster: 'mainnet-beta' | 'devnet' | 'localnet',
): string | null {
  if (cluster === 'localnet') return null;
  const query = cluster === 'devnet' ? '?cluster=devnet' : '';
  return `https://explorer.solana.com/tx/${signature}${query}`;
}
