import {
  SolanaSignIn,
  type SolanaSignInFeature,
  type SolanaSignInMethod,
  SolanaSignMessage,
  type SolanaSignMessageFeature,
  type SolanaSignMessageMethod,
  SolanaSignTransaction,
  type SolanaSignTransactionFeature,
  type SolanaSignTransactionMethod,
} from '@solana/wallet-standard-features';
import type { Wallet, WalletAccount } from '@wallet-standard/base';
import {
  StandardConnect,
  type StandardConnectFeature,
  StandardDisconnect,
  type StandardDisconnectFeature,
  StandardEvents,
  type StandardEventsFeature,
  type StandardEventsListeners,
} from '@wallet-standard/features';
import bs58 from 'bs58';
import { AppError } from '#contract/errors.ts';
import { type Result, unwrap } from '#contract/result.ts';
import type { SignInRequest, WalletAnswer, WalletQuestion, WalletWay } from '#contract/wallet.ts';
import { base64Of, bytesOfBase64 } from './base64.ts';
import { clusterOf } from './chain.ts';

type Answered<O> = Extract<WalletAnswer, { op: O }>;
type WithoutSummary<Q> = Q extends unknown ? Omit<Q, 'summary'> : never;
type Features = StandardConnectFeature &
  StandardDisconnectFeature &
  StandardEventsFeature &
  SolanaSignInFeature &
  SolanaSignMessageFeature &
  SolanaSignTransactionFeature;

const chains = ['solana:mainnet', 'solana:devnet', 'solana:localnet'] as const;
const accountFeatures = [SolanaSignIn, SolanaSignMessage, SolanaSignTransaction] as const;
const names = { browser: 'Phantom (in your browser)', phone: 'Phantom (on your phone)' } as const;
const accountKeys = { browser: 'solanalm.bridge-account', phone: 'solanalm.phone-account' } as const;

interface BridgeParts {
  via: WalletWay;
  /** Asks the wallet there: `shell.askWallet`. */
  ask(question: WalletQuestion): Promise<Result<WalletAnswer>>;
  /** Keeps the address of the account from one start of the app to the next. */
  storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;
}

/**
 * Phantom, which lives in the system's browser or on a phone and not in this window, as a Wallet Standard wallet. Each question is asked
 * by a page there, except a silent `connect`. It signs and never sends.
 */
export class BridgeWallet implements Wallet {
  readonly version = '1.0.0' as const;
  readonly name: string;
  readonly via: WalletWay;
  readonly icon =
    'data:image/svg+xml;base64,PHN2ZyB4bWxucz0iaHR0cDovL3d3dy53My5vcmcvMjAwMC9zdmciIHZpZXdCb3g9IjAgMCAyNCAyNCI+PHJlY3Qgd2lkdGg9IjI0IiBoZWlnaHQ9IjI0IiByeD0iNiIgZmlsbD0iI2FiOWZmMiIvPjxwYXRoIGQ9Ik03IDE3VjExYTUgNSAwIDAgMSAxMCAwdjZsLTItMS41LTEuNSAxLjUtMS41LTEuNS0xLjUgMS41LTEuNS0xLjV6IiBmaWxsPSIjZmZmIi8+PC9zdmc+' as const;
  readonly chains = chains;
  readonly features: Features;
  /** What the page says in words to the next question. */
  summary = '';
  #accounts: WalletAccount[] = [];
  #listeners = new Set<StandardEventsListeners['change']>();
  #parts: BridgeParts;
  #accountKey: string;

  constructor(parts: BridgeParts) {
    this.#parts = parts;
    this.via = parts.via;
    this.name = names[parts.via];
    this.#accountKey = accountKeys[parts.via];
    const known = parts.storage.getItem(this.#accountKey);
    if (known) this.#accounts = accountsOf(known);
    this.features = {
      [StandardConnect]: {
        version: '1.0.0',
        connect: async ({ silent = false } = {}) => {
          if (this.#accounts.length === 0 && !silent) {
            const { address } = await this.#ask({ op: 'connect' });
            this.adopt(address);
          }
          return { accounts: this.#accounts };
        },
      },
      [StandardDisconnect]: { version: '1.0.0', disconnect: async () => this.adopt(null) },
      [StandardEvents]: {
        version: '1.0.0',
        on: (_event, listener) => {
          this.#listeners.add(listener);
          return () => this.#listeners.delete(listener);
        },
      },
      [SolanaSignIn]: { version: '1.0.0', signIn: this.#signIn },
      [SolanaSignMessage]: { version: '1.1.0', signMessage: this.#signMessage },
      [SolanaSignTransaction]: {
        version: '1.0.0',
        supportedTransactionVersions: ['legacy', 0],
        signTransaction: this.#signTransaction,
      },
    };
  }

  get accounts() {
    return this.#accounts;
  }

  /** Takes an address for the wallet's account; whether it has it, the page finds out when it asks. */
  adopt(address: string | null): void {
    if ((this.#accounts[0]?.address ?? null) === address) return;
    this.#accounts = address === null ? [] : accountsOf(address);
    if (address === null) this.#parts.storage.removeItem(this.#accountKey);
    else this.#parts.storage.setItem(this.#accountKey, address);
    for (const listener of this.#listeners) listener({ accounts: this.#accounts });
  }

  #signIn: SolanaSignInMethod = async (...inputs) => {
    const outputs = [];
    for (const { domain: _, address: __, ...input } of inputs) {
      const { delegation } = await this.#ask({ op: 'signIn', request: input as SignInRequest });
      this.adopt(delegation.address);
      const [account] = accountsOf(delegation.address);
      if (account)
        outputs.push({
          account,
          signedMessage: bytesOfBase64(delegation.signed_message),
          signature: bs58.decode(delegation.signature),
        });
    }
    return outputs;
  };

  #signMessage: SolanaSignMessageMethod = async (...inputs) => {
    const outputs = [];
    for (const { account, message } of inputs) {
      const question = { op: 'signMessage', address: account.address, message: base64Of(message) } as const;
      const { signedMessage, signature } = await this.#ask(question);
      outputs.push({ signedMessage: bytesOfBase64(signedMessage), signature: bs58.decode(signature) });
    }
    return outputs;
  };

  #signTransaction: SolanaSignTransactionMethod = async (...inputs) => {
    const outputs = [];
    for (const { account, chain, transaction } of inputs) {
      const cluster = clusterOf(chain);
      // A wallet that guessed the chain would show another one's balances.
      if (!cluster) throw new AppError('chain/wrong-cluster', `There is no chain “${chain}” here.`);
      const signed = await this.#ask({
        op: 'signTransaction',
        address: account.address,
        cluster,
        transaction: base64Of(transaction),
      });
      outputs.push({ signedTransaction: bytesOfBase64(signed.transaction) });
    }
    return outputs;
  };

  async #ask<Q extends WithoutSummary<WalletQuestion>>(question: Q): Promise<Answered<Q['op']>> {
    const answer = unwrap(await this.#parts.ask({ ...question, summary: this.summary } as WalletQuestion));
    if (answer.op !== question.op)
      throw new AppError('wallet/bad-signature', 'The wallet answered another question.');
    return answer as Answered<Q['op']>;
  }
}

const accountsOf = (address: string): WalletAccount[] => [
  { address, publicKey: bs58.decode(address), chains, features: accountFeatures },
];
