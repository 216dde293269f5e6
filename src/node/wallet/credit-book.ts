import { moneyKey } from '#contract/assets.ts';
import type { AppError } from '#contract/errors.ts';
import { type ErrorBody, errorBody } from '#contract/result.ts';
import type { Payer } from '#contract/wallet.ts';
import type { GatewayInfo } from '#contract/wire/node-capabilities.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { pricedIn } from '../node-pricing.ts';
import type { SettingsStore } from '../settings-store.ts';
import { createSignal, type Signal } from '../signal.ts';
import {
  type CreditLimits,
  type GatewayPromises,
  gatewayRefusal,
  payerOf,
  payerRefusal,
  unsettledOf,
} from './credit.ts';

export interface CreditBook {
  /** Why a payer of the present gateway is not served; null while it is. Asks no database. */
  refusal(payer: string): AppError | null;
  /** Why nobody of the present gateway is served; null while they are. */
  obstacle: Signal<ErrorBody | null>;
  /**
   * The most that a voucher may be above what is paid; null: without end. A channel has all payers of its gateway, so it is the gateway's
   * credit, and one payer's for work that was under way when that ended.
   */
  voucherLimit(info: GatewayInfo): bigint | null;
  payers(): Payer[];
  /** What the present gateway pays with cannot be paid with; null: it can. Then nobody of it is served. */
  tokenRefused(error: AppError | null): void;
  /** Figures, limits or the gateway have changed. */
  changed(): void;
}

/** Who owes what, in memory, and what follows from it. */
export function createCreditBook(parts: {
  ledger: Pick<Ledger, 'payers' | 'payer' | 'unitOf'>;
  settings: SettingsStore;
  gateway(): { url: string; info: GatewayInfo } | null;
}): CreditBook {
  const { ledger } = parts;
  const obstacle = createSignal<ErrorBody | null>(null);
  let gatewayError: AppError | null = null;
  let isGatewayAtLimit = false;
  let tokenError: AppError | null = null;

  const limits = (): CreditLimits => {
    const settings = parts.settings.current.get();
    return {
      unvoucheredLamports: BigInt(settings.unvoucheredLimitLamports),
      unsettledLamports: BigInt(settings.unsettledLimitLamports),
      gatewayLamports: BigInt(settings.gatewayLimitLamports),
      blockedPayers: settings.blockedPayers,
    };
  };

  function changed(): void {
    const gateway = parts.gateway();
    gatewayError = tokenError;
    isGatewayAtLimit = false;
    if (gateway && !tokenError) {
      const { asset, money } = moneyOf(gateway.info);
      const owed = ledger
        .payers()
        .filter((figures) => figures.gatewayUrl === gateway.url && figures.money === money)
        .reduce((sum, figures) => sum + unsettledOf(figures), 0n);
      gatewayError = gatewayRefusal(gateway.url, { owed, asset }, limits(), promisesOf(gateway.info));
      isGatewayAtLimit = gatewayError !== null;
    }
    const next = gatewayError ? errorBody(gatewayError) : null;
    if (JSON.stringify(next) !== JSON.stringify(obstacle.get())) obstacle.set(next);
  }

  return {
    obstacle,
    changed,
    tokenRefused(error) {
      if (error?.message === tokenError?.message) return;
      tokenError = error;
      changed();
    },
    refusal(payer) {
      const gateway = parts.gateway();
      if (!gateway) return null;
      const figures = ledger.payer(gateway.url, moneyOf(gateway.info).money, payer);
      return payerRefusal(payer, figures, limits(), promisesOf(gateway.info)) ?? gatewayError;
    },
    voucherLimit(info) {
      if (!info.settlement) return null;
      const { unvoucheredLamports, gatewayLamports } = limits();
      return unvoucheredLamports + gatewayLamports;
    },
    payers() {
      const gateway = parts.gateway();
      const none: GatewayPromises = { vouches: false, pays: false };
      return ledger
        .payers()
        .map((figures) => {
          const isPresent =
            figures.gatewayUrl === gateway?.url && figures.money === moneyOf(gateway.info).money;
          return payerOf(
            figures,
            ledger.unitOf(figures.asset),
            limits(),
            isPresent ? promisesOf(gateway.info) : none,
            isPresent && isGatewayAtLimit,
          );
        })
        .sort(
          (one, other) =>
            (one.asset === other.asset ? 0 : one.asset < other.asset ? -1 : 1) ||
            compare(BigInt(other.unsettledLamports), BigInt(one.unsettledLamports)),
        );
    },
  };
}

const promisesOf = ({ extensions, settlement }: GatewayInfo): GatewayPromises => ({
  vouches: extensions.includes('vouchers'),
  pays: settlement !== undefined,
});

/** Of what the gateway pays with, on its network. */
function moneyOf({ network, settlement }: Pick<GatewayInfo, 'network' | 'settlement'>) {
  const { asset } = pricedIn({ settlement });
  return { asset, money: moneyKey(network ?? 'unknown', asset) };
}

const compare = (one: bigint, other: bigint) => (one < other ? -1 : one > other ? 1 : 0);
