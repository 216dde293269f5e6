import type { Unit } from '#contract/assets.ts';
import { AppError } from '#contract/errors.ts';
import type { Payer } from '#contract/wallet.ts';
import type { PayerFigures } from '../ledger/sums.ts';

/** What the operator gives on credit, in the smallest unit of what is paid with. */
export interface CreditLimits {
  /** For a payer's work without a voucher. */
  unvoucheredLamports: bigint;
  /** For a gateway's work without payment. */
  unsettledLamports: bigint;
  blockedPayers: readonly string[];
}

/** What of its ways a gateway has said: without vouchers, or without a chain, nothing of the kind can be waited for. */
export interface GatewayPromises {
  vouches: boolean;
  pays: boolean;
}

/** Work that no voucher covers; what is disputed is such work too, or a payer could dispute all. */
export const unvoucheredOf = ({ earned, agreed, disputed, vouchered }: PayerFigures): bigint =>
  earned + agreed + disputed - vouchered;

/** Work with a receipt that is not paid, disputed or not. */
export const unsettledOf = ({ earned, agreed, disputed, settled }: PayerFigures): bigint =>
  earned + agreed + disputed - settled;

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
  const unvouchered = figures ? unvoucheredOf(figures) : 0n;
  if (!promises.vouches || unvouchered < limits.unvoucheredLamports) return null;
  return new AppError(
    'payer/credit-limit',
    `${payer || 'This payer'} owes ${unvouchered} ${countedIn(figures?.asset)} without a voucher; the limit is ${limits.unvoucheredLamports}.`,
    {
      data: { payer, owedLamports: `${unvouchered}`, limitLamports: `${limits.unvoucheredLamports}` },
      retryAfterSeconds: 60,
    },
  );
}

/** Why nobody of a gateway is served, which owes so much in an asset; null while they are. */
export function gatewayRefusal(
  gatewayUrl: string,
  { owed, asset }: { owed: bigint; asset: string },
  limits: CreditLimits,
  promises: GatewayPromises,
): AppError | null {
  if (!promises.pays || owed < limits.unsettledLamports) return null;
  return new AppError(
    'payer/credit-limit',
    `This node stops serving ${gatewayUrl}, because that gateway owes it ${owed} ${countedIn(asset)}; the limit is ${limits.unsettledLamports}.`,
    {
      data: { gatewayUrl, owedLamports: `${owed}`, limitLamports: `${limits.unsettledLamports}` },
      retryAfterSeconds: 60,
    },
  );
}

/** A payer as the contract has it. */
export function payerOf(
  figures: PayerFigures,
  unit: Unit,
  limits: CreditLimits,
  promises: GatewayPromises,
): Payer {
  const { payer, gatewayUrl, earned, agreed, disputed, unattributed, paidAt } = figures;
  const refusal = payerRefusal(payer, figures, limits, promises);
  return {
    payer,
    gatewayUrl,
    ...unit,
    earnedLamports: `${earned + agreed + disputed + unattributed}`,
    unvoucheredLamports: `${unvoucheredOf(figures)}`,
    unsettledLamports: `${unsettledOf(figures)}`,
    lastPaidAt: paidAt,
    isAtLimit: refusal?.code === 'payer/credit-limit',
    isBlocked: refusal?.code === 'payer/blocked',
  };
}
