import { moneyIn, type Unit } from '#contract/assets.ts';
import { AppError } from '#contract/errors.ts';
import type { CreditLimit, Payer } from '#contract/wallet.ts';
import type { PayerFigures } from '../ledger/sums.ts';

/** What the operator gives on credit, in the smallest unit of what is paid with. */
export interface CreditLimits {
  /** For one payer's work without a voucher, and without payment. */
  unvoucheredLamports: bigint;
  unsettledLamports: bigint;
  /** For the work of all payers of a gateway together without payment: many small payers may be one. */
  gatewayLamports: bigint;
  blockedPayers: readonly string[];
}

/** What of its ways a gateway has said: without vouchers, or without a chain, nothing of the kind can be waited for. */
export interface GatewayPromises {
  vouches: boolean;
  pays: boolean;
}

/** Disputed work that the operator has not written off: it counts to credit, or a payer could dispute all. */
const disputedOf = ({ disputed, writtenOff }: PayerFigures): bigint => disputed - writtenOff;

/** Work that no voucher covers. */
export const unvoucheredOf = (figures: PayerFigures): bigint =>
  figures.earned + figures.agreed + disputedOf(figures) - figures.vouchered;

/** Work with a receipt that is not paid. */
export const unsettledOf = (figures: PayerFigures): bigint =>
  figures.earned + figures.agreed + disputedOf(figures) - figures.settled;

const countedIn = (asset = 'SOL') => (asset === 'SOL' ? 'lamports' : `of the smallest unit of ${asset}`);

/** Why a payer is not served; null while it is. `figures` is null for one that has had nothing yet. */
export function payerRefusal(
  payer: string,
  figures: PayerFigures | null,
  limits: CreditLimits,
  promises: GatewayPromises,
): AppError | null {
  if (limits.blockedPayers.includes(payer))
    return new AppError('payer/blocked', `The operator of this node has blocked ${payer}.`, {
      data: { payer },
    });
  const reached = figures ? limitReached(figures, limits, promises) : null;
  if (reached === null) return null;
  const { owed, limit, lack } = reached;
  return new AppError(
    'payer/credit-limit',
    `This node stops serving ${payer || 'this payer'}, which owes it ${owed} ${countedIn(figures?.asset)} ${lackWords[lack]}; the limit is ${limit}.`,
    {
      data: { payer, lack, owedLamports: `${owed}`, limitLamports: `${limit}` },
      retryAfterSeconds: 60,
    },
  );
}

type PayerLimit = Exclude<CreditLimit, 'gateway'>;
const lackWords: Record<PayerLimit, string> = {
  unvouchered: 'without a voucher',
  unsettled: 'without having paid',
};

function limitReached(
  figures: PayerFigures,
  limits: CreditLimits,
  promises: GatewayPromises,
): { lack: PayerLimit; owed: bigint; limit: bigint } | null {
  const unvouchered = unvoucheredOf(figures);
  if (promises.vouches && unvouchered >= limits.unvoucheredLamports)
    return { lack: 'unvouchered', owed: unvouchered, limit: limits.unvoucheredLamports };
  const unsettled = unsettledOf(figures);
  if (promises.pays && unsettled >= limits.unsettledLamports)
    return { lack: 'unsettled', owed: unsettled, limit: limits.unsettledLamports };
  return null;
}

/** Why nobody of a gateway is served, which owes so much in an asset; null while they are. */
export function gatewayRefusal(
  gatewayUrl: string,
  { owed, asset }: { owed: bigint; asset: string },
  limits: CreditLimits,
  promises: GatewayPromises,
): AppError | null {
  if (!promises.pays || owed < limits.gatewayLamports) return null;
  return new AppError(
    'payer/credit-limit',
    `This node stops serving ${gatewayUrl}, because that gateway owes it ${owed} ${countedIn(asset)}; the limit is ${limits.gatewayLamports}.`,
    {
      data: {
        gatewayUrl,
        lack: 'gateway',
        owedLamports: `${owed}`,
        limitLamports: `${limits.gatewayLamports}`,
      },
      retryAfterSeconds: 60,
    },
  );
}

/** A payer as the contract has it; `isGatewayAtLimit`: nobody of its gateway is served. */
export function payerOf(
  figures: PayerFigures,
  unit: Unit,
  limits: CreditLimits,
  promises: GatewayPromises,
  isGatewayAtLimit = false,
): Payer {
  const { payer, gatewayUrl, money, earned, agreed, disputed, unattributed, writtenOff, paidAt } = figures;
  return {
    payer,
    gatewayUrl,
    network: moneyIn(money).network,
    ...unit,
    earnedLamports: `${earned + agreed + disputed + unattributed}`,
    unvoucheredLamports: `${unvoucheredOf(figures)}`,
    unsettledLamports: `${unsettledOf(figures)}`,
    disputedLamports: `${disputedOf(figures)}`,
    writtenOffLamports: `${writtenOff}`,
    lastPaidAt: paidAt,
    limitReached: limitReached(figures, limits, promises)?.lack ?? (isGatewayAtLimit ? 'gateway' : null),
    isBlocked: limits.blockedPayers.includes(payer),
  };
}
