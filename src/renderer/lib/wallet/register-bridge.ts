import { registerWallet } from '@wallet-standard/wallet';
import { client } from '../client.ts';
import { BridgeWallet } from './bridge-wallet.ts';

let registered: Promise<BridgeWallet | null> | null = null;

/** Makes the browser's Phantom known to this window's wallets, once, where a desktop shell can open a browser; else null. */
export function registerBridge(): Promise<BridgeWallet | null> {
  registered ??= client.request('shell.info', {}).then((info) => {
    if (!info.ok) return null;
    const ask = (question: Parameters<typeof client.request<'shell.askWallet'>>[1]) =>
      client.request('shell.askWallet', question);
    const wallet = new BridgeWallet({ ask, storage: localStorage });
    registerWallet(wallet);
    return wallet;
  });
  return registered;
}
