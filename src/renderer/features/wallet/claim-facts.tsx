import { useTranslation } from 'react-i18next';
import type { ClaimSummary } from '#contract/wallet.ts';
import { formatSol, formatTime, shortAddress } from '../../lib/format.ts';
import { Facts } from '../../ui/facts.tsx';
import { ClusterChip } from './cluster-chip.tsx';
import { formatAtomic } from './wallet-state.ts';

/** 0.005 000 SOL; of another token its first and last letters. */
export function amountWords({ asset, amountAtomic, decimals }: ClaimSummary): string {
  return asset === 'SOL'
    ? `${formatSol(amountAtomic)} SOL`
    : `${formatAtomic(amountAtomic, decimals)} ${shortAddress(asset)}`;
}

/** A transaction as a person reads it, before anybody signs it. */
export function ClaimFacts({ claim }: { claim: ClaimSummary }) {
  const { t } = useTranslation();
  const { simulation } = claim;
  return (
    <div className="grid gap-3">
      <div className="flex flex-wrap items-center gap-3">
        <strong className="text-[21px] font-semibold">{amountWords(claim)}</strong>
        <ClusterChip cluster={claim.cluster} />
      </div>
      <Facts
        copyLabel={t('wallet.copy')}
        facts={[
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
