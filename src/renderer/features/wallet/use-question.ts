import { useWallet } from '@solana/wallet-adapter-react';
import { useCallback, useEffect, useRef, useState } from 'react';
import type { ErrorBody } from '#contract/result.ts';
import type { WalletAnswer, WalletQuestion } from '#contract/wallet.ts';
import { client } from '../../lib/client.ts';
import { useSignal } from '../../lib/use-signal.ts';
import { askWallet } from '../../lib/wallet/ask-wallet.ts';
import { BridgeWallet } from '../../lib/wallet/bridge-wallet.ts';
import { isForSolana, type SolanaWallet } from '../../lib/wallet/solana-wallet.ts';
import { walletErrorOf } from '../../lib/wallet/wallet-error.ts';

type Answered<O> = Extract<WalletAnswer, { op: O }>;

/** Wallets that are here, and one question at a time to one of them. */
export interface Asking {
  wallets: SolanaWallet[];
  /** The one that was asked last. */
  preferred: SolanaWallet | undefined;
  /** The one that is asked now. */
  waitingFor: SolanaWallet | null;
  error: ErrorBody | null;
  setError(error: ErrorBody | null): void;
  /** The wallet's answer; null where it failed, and then `error` says why. */
  ask<Q extends WalletQuestion>(wallet: SolanaWallet, question: Q): Promise<Answered<Q['op']> | null>;
  cancel(): void;
}

export function useQuestion(): Asking {
  const { wallets: entries, wallet: chosen, select } = useWallet();
  const [waitingFor, setWaitingFor] = useState<SolanaWallet | null>(null);
  const [error, setError] = useState<ErrorBody | null>(null);
  const isWaiting = useRef(false);
  const turn = useRef(0);
  const hasRelay = useSignal('settings.current')?.phoneRelayUrl != null;
  const isReached = (wallet: unknown) =>
    hasRelay || !(wallet instanceof BridgeWallet && wallet.via === 'phone');

  const wallets = entries.flatMap(({ adapter }) =>
    'wallet' in adapter && isForSolana(adapter.wallet as SolanaWallet) && isReached(adapter.wallet)
      ? [adapter.wallet as SolanaWallet]
      : [],
  );
  const cancel = useCallback(() => {
    if (!isWaiting.current) return;
    turn.current += 1;
    isWaiting.current = false;
    setWaitingFor(null);
    // Without a desktop shell there is nothing to take back but the wallet's own window.
    void client.request('shell.cancelWallet', {});
  }, []);
  // Whoever closes the window takes the question back.
  useEffect(() => cancel, [cancel]);

  async function ask<Q extends WalletQuestion>(wallet: SolanaWallet, question: Q) {
    turn.current += 1;
    const mine = turn.current;
    isWaiting.current = true;
    setError(null);
    setWaitingFor(wallet);
    if (wallet instanceof BridgeWallet) {
      wallet.summary = question.summary;
      // It is the page that finds out whether the wallet has the account.
      wallet.adopt('address' in question ? question.address : null);
    }
    try {
      const answer = await askWallet(wallet, question, location.host);
      if (mine !== turn.current) return null;
      select(wallet.name as Parameters<typeof select>[0]);
      return answer as Answered<Q['op']>;
    } catch (thrown) {
      if (mine === turn.current) setError(walletErrorOf(thrown));
      return null;
    } finally {
      if (mine === turn.current) {
        isWaiting.current = false;
        setWaitingFor(null);
      }
    }
  }
  const preferred = wallets.find(({ name }) => name === chosen?.adapter.name) ?? wallets[0];
  return { wallets, preferred, waitingFor, error, setError, ask, cancel };
}
