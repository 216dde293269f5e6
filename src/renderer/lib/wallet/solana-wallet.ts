import type {
  SolanaSignInFeature,
  SolanaSignMessageFeature,
  SolanaSignTransactionFeature,
} from '@solana/wallet-standard-features';
import type { Wallet } from '@wallet-standard/base';
import { StandardConnect, type StandardConnectFeature } from '@wallet-standard/features';

/** A Wallet Standard wallet for Solana, with what it can do. */
export interface SolanaWallet extends Wallet {
  features: StandardConnectFeature &
    Partial<SolanaSignInFeature & SolanaSignMessageFeature & SolanaSignTransactionFeature>;
}

export const isForSolana = (wallet: Wallet): wallet is SolanaWallet =>
  StandardConnect in wallet.features && wallet.chains.some((chain) => chain.startsWith('solana:'));
