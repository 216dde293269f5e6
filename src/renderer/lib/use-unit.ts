import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { solUnit } from '#contract/assets.ts';
import { type ShownUnit, shownUnit } from './amount.ts';
import { useSignal } from './use-signal.ts';

/** What the present gateway pays with. */
export function useUnit(): ShownUnit {
  const { t } = useTranslation();
  const { asset, decimals } = useSignal('earnings.summary') ?? solUnit;
  const isTestCredits = useSignal('node.status')?.testCredits ?? false;
  return useMemo(() => shownUnit({ asset, decimals }, t, isTestCredits), [t, asset, decimals, isTestCredits]);
}
