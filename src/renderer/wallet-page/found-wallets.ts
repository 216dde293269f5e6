import { SolanaSignIn, SolanaSignMessage, SolanaSignTransaction } from '@solana/wallet-standard-features';
import { getWallets } from '@wallet-standard/app';
import type { Wallet } from '@wallet-standard/base';
import type { WalletQuestion } from '#contract/wallet.ts';
import { isForSolana, type SolanaWallet } from '../lib/wallet/solana-wallet.ts';

const canDo: Record<WalletQuestion['op'], (wallet: Wallet) => boolean> = {
  connect: () => true,
  signIn: ({ features }) => SolanaSignIn in features || SolanaSignMessage in features,
  signMessage: ({ features }) => SolanaSignMessage in features,
  signTransaction: ({ features }) => SolanaSignTransaction in features,
};

/** Wallets of this browser that can answer, Phantom first; `onChange` when one comes or goes. */
export function watchWallets(op: WalletQuestion['op'], onChange: () => void): () => SolanaWallet[] {
  const { get, on } = getWallets();
  on('register', onChange);
  on('unregister', onChange);
  return () =>
    get()
      .filter(isForSolana)
      .filter(canDo[op])
      .toSorted((one, other) => Number(isPhantom(other)) - Number(isPhantom(one)));
}

const isPhantom = ({ name }: Wallet) => name === 'Phantom';
