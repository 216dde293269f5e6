import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useSignal } from '../../lib/use-signal.ts';
import { Sparkline } from '../../ui/sparkline.tsx';

const keptReadings = 60;

/** Tokens a second since this page was opened, one reading each time the node tells. */
export function SpeedHistory() {
  const { t } = useTranslation();
  const serving = useSignal('node.serving');
  const [speeds, setSpeeds] = useState<number[]>([]);
  useEffect(() => {
    if (serving) setSpeeds((known) => [...known, serving.tokensPerSecond].slice(-keptReadings));
  }, [serving]);
  return (
    <div className="mt-2" role="img" aria-label={t('dashboard.speedHistory')}>
      <Sparkline values={speeds} className="text-accent" heightPx={36} />
    </div>
  );
}
