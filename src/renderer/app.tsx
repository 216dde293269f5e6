import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { DashboardPage } from './features/dashboard/dashboard-page.tsx';
import { EarningsPage } from './features/earnings/earnings-page.tsx';
import { LimitsSection } from './features/manners/limits-section.tsx';
import { ScheduleCard } from './features/manners/schedule-card.tsx';
import { ModelsPage } from './features/models/models-page.tsx';
import { OnboardingPage } from './features/onboarding/onboarding-page.tsx';
import { ProvidersPage } from './features/providers/providers-page.tsx';
import { QueuePage } from './features/queue/queue-page.tsx';
import { ResourcesPage } from './features/resources/resources-page.tsx';
import { SettingsPage } from './features/settings/settings-page.tsx';
import { HostFailed, LostNote, NoConnection } from './features/shell/connection-note.tsx';
import { Notices } from './features/shell/notices.tsx';
import { Rail } from './features/shell/rail.tsx';
import { TrainingPage } from './features/training/training-page.tsx';
import { WalletAddressButton } from './features/wallet/address-button.tsx';
import { PayoutRow } from './features/wallet/payout-row.tsx';
import { WalletCard } from './features/wallet/wallet-card.tsx';
import { openRoute, type PageName, pages, useRoute } from './lib/routes.ts';
import { useSignal } from './lib/use-signal.ts';
import { Chip } from './ui/chip.tsx';
import { PageMarks } from './ui/page.tsx';

const pageOf: Record<PageName, () => React.ReactNode> = {
  dashboard: DashboardPage,
  models: ModelsPage,
  queue: QueuePage,
  training: TrainingPage,
  providers: ProvidersPage,
  earnings: () => <EarningsPage wallet={<WalletCard />} />,
  resources: ResourcesWithManners,
  settings: () => <SettingsPage payout={<PayoutRow />} />,
};

/** The machine as it is, with the pages that say when and how much of it may be used. */
function ResourcesWithManners() {
  const settings = useSignal('settings.current');
  if (!settings) return null;
  return (
    <ResourcesPage
      settings={settings}
      schedule={<ScheduleCard settings={settings} />}
      limits={<LimitsSection settings={settings} />}
    />
  );
}

export function App() {
  const { t } = useTranslation();
  const settings = useSignal('settings.current');
  const status = useSignal('node.status');
  const host = useSignal('shell.host');
  const { page } = useRoute();
  useTheme(settings?.theme ?? 'system');
  usePageKeys();
  if (host?.state === 'failed')
    return (
      <>
        <HostFailed error={host.error} />
        <Notices />
      </>
    );
  const isPreparing = host?.state === 'starting' && host.ledgerProgress !== null;
  if (!settings || isPreparing) return <NoConnection />;
  if (!settings.onboarded)
    return (
      <>
        <OnboardingPage takeAddress={WalletAddressButton} />
        <LostNote />
      </>
    );
  const Shown = pageOf[page];
  return (
    <div className="grid h-screen grid-cols-[200px_minmax(0,1fr)]">
      <Rail page={page} />
      <PageMarks value={status?.testCredits ? <Chip look="warn">{t('app.testCredits')}</Chip> : null}>
        <Shown />
      </PageMarks>
      <LostNote />
      <Notices />
    </div>
  );
}

function useTheme(theme: 'system' | 'light' | 'dark'): void {
  useEffect(() => {
    const system = matchMedia('(prefers-color-scheme: light)');
    const apply = () => {
      document.documentElement.dataset.theme =
        theme === 'system' ? (system.matches ? 'light' : 'dark') : theme;
    };
    apply();
    system.addEventListener('change', apply);
    return () => system.removeEventListener('change', apply);
  }, [theme]);
}

/** Ctrl or ⌘ with 1 to 8 opens a page. */
function usePageKeys(): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const page = pages[Number(event.key) - 1];
      if (!(event.ctrlKey || event.metaKey) || event.altKey || !page) return;
      event.preventDefault();
      openRoute(page);
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);
}
