import { AppError } from '#contract/errors.ts';
import { keyBytes } from '#contract/settlement/channel-id.ts';
import { checkDelegation } from '#contract/settlement/delegation.ts';
import { payoutAfter } from '#contract/settlement/payout-change.ts';
import type { NodeCapabilities } from '#contract/wire/node-capabilities.ts';
import type { BoundWallet, ChannelBook, KeptDelegation } from './channel-book.ts';

export interface Registration {
  nodeId: string;
  nodeKey: string | null;
  capabilities: Pick<NodeCapabilities, 'wallet_address' | 'delegation' | 'payout_by' | 'payout_changes'>;
}

/**
 * Whether a node may register with its wallet, and by which delegation. With a chain a wallet must have delegated; with test
 * credits it may. A wallet that has delegated is only replaced by one to which it has agreed. Throws `wallet/bad-delegation`.
 */
export function judgeRegistration(
  { nodeId, nodeKey, capabilities }: Registration,
  known: {
    isChain: boolean;
    /** The gateway's own, as nodes may write it. */
    origins: readonly string[];
    bound: BoundWallet | null;
    /** Unix ms. */
    endedAt: number | null;
    now: number;
  },
): KeptDelegation | null {
  const { wallet_address: wallet, delegation, payout_changes: changes = [] } = capabilities;
  const { bound } = known;
  const isChange = bound?.isDelegated === true && bound.payout !== wallet;
  const isAgreed = !isChange || payoutAfter(bound.payout, nodeId, changes) === wallet;
  if (!delegation) {
    if (known.isChain) throw bad('This gateway pays real wallets: the payout wallet must sign in once.');
    if (known.endedAt !== null) throw bad('The delegation was taken back; the wallet must sign in again.');
    if (!isAgreed) throw bad(`${wallet} must sign in before it is paid instead of ${bound.payout}.`);
    return null;
  }
  if (nodeKey === null) throw bad('A delegation is good for a node that signs its calls.');
  if (delegation.address !== wallet)
    throw bad(`The delegation is ${delegation.address}’s, the payout address is ${wallet}.`);
  const checked = firstThatHolds(known.origins, (gatewayOrigin) =>
    checkDelegation(delegation, { nodeKey, nodeId, gatewayOrigin, now: known.now }),
  );
  if (known.endedAt !== null && checked.issuedAt <= known.endedAt)
    throw bad('The delegation was taken back; a new one must be issued after that.');
  if (!isAgreed) throw bad(`${bound.payout} must agree before ${wallet} is paid instead.`);
  return { ...checked, nodeKey, signedMessage: delegation.signed_message, signature: delegation.signature };
}

function firstThatHolds<T>(origins: readonly string[], check: (origin: string) => T): T {
  let first: unknown;
  for (const origin of origins) {
    try {
      return check(origin);
    } catch (thrown) {
      first ??= thrown;
    }
  }
  throw first ?? bad('This gateway has no address.');
}

export interface PayoutWallets {
  /** Throws `wallet/bad-delegation`. */
  judge(registration: Registration): KeptDelegation | null;
  /** Takes down whose wallet is paid from now on. */
  bind(registration: Registration, delegation: KeptDelegation | null): void;
  /** Throws `wallet/bad-delegation` when the wallet's word for this node is no longer good. */
  checkInForce(nodeId: string): void;
  end(nodeId: string): void;
}

/** Who is paid for a node's work, and that its wallet has agreed. */
export function createPayoutWallets(parts: {
  book: ChannelBook;
  isChain: boolean;
  origins(): readonly string[];
  now(): number;
}): PayoutWallets {
  const { book, isChain } = parts;
  return {
    judge: (registration) =>
      judgeRegistration(registration, {
        isChain,
        origins: parts.origins(),
        bound: book.wallet(registration.nodeId),
        endedAt: book.delegationEnded(registration.nodeId),
        now: parts.now(),
      }),
    bind({ nodeId, capabilities }, delegation) {
      const payout = capabilities.wallet_address;
      // A plain test network takes any word for a wallet; only an address can have a channel.
      if (!isAddress(payout)) return;
      const before = book.wallet(nodeId);
      const payoutBy = capabilities.payout_by ?? 'gateway';
      const isDelegated = delegation !== null || (before?.payout === payout && before.isDelegated);
      book.transaction(() => {
        if (delegation && book.delegation(nodeId)?.signature !== delegation.signature)
          book.addDelegation(nodeId, delegation);
        if (before?.payout !== payout || before.payoutBy !== payoutBy || before.isDelegated !== isDelegated)
          book.bindWallet(nodeId, { payout, payoutBy, isDelegated });
      });
    },
    checkInForce(nodeId) {
      if (!isChain) return;
      const delegation = book.delegation(nodeId);
      if (!delegation || delegation.expiresAt <= parts.now())
        throw bad('The wallet’s delegation has run out; it must sign in again.');
    },
    end: (nodeId) => book.endDelegation(nodeId),
  };
}

function isAddress(text: string): boolean {
  try {
    return keyBytes(text).length === 32;
  } catch {
    return false;
  }
}

const bad = (message: string) => new AppError('wallet/bad-delegation', message);
