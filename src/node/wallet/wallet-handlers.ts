import { moneyKey } from '#contract/assets.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { NodeController } from '../node-controller.ts';
import type { Handlers } from '../server/contract-server.ts';
import type { SettingsStore } from '../settings-store.ts';
import type { Wallet } from './open-wallet.ts';
import { examineAddress, payableAddress } from './payable.ts';

type WalletCall = Extract<keyof Handlers, `wallet.${string}` | `payouts.${string}` | `payers.${string}`>;

/** What the calls about wallet and money do. */
export function createWalletHandlers(parts: {
  wallet: Wallet;
  settings: SettingsStore;
  ledger: Pick<Ledger, 'writeOff'>;
  controller: Pick<NodeController, 'changeSettings' | 'announce'>;
}): Pick<Handlers, WalletCall> {
  const { wallet, settings, ledger, controller } = parts;
  const { binding } = wallet;

  /** A change of who is paid starts the node anew; else the gateway is told at once. */
  function pay(address: string): void {
    if (settings.current.get().payoutAddress === address) controller.announce();
    else controller.changeSettings({ payoutAddress: address });
    wallet.changed();
  }

  return {
    'wallet.check': ({ address }) => examineAddress(address, wallet.chain()),
    'wallet.signInRequest': () => binding.signInRequest(),
    'wallet.bind': (delegation) => {
      pay(binding.bind(delegation));
      return null;
    },
    'wallet.revoke': async () => {
      await wallet.revoke();
      return null;
    },
    'wallet.changeRequest': async ({ address }) =>
      binding.changeRequest(await payableAddress(address, wallet.chain())),
    'wallet.setPayout': async (change) => {
      await payableAddress(change.address, wallet.chain());
      const address = await binding.agreeToChange(change);
      if (address !== settings.current.get().payoutAddress) pay(address);
      wallet.changed();
      return null;
    },
    'wallet.refresh': async () => {
      await wallet.refresh();
      return null;
    },
    'payouts.prepare': () => wallet.claims.prepare(),
    'payouts.submit': ({ id, transaction }) => wallet.claims.submit(id, transaction),
    'payouts.list': ({ limit }) => wallet.payments(limit),
    'payers.list': () => wallet.payers(),
    'payers.block': ({ payer, blocked }) => {
      const others = settings.current.get().blockedPayers.filter((other) => other !== payer);
      controller.changeSettings({ blockedPayers: blocked ? [...others, payer] : others });
      return null;
    },
    'payers.writeOff': ({ gatewayUrl, network, asset, payer, amountLamports }) => {
      ledger.writeOff({ gatewayUrl, money: moneyKey(network, asset), payer }, BigInt(amountLamports));
      return null;
    },
  };
}
