import { AppError } from '#contract/errors.ts';
import { checkAddress, unpayable } from '#contract/settlement/address.ts';
import { checkDelegation } from '#contract/settlement/delegation.ts';
import { agreedChanges, hasAgreed } from '#contract/settlement/payout-change.ts';
import { type AddressWarning, isUnpayable } from '#contract/wallet.ts';
import type { NodeCapabilities } from '#contract/wire/node-capabilities.ts';
import type { BoundWallet, ChannelBook, KeptDelegation } from './channel-book.ts';

export interface Registration {
  nodeId: string;
  nodeKey: string | null;
  capabilities: Pick<NodeCapabilities, 'wallet_address' | 'delegation' | 'payout_by' | 'payout_changes'>;
}

/**
 * Whether a node may register with its wallet, and by which delegation. With a chain a wallet must have delegated; with test
 * credits it may. A wallet that has once delegated is replaced only by one to which it, or one that it agreed to, has agreed: it keeps
 * its say until another wallet has delegated, so that a mistyped address can be got out of. Throws `wallet/invalid-address`,
 * `wallet/bad-delegation`.
 */
export function judgeRegistration(
  { nodeId, nodeKey, capabilities }: Registration,
  known: {
    /** What the gateway pays from; null without a chain. */
    treasury: string | null;
    /** The gateway's own, as nodes may write it. */
    origins: readonly string[];
    /** Origins of relays for wallets on phones. */
    relays: readonly string[];
    bound: Pick<BoundWallet, 'payout'> | null;
    /** The last that has delegated. */
    proven: string | null;
    /** Texts of changes that came with an earlier registration. */
    spent: ReadonlySet<string>;
    /** Unix ms. */
    endedAt: number | null;
    now: number;
  },
): KeptDelegation | null {
  const { wallet_address: wallet, delegation, payout_changes: changes = [] } = capabilities;
  const { bound, proven } = known;
  checkPayable(wallet, known.treasury);
  const agree = () =>
    hasAgreed(
      [proven, bound?.payout].flatMap((one) => one ?? []),
      wallet,
      agreedChanges(nodeId, changes).filter(({ message }) => !known.spent.has(message)),
    );
  // One that has said so before and signs in is back by its own word.
  const isAgreed =
    proven === null || wallet === bound?.payout || (wallet === proven ? delegation !== undefined : agree());
  if (!delegation) {
    if (known.treasury !== null)
      throw bad('This gateway pays real wallets: the payout wallet must sign in once.');
    if (known.endedAt !== null) throw bad('The delegation was taken back; the wallet must sign in again.');
    if (!isAgreed) throw bad(`${wallet} must sign in before it is paid instead of ${bound?.payout}.`);
    return null;
  }
  if (nodeKey === null) throw bad('A delegation is good for a node that signs its calls.');
  if (delegation.address !== wallet)
    throw bad(`The delegation is ${delegation.address}’s, the payout address is ${wallet}.`);
  const checked = firstThatHolds(known.origins, (gatewayOrigin) =>
    checkDelegation(delegation, { nodeKey, nodeId, gatewayOrigin, relays: known.relays, now: known.now }),
  );
  if (known.endedAt !== null && checked.issuedAt <= known.endedAt)
    throw bad('The delegation was taken back; a new one must be issued after that.');
  if (!isAgreed) throw bad(`${proven} must agree before ${wallet} is paid instead.`);
  return { ...checked, nodeKey, signedMessage: delegation.signed_message, signature: delegation.signature };
}

/** Throws `wallet/invalid-address` with what speaks against paying there; what the chain knows is not asked. */
function checkPayable(wallet: string, treasury: string | null): void {
  const { address, warning } = checkAddress(wallet);
  if (address !== wallet) throw new AppError('wallet/invalid-address', 'An address has no space around it.');
  if (isUnpayable(warning) || warning === 'program-address') throw unpayable(address, warning);
  if (address === treasury)
    throw new AppError(
      'wallet/invalid-address',
      `${address} is this gateway’s own treasury: give the address of your wallet.`,
    );
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
  /** Throws `wallet/invalid-address`, `wallet/bad-delegation`. */
  judge(registration: Registration): KeptDelegation | null;
  /** Throws `wallet/invalid-address` when the chain shows that it is no wallet's; one that is away says nothing against it. */
  checkOnChain(wallet: string): Promise<void>;
  /** Takes down whose wallet is paid from now on. */
  bind(registration: Registration, delegation: KeptDelegation | null): void;
  /** Throws `wallet/bad-delegation` when the wallet's word for this node is no longer good. */
  checkInForce(nodeId: string): void;
  end(nodeId: string): void;
}

/** Who is paid for a node's work, and that its wallet has agreed. */
export function createPayoutWallets(parts: {
  book: ChannelBook;
  /** What is paid from, and what the chain knows of an address; null with test credits. */
  chain: {
    treasury: string;
    /** Throws `chain/*`. */
    warningOf(address: string): Promise<AddressWarning | null>;
  } | null;
  origins(): readonly string[];
  relays(): readonly string[];
  now(): number;
}): PayoutWallets {
  const { book, chain } = parts;
  return {
    judge: (registration) =>
      judgeRegistration(registration, {
        treasury: chain?.treasury ?? null,
        origins: parts.origins(),
        relays: parts.relays(),
        bound: book.wallet(registration.nodeId),
        proven: book.provenWallet(registration.nodeId),
        spent: book.spentChanges(registration.nodeId),
        endedAt: book.delegationEnded(registration.nodeId),
        now: parts.now(),
      }),
    async checkOnChain(wallet) {
      const warning = (await chain?.warningOf(wallet).catch(() => null)) ?? null;
      if (warning !== null) throw unpayable(wallet, warning);
    },
    bind({ nodeId, capabilities }, delegation) {
      const { wallet_address: payout, payout_changes: changes = [] } = capabilities;
      const before = book.wallet(nodeId);
      const payoutBy = capabilities.payout_by ?? 'gateway';
      const isDelegated = delegation !== null || (before?.payout === payout && before.isDelegated);
      book.transaction(() => {
        if (delegation && book.delegation(nodeId)?.signature !== delegation.signature)
          book.addDelegation(nodeId, delegation);
        if (before?.payout !== payout || before.payoutBy !== payoutBy || before.isDelegated !== isDelegated)
          book.bindWallet(nodeId, { payout, payoutBy, isDelegated });
        for (const { message } of agreedChanges(nodeId, changes)) book.spendChange(nodeId, message);
      });
    },
    checkInForce(nodeId) {
      if (!chain) return;
      const delegation = book.delegation(nodeId);
      if (!delegation || delegation.expiresAt <= parts.now())
        throw bad('The wallet’s delegation has run out; it must sign in again.');
    },
    end: (nodeId) => book.endDelegation(nodeId),
  };
}

const bad = (message: string) => new AppError('wallet/bad-delegation', message);
