import type { TFunction } from 'i18next';
import { useTranslation } from 'react-i18next';
import { assetName } from '#contract/assets.ts';
import type { ClaimSummary } from '#contract/wallet.ts';
import { formatAmount, shownUnit } from '../../lib/amount.ts';
import { formatSol, formatTime, shortAddress } from '../../lib/format.ts';
import { Facts } from '../../ui/facts.tsx';
import { ClusterChip } from './cluster-chip.tsx';

/** 0.005 000 SOL, 1.25 USDC; another token by its mint's first and last letters. */
export const amountWords = (claim: ClaimSummary, t: TFunction): string =>
  `${formatAmount(claim.amountAtomic, claim)} ${shownUnit(claim, t).name}`;

/** A transaction as a person reads it, before anybody signs it. */
export function ClaimFacts({ claim }: { claim: ClaimSummary }) {
  const { t } = useTranslation();
  const { simulation } = claim;
  return (
    <div className="grid gap-3">
      <div className="flex flex-wrap items-center gap-3">
        <strong className="text-[21px] font-semibold">{amountWords(claim, t)}</strong>
        <ClusterChip cluster={claim.cluster} />
      </div>
      <Facts
        copyLabel={t('wallet.copy')}
        facts={[
          ...(claim.asset === 'SOL'
            ? []
            : [{ label: t('earnings.token'), value: assetName(claim.asset), copy: claim.asset }]),
          { label: t('wallet.claimed.fee'), value: `${formatSol(claim.feeLamports)} SOL` },
          { label: t('wallet.claimed.from'), value: shortAddress(claim.from), copy: claim.from },
          { label: t('wallet.claimed.to'), value: shortAddress(claim.to), copy: claim.to },
          { label: t('wallet.claimed.memo'), value: claim.memo },
          { label: t('wallet.claimed.until'), value: formatTime(claim.expiresAt) },
        ]}
      />
      <p
        className={`rounded-lg border px-3.5 py-2.5 text-sm ${simulation.ok ? 'border-earn/45' : 'border-bad/45'}`}
      >
        {simulation.ok
          ? t('wallet.claimed.simulated')
          : t('wallet.claimed.wouldFail', { problem: simulation.problem ?? '–' })}
      </p>
    </div>
  );
}
