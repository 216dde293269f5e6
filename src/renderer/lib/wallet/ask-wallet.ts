import { SolanaSignIn, SolanaSignMessage, SolanaSignTransaction } from '@solana/wallet-standard-features';
import type { WalletAccount } from '@wallet-standard/base';
import { StandardConnect } from '@wallet-standard/features';
import bs58 from 'bs58';
import { signInText } from '#contract/settlement/sign-in-text.ts';
import type { WalletAnswer, WalletQuestion } from '#contract/wallet.ts';
import { base64Of, bytesOfBase64 } from './base64.ts';
import { chainOf } from './chain.ts';
import type { SolanaWallet } from './solana-wallet.ts';

/** The wallet shows other accounts than the one that is asked. */
export class WrongAccount extends Error {
  readonly asked: string;
  readonly found: string;
  constructor(asked: string, found: string) {
    super(`${asked} is asked; ${found} is selected.`);
    this.asked = asked;
    this.found = found;
  }
}

/** Puts the question to a wallet. Throws WrongAccount, or whatever the wallet throws when it says no. */
export async function askWallet(
  wallet: SolanaWallet,
  question: WalletQuestion,
  domain: string,
): Promise<WalletAnswer> {
  switch (question.op) {
    case 'connect':
      return { op: 'connect', address: (await connect(wallet)).address };
    case 'signIn':
      return signIn(wallet, question, domain);
    case 'signMessage': {
      const account = await connect(wallet, question.address);
      const signed = await signMessage(wallet, account, bytesOfBase64(question.message));
      return {
        op: 'signMessage',
        address: account.address,
        signedMessage: base64Of(signed.signedMessage),
        signature: bs58.encode(signed.signature),
      };
    }
    case 'signTransaction': {
      const account = await connect(wallet, question.address);
      const transaction = bytesOfBase64(question.transaction);
      const chain = chainOf[question.cluster];
      const outputs = await wallet.features[SolanaSignTransaction]?.signTransaction({
        account,
        chain,
        transaction,
      });
      return {
        op: 'signTransaction',
        address: account.address,
        transaction: base64Of(first(outputs).signedTransaction),
      };
    }
  }
}

async function signIn(
  wallet: SolanaWallet,
  { request }: Extract<WalletQuestion, { op: 'signIn' }>,
  domain: string,
): Promise<WalletAnswer> {
  const feature = wallet.features[SolanaSignIn];
  if (feature) {
    const { account, signedMessage, signature } = first(await feature.signIn({ domain, ...request }));
    return delegation(account.address, signedMessage, signature);
  }
  // A wallet without the feature signs the same text as a message.
  const account = await connect(wallet);
  const text = new TextEncoder().encode(signInText({ domain, address: account.address, ...request }));
  const { signedMessage, signature } = await signMessage(wallet, account, text);
  return delegation(account.address, signedMessage, signature);
}

const delegation = (address: string, signedMessage: Uint8Array, signature: Uint8Array): WalletAnswer => ({
  op: 'signIn',
  delegation: { address, signed_message: base64Of(signedMessage), signature: bs58.encode(signature) },
});

async function signMessage(wallet: SolanaWallet, account: WalletAccount, message: Uint8Array) {
  return first(await wallet.features[SolanaSignMessage]?.signMessage({ account, message }));
}

/** The wallet's account; with an address, that one. */
async function connect(wallet: SolanaWallet, address?: string): Promise<WalletAccount> {
  const { accounts } = await wallet.features[StandardConnect].connect();
  const found = address === undefined ? accounts[0] : accounts.find((one) => one.address === address);
  if (found) return found;
  if (address !== undefined && accounts[0]) throw new WrongAccount(address, accounts[0].address);
  throw new Error('The wallet shared no account.');
}

function first<T>(outputs: readonly T[] | undefined): T {
  const output = outputs?.[0];
  if (!output) throw new Error('The wallet gave no answer.');
  return output;
}
