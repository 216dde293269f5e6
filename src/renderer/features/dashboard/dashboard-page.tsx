import { useTranslation } from 'react-i18next';
import { useSignal } from '../../lib/use-signal.ts';
import { useUnit } from '../../lib/use-unit.ts';
import { Page } from '../../ui/page.tsx';
import { Stat } from '../../ui/stat.tsx';
import { EarnedCard } from './earned-card.tsx';
import { LatestWork } from './latest-work.tsx';
import { MemoryCard } from './memory-card.tsx';
import { SpeedHistory } from './speed-history.tsx';
import { StateCard } from './state-card.tsx';
import { worthALook } from './worth-a-look.ts';
import { WorthALookCard } from './worth-a-look-card.tsx';

export function DashboardPage() {
  const { t } = useTranslation();
  const status = useSignal('node.status');
  const serving = useSignal('node.serving');
  const summary = useSignal('earnings.summary');
  const resources = useSignal('resources.current');
  const settings = useSignal('settings.current');
  const proxy = useSignal('proxy.status');
  const wallet = useSignal('wallet.status');
  const engines = useSignal('node.engines');
  const testCredits = status?.testCredits ?? false;
  const unit = useUnit();
  const success = serving?.successRate;
  return (
    <Page title={t('app.page.dashboard')}>
      <div className="grid content-start gap-4 lg:grid-cols-[minmax(0,1.55fr)_minmax(0,1fr)]">
        {status && <StateCard status={status} />}
        <EarnedCard summary={summary} testCredits={testCredits} />
        <div className="grid grid-cols-2 gap-4 lg:col-span-2 lg:grid-cols-4">
          <Stat
            title={t('dashboard.requests')}
            value={serving ? `${serving.requestsPerMinute}` : null}
            note={
              success == null
                ? t('dashboard.aMinute')
                : t('dashboard.aMinuteOk', { percent: Math.round(success * 1000) / 10 })
            }
          />
          <Stat
            title={t('dashboard.speed')}
            value={serving ? `${serving.tokensPerSecond}` : null}
            note={
              serving?.firstTokenMs == null
                ? t('dashboard.tokensPerSecond')
                : t('dashboard.tokensPerSecondFirst', { ms: Math.round(serving.firstTokenMs) })
            }
          >
            <SpeedHistory />
          </Stat>
          <Stat
            title={t('dashboard.queue')}
            value={serving ? `${serving.waiting}` : null}
            note={
              serving ? t('dashboard.queueNote', { limit: serving.queueLimit, running: serving.running }) : ''
            }
          />
          <MemoryCard resources={resources} />
        </div>
        <LatestWork unit={unit} />
        <WorthALookCard
          hints={worthALook({
            status,
            settings,
            engine: engines?.find(({ state }) => state === 'ready'),
            resources,
            proxy,
            wallet,
          })}
        />
      </div>
    </Page>
  );
}
