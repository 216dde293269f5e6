import { CircleCheck, CircleDashed, CircleX, Hourglass } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import type { ShownProvider } from '#contract/provider.ts';
import { formatDuration } from '../../lib/format.ts';
import { useNow } from '../../lib/use-now.ts';
import { Chip } from '../../ui/chip.tsx';

/** How a provider is: one word, and while it is left alone how long yet. */
export function HealthChip({ provider }: { provider: ShownProvider }) {
  const { t } = useTranslation();
  if (!provider.enabled) return <Chip>{t('providers.health.off')}</Chip>;
  switch (provider.health) {
    case 'good':
      return (
        <Chip look="good">
          <CircleCheck size={13} aria-hidden /> {t('providers.health.good')}
        </Chip>
      );
    case 'failing':
      return (
        <Chip look="bad">
          <CircleX size={13} aria-hidden /> {t('providers.health.failing')}
        </Chip>
      );
    case 'cooling-down':
      return <Cooling until={provider.coolingUntil} />;
    case 'unknown':
      return (
        <Chip>
          <CircleDashed size={13} aria-hidden /> {t('providers.health.unknown')}
        </Chip>
      );
  }
}

function Cooling({ until }: { until: number | null }) {
  const { t } = useTranslation();
  const leftMs = (until ?? 0) - useNow(1000);
  const time = leftMs < 60_000 ? `${Math.ceil(leftMs / 1000)} s` : formatDuration(leftMs);
  return (
    <Chip look="warn">
      <Hourglass size={13} aria-hidden />
      {leftMs > 0 ? t('providers.health.coolingLeft', { time }) : t('providers.health.cooling-down')}
    </Chip>
  );
}
