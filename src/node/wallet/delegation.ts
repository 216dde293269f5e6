import { randomBytes } from 'node:crypto';
import { AppError } from '#contract/errors.ts';
import { checkAddress } from '#contract/settlement/address.ts';
import { checkDelegation, type DelegatedNode, delegationRequest } from '#contract/settlement/delegation.ts';
import { exactBase64, verifyBytes } from '#contract/settlement/ed25519.ts';
import { payoutChangeText } from '#contract/settlement/payout-change.ts';
import { parseSignInText } from '#contract/settlement/sign-in-text.ts';
import type { SignInRequest, WalletStatus } from '#contract/wallet.ts';
import type { Delegation } from '#contract/wire/delegation.ts';
import type { Network } from '#contract/wire/network.ts';
import { mostPayoutChanges, type PayoutChange } from '#contract/wire/payout-change.ts';
import type { Clock } from '../clock.ts';
import type { StoredWallet, WalletStore } from './wallet-store.ts';

const dayMs = 86_400_000;
const renewalDays = 5;
const requestMs = 10 * 60_000;
const changeMs = 5 * 60_000;
const mostRequests = 100;

/** What a wallet calls the chain. With test credits none is used. */
const chainIds: Record<Network, string> = {
  'test-credits': 'solana:mainnet',
  'mainnet-beta': 'solana:mainnet',
  devnet: 'solana:devnet',
  localnet: 'solana:localnet',
};

export interface WalletBinding {
  signInRequest(): SignInRequest;
  /** Takes the wallet's word down. Resolves with the address that is paid from now on. Throws `wallet/bad-delegation`, `wallet/proof-needed`. */
  bind(delegation: Delegation): string;
  /** Forgets the wallet's word; whose signature a change needs stays. */
  revoke(): void;
  /** Origin of the gateway that is still to be told of it; null where none is. */
  endDue(): string | null;
  endTold(): void;
  changeRequest(address: string): Promise<{ message: string | null }>;
  /**
   * Takes down that an address is paid instead of the present one, and forgets the word for that. A wallet that was bound keeps its say
   * until the address signs in itself: it may have been mistyped. Throws `wallet/proof-needed` or `wallet/bad-signature`.
   */
  agreeToChange(change: { address: string; signature?: string | undefined }): Promise<string>;
  /** Whose signature another payout address needs; null where none does. */
  bound(): string | null;
  /** Throws `wallet/proof-needed` where another address needs the wallet's signature. */
  checkUnproven(address: string | null): void;
  /** To be sent with a registration at this gateway; null where it has none. */
  delegationFor(gatewayUrl: string): Delegation | null;
  /** By which wallets that were paid before have agreed to others, oldest first; sent with a registration. */
  payoutChanges(): PayoutChange[];
  status(): WalletStatus['delegation'];
}

/**
 * The word of the operator's wallet: its Sign In With Solana lets the node's own key register, report and hand in receipts for 30
 * days. That key can never change who is paid: only the bound wallet's signature does, under a message that is good once, for 5 minutes.
 */
export function createWalletBinding(parts: {
  store: WalletStore;
  clock: Clock;
  node: Pick<DelegatedNode, 'nodeKey' | 'nodeId'>;
  payoutAddress(): string | null;
  /** Where the node works, or is to work. Throws where that is not known yet. */
  gatewayUrl(): string;
  network(): Network | null;
  /** Origin of the relay whose page may ask a wallet on a phone; null where none is set. */
  relayUrl(): string | null;
}): WalletBinding {
  const { store, clock, node } = parts;
  /** Nonces of sign-ins that were asked for, and texts of changes, each until it is used or too old. */
  const requests = new Map<string, number>();
  const changes = new Map<string, { address: string; old: string | null; until: number }>();

  const bound = () => store.current.get().boundTo;
  const origin = () => new URL(parts.gatewayUrl()).origin;
  const newNonce = () => randomBytes(16).toString('hex');

  function forgetOld(): void {
    const now = clock.now();
    for (const [nonce, until] of requests)
      if (until < now || requests.size > mostRequests) requests.delete(nonce);
    for (const [message, { until }] of changes)
      if (until < now || changes.size > mostRequests) changes.delete(message);
  }

  function checkUnproven(address: string | null): void {
    const boundTo = bound();
    if (boundTo === null || address === parts.payoutAddress()) return;
    throw new AppError('wallet/proof-needed', `The wallet ${boundTo} must agree to another payout address.`, {
      data: { address: boundTo },
    });
  }

  return {
    signInRequest() {
      forgetOld();
      const now = clock.now();
      const nonce = newNonce();
      requests.set(nonce, now + requestMs);
      const network = parts.network();
      return {
        ...delegationRequest({ ...node, gatewayOrigin: origin() }, now, nonce),
        // Before the node has met its gateway nobody knows: a wrong chain would be worse than none.
        ...(network ? { chainId: chainIds[network] } : {}),
      };
    },
    bind(delegation) {
      forgetOld();
      const gateway = origin();
      const { address, issuedAt, expiresAt } = checkDelegation(delegation, {
        ...node,
        gatewayOrigin: gateway,
        relays: [parts.relayUrl() ?? []].flat(),
        now: clock.now(),
      });
      const nonce = nonceOf(delegation);
      if (nonce === null || !requests.has(nonce))
        throw new AppError('wallet/bad-delegation', 'This node has not asked for this sign-in just now.');
      // The bound wallet is back by its own word, where another is paid to which it agreed.
      if (address !== bound()) checkUnproven(address);
      const { endDue, payoutChanges } = store.current.get();
      store.set({
        payoutChanges,
        boundTo: address,
        agreedTo: null,
        delegation: { signed: delegation, issuedAt, expiresAt, gateway },
        endDue: endDue === gateway ? null : endDue,
      });
      requests.delete(nonce);
      return address;
    },
    revoke() {
      const { delegation, endDue, ...rest } = store.current.get();
      store.set({ ...rest, delegation: null, endDue: delegation?.gateway ?? endDue });
    },
    endDue: () => store.current.get().endDue,
    endTold: () => store.set({ ...store.current.get(), endDue: null }),
    async changeRequest(text) {
      const { address } = checkAddress(text);
      const from = bound();
      if (from === null) return { message: null };
      forgetOld();
      const until = clock.now() + changeMs;
      const message = payoutChangeText({ from, to: address, nodeId: node.nodeId, nonce: newNonce(), until });
      changes.set(message, { address, old: from, until });
      return { message };
    },
    async agreeToChange({ address: text, signature }) {
      const { address } = checkAddress(text);
      const before = store.current.get();
      const { boundTo } = before;
      if (boundTo === null || address === parts.payoutAddress()) return address;
      forgetOld();
      if (signature === undefined) checkUnproven(address);
      const found = [...changes].find(
        ([message, change]) =>
          change.address === address &&
          change.old === boundTo &&
          verifyBytes(Buffer.from(message), signature ?? '', boundTo),
      );
      if (!found || signature === undefined)
        throw new AppError(
          'wallet/bad-signature',
          `This is not ${boundTo}’s signature under a change to ${address} that was asked for in the last 5 minutes.`,
        );
      const [message] = found;
      changes.delete(message);
      const payoutChanges = [...before.payoutChanges, { message, signature }].slice(-mostPayoutChanges);
      const agreedTo = address === boundTo ? null : address;
      store.set({ ...before, agreedTo, delegation: null, payoutChanges });
      return address;
    },
    bound,
    checkUnproven,
    delegationFor(gatewayUrl) {
      const { delegation } = store.current.get();
      if (!delegation || delegation.expiresAt <= clock.now()) return null;
      const isPaid = delegation.signed.address === parts.payoutAddress();
      return isPaid && delegation.gateway === new URL(gatewayUrl).origin ? delegation.signed : null;
    },
    payoutChanges: () => store.current.get().payoutChanges,
    status: () => delegationStatus(store.current.get(), clock.now()),
  };
}

/** The delegation as the UI shows it. `now` in unix ms. */
export function delegationStatus({ delegation }: StoredWallet, now: number): WalletStatus['delegation'] {
  if (!delegation) return null;
  const { signed, issuedAt, expiresAt, gateway } = delegation;
  return {
    address: signed.address,
    issuedAt,
    expiresAt,
    gateway,
    isRenewalDue: expiresAt - now < renewalDays * dayMs,
    isExpired: expiresAt <= now,
  };
}

function nonceOf({ signed_message: message }: Delegation): string | null {
  const bytes = exactBase64(message);
  return bytes ? (parseSignInText(Buffer.from(bytes).toString()).nonce ?? null) : null;
}
