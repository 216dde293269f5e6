import { useTranslation } from 'react-i18next';
import { type FiatRate, fiatOf, formatFiat } from '../../lib/fiat.ts';
import { formatDuration, formatMoment } from '../../lib/format.ts';

/** What lamports are worth, about; the price and its age when one points at it. */
export function FiatText({ lamports, rate }: { lamports: bigint; rate: FiatRate | null }) {
  const { t, i18n } = useTranslation();
  if (!rate) return null;
  const price = formatFiat(BigInt(rate.microPerSol), rate.currency, i18n.language);
  const age = formatDuration(Math.max(0, Date.now() - rate.at));
  return (
    <span
      className="whitespace-nowrap text-dim"
      title={t('earnings.fiat.by', { price, age, at: formatMoment(rate.at) })}
    >
      ≈ {formatFiat(fiatOf(lamports, rate), rate.currency, i18n.language)}
    </span>
  );
}
