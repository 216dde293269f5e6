import { registerWallet } from '@wallet-standard/wallet';
import { walletWaySchema } from '#contract/wallet.ts';
import { client } from '../client.ts';
import { BridgeWallet } from './bridge-wallet.ts';

let registered: Promise<BridgeWallet[]> | null = null;

/** Makes Phantom in the browser and on the phone known to this window's wallets, once, where a desktop shell reaches them; else none. */
export function registerBridges(): Promise<BridgeWallet[]> {
  registered ??= client.request('shell.info', {}).then((info) => {
    if (!info.ok) return [];
    return walletWaySchema.options.map((via) => {
      const wallet = new BridgeWallet({
        via,
        ask: (question) => client.request('shell.askWallet', { question, via }),
        storage: localStorage,
      });
      registerWallet(wallet);
      return wallet;
    });
  });
  return registered;
}
