import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { Settings } from '#contract/settings.ts';
import { openRoute, useRoute } from '../../lib/routes.ts';
import { Page } from '../../ui/page.tsx';
import { Segments } from '../../ui/segments.tsx';
import { MachineNow } from './machine-now.tsx';

const tabs = ['now', 'schedule', 'limits'] as const;

interface ResourcesPageProps {
  settings: Settings;
  /** What stands under “Schedule” and “Limits”. */
  schedule: ReactNode;
  limits: ReactNode;
}

/** What the computer does now, when the node may use it, and how much of it. */
export function ResourcesPage({ settings, schedule, limits }: ResourcesPageProps) {
  const { t } = useTranslation();
  const { detail } = useRoute();
  const tab = tabs.find((name) => name === detail) ?? 'now';
  return (
    <Page
      title={t('resources.title')}
      actions={
        <Segments
          label={t('resources.tabs.label')}
          value={tab}
          onChange={(next) => openRoute('resources', next === 'now' ? undefined : next)}
          options={tabs.map((value) => ({ value, title: t(`resources.tabs.${value}`) }))}
        />
      }
    >
      {tab === 'now' && <MachineNow settings={settings} />}
      {tab === 'schedule' && schedule}
      {tab === 'limits' && limits}
    </Page>
  );
}
