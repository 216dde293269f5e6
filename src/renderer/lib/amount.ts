import type { TFunction } from 'i18next';
import { assetName, decimalText, type Unit } from '#contract/assets.ts';
import { formatSol } from './format.ts';

/** What amounts are shown in, with its name. */
export interface ShownUnit extends Unit {
  name: string;
}

/** An asset with its name; while a token's decimals are not known its smallest units are counted. */
export function shownUnit(unit: Unit, t: TFunction, isTestCredits = false): ShownUnit {
  const { asset, decimals } = unit;
  if (asset === 'SOL')
    return { asset, decimals, name: t(isTestCredits ? 'earnings.testCredits' : 'earnings.sol') };
  const name = assetName(asset);
  return { asset, decimals, name: decimals === null ? t('earnings.smallestUnits', { name }) : name };
}

/** An amount's number: SOL in groups of three, a token's with all of its digits, two at least and then in threes: 1.25, 0.271 680. */
export function formatAmount(amount: string | bigint, { asset, decimals }: Unit, leastGroups = 2): string {
  if (asset === 'SOL') return formatSol(amount, leastGroups);
  if (decimals === null || decimals === 0) return minus(`${amount}`);
  const [whole = '', fraction = ''] = decimalText(amount, decimals).split('.');
  const length = fraction.length <= 2 ? 2 : Math.ceil(fraction.length / 3) * 3;
  const digits = fraction.padEnd(Math.min(length, decimals), '0').replace(/(\d{3})(?=\d)/g, '$1 ');
  return minus(`${whole}.${digits}`);
}

const minus = (text: string) => text.replace(/^-/, '−');
