import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { openRoute, useRoute } from '../../lib/routes.ts';
import { useSignal } from '../../lib/use-signal.ts';
import { Button } from '../../ui/button.tsx';
import { Drawer } from '../../ui/drawer.tsx';
import { ErrorNote } from '../../ui/error-note.tsx';
import { Page } from '../../ui/page.tsx';
import { Segments } from '../../ui/segments.tsx';
import { TableSkeleton } from '../../ui/table-skeleton.tsx';
import { BudgetNotice } from './budget-notice.tsx';
import { NoProviders } from './no-providers.tsx';
import { OverviewStrip } from './overview-strip.tsx';
import { ProviderCard } from './provider-card.tsx';
import { ProviderForm } from './provider-form.tsx';
import { RoutesCard } from './routes-card.tsx';
import { RulesCard } from './rules-card.tsx';
import { TryCard } from './try-card.tsx';

type Tab = 'all' | 'rules' | 'try';
const tabs: readonly Tab[] = ['all', 'rules', 'try'];

/** In the address, a provider that is about to be added; no id can be this. */
const newProvider = '+';

/** Providers that answer requests for this node: how they are, what they cost, what holds for all of them. */
export function ProvidersPage() {
  const { t } = useTranslation();
  const status = useSignal('proxy.status');
  const openId = useRoute().detail;
  const [tab, setTab] = useState<Tab>('all');
  const providers = status?.providers ?? [];
  const opened = providers.find(({ id }) => id === openId) ?? null;
  const isOpen = status !== undefined && (opened !== null || openId === newProvider);
  const add = () => openRoute('providers', newProvider);
  const close = () => openRoute('providers');
  return (
    <Page
      title={t('providers.title')}
      actions={providers.length > 0 && <Button onClick={add}>{t('providers.add')}</Button>}
    >
      {!status ? (
        <TableSkeleton label={t('providers.loading')} />
      ) : providers.length === 0 ? (
        <NoProviders onAdd={add} />
      ) : (
        <div className="flex flex-col gap-4">
          {status.obstacle && <ErrorNote error={status.obstacle} />}
          {status.budgetWarnings.length > 0 && <BudgetNotice warnings={status.budgetWarnings} />}
          <OverviewStrip status={status} />
          <div className="flex">
            <Segments
              label={t('providers.title')}
              value={tab}
              options={tabs.map((value) => ({ value, title: t(`providers.tab.${value}`) }))}
              onChange={setTab}
            />
          </div>
          {tab === 'all' && (
            <div className="grid gap-4 min-[1100px]:grid-cols-2">
              {providers.map((provider) => (
                <ProviderCard key={provider.id} provider={provider} config={status.config} />
              ))}
            </div>
          )}
          {tab === 'rules' && (
            <>
              <RulesCard config={status.config} />
              <RoutesCard status={status} />
            </>
          )}
          {tab === 'try' && <TryCard status={status} />}
        </div>
      )}
      <Drawer
        open={isOpen}
        title={opened ? t('providers.editTitle', { id: opened.id }) : t('providers.add')}
        closeLabel={t('providers.close')}
        onClose={close}
      >
        {isOpen && (
          <ProviderForm
            key={openId}
            provider={opened}
            taken={providers.map(({ id }) => id)}
            onClose={close}
            onEdit={(id) => openRoute('providers', id)}
          />
        )}
      </Drawer>
    </Page>
  );
}
