import { useTranslation } from 'react-i18next';
import type { Cluster } from '#contract/wire/network.ts';

const looks: Record<Cluster, string> = {
  'mainnet-beta': 'border-earn text-earn',
  devnet: 'border-warn text-warn',
  localnet: 'border-info text-info',
};

/** Which chain this is about, loudly: a word and a colour of its own for each. */
export function ClusterChip({ cluster }: { cluster: Cluster }) {
  const { t } = useTranslation();
  return (
    <span
      className={`inline-flex items-center whitespace-nowrap rounded-full border-2 px-3 py-0.5 text-[13px] font-semibold ${looks[cluster]}`}
    >
      {t(`wallet.cluster.${cluster}`)}
    </span>
  );
}
