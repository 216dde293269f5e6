import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useAppInfo } from '../../lib/app-info.ts';
import { useSignal } from '../../lib/use-signal.ts';
import { Card } from '../../ui/card.tsx';
import { EmptyState } from '../../ui/empty-state.tsx';
import { Field } from '../../ui/field.tsx';
import { Page } from '../../ui/page.tsx';
import { ApiKeyCard } from './api-key-card.tsx';
import { NetworkSettingRow } from './network-setting.tsx';
import { settingItems } from './setting-list.ts';
import { SettingLink, SettingRow } from './setting-row.tsx';

export function SettingsPage() {
  const { t } = useTranslation();
  const settings = useSignal('settings.current');
  const info = useAppInfo();
  const [query, setQuery] = useState('');
  const wanted = query.trim().toLowerCase();
  const shown = settingItems.filter(({ name }) =>
    `${t(`settings.${name}.title`)} ${t(`settings.${name}.text`)}`.toLowerCase().includes(wanted),
  );
  return (
    <Page title={t('app.page.settings')}>
      <div className="grid max-w-3xl gap-4">
        <Field
          label={t('settings.search')}
          type="search"
          value={query}
          onChange={(event) => setQuery(event.target.value)}
        />
        <Card>
          {shown.length === 0 && <EmptyState title={t('settings.none')} />}
          {settings &&
            shown.map((item) =>
              item.kind === 'network' ? (
                <NetworkSettingRow key={JSON.stringify(settings.network)} value={settings.network} />
              ) : item.opens ? (
                <SettingLink key={item.name} name={item.name} opens={item.opens} />
              ) : (
                <SettingRow key={item.name} item={item} value={settings[item.name]} />
              ),
            )}
        </Card>
        <ApiKeyCard />
        <Card title={t('settings.profile')}>
          <code className="text-xs break-all">{info?.profileDir ?? '–'}</code>
        </Card>
      </div>
    </Page>
  );
}
