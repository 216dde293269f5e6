import type { Adapter } from '@solana/wallet-adapter-base';
import { WalletProvider } from '@solana/wallet-adapter-react';
import { AddressFlow } from './address-flow.tsx';
import { ClaimFlow } from './claim-flow.tsx';
import { PayoutFlow } from './payout-flow.tsx';
import { SignInFlow } from './sign-in-flow.tsx';
import type { WalletTask } from './wallet-window.tsx';

/** Finds out which accounts are known; never opens a window or a tab by itself. */
async function connectSilently(adapter: Adapter): Promise<false> {
  await adapter.autoConnect().catch(() => {});
  return false;
}

/** What the wallet is asked, within all wallets that are here. */
export default function WalletFlow({ task, onClose }: { task: WalletTask; onClose(): void }) {
  return (
    <WalletProvider
      wallets={[]}
      autoConnect={connectSilently}
      onError={() => {}}
      localStorageKey="solanalm.wallet"
    >
      {task.kind === 'sign-in' && <SignInFlow onClose={onClose} />}
      {task.kind === 'address' && <AddressFlow onAddress={task.onAddress} />}
      {task.kind === 'payout' && <PayoutFlow onClose={onClose} />}
      {task.kind === 'claim' && <ClaimFlow onClose={onClose} />}
    </WalletProvider>
  );
}
