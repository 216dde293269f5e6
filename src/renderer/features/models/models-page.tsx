import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Model } from '#contract/model.ts';
import type { ErrorBody, Result } from '#contract/result.ts';
import { client } from '../../lib/client.ts';
import { openRoute, useRoute } from '../../lib/routes.ts';
import { useSignal } from '../../lib/use-signal.ts';
import { Drawer } from '../../ui/drawer.tsx';
import { ErrorNote } from '../../ui/error-note.tsx';
import { Page } from '../../ui/page.tsx';
import { Segments } from '../../ui/segments.tsx';
import { AddModel } from './add-model.tsx';
import { CatalogueCard } from './catalogue-card.tsx';
import { DownloadsCard } from './downloads-card.tsx';
import { DropModel } from './drop-model.tsx';
import { ModelDetail } from './model-detail.tsx';
import { ModelTable } from './model-table.tsx';
import { ServedModel } from './served-model.tsx';
import { ServersCard } from './servers-card.tsx';

type Tab = 'here' | 'catalogue' | 'servers';
const tabs: readonly Tab[] = ['here', 'catalogue', 'servers'];

/** What is served, what is on the disk, what can be downloaded, and what other servers have. */
export function ModelsPage() {
  const { t } = useTranslation();
  const models = useSignal('models.list') ?? null;
  const engines = useSignal('node.engines') ?? [];
  const downloads = useSignal('downloads.list') ?? [];
  const benchmarks = useSignal('models.benchmarks') ?? [];
  const resources = useSignal('resources.current');
  const settings = useSignal('settings.current');
  const pinned = settings?.pinnedModels ?? [];
  const openId = useRoute().detail;
  const [tab, setTab] = useState<Tab>('here');
  const [error, setError] = useState<ErrorBody | null>(null);
  const [busy, setBusy] = useState(false);
  const [work, setWork] = useState<{ id: string; kind: 'measuring' | 'optimising' } | null>(null);
  const opened = openId === null ? undefined : models?.find((model) => model.id === openId);

  const run = async (call: Promise<Result<unknown>>) => {
    setBusy(true);
    const result = await call;
    setBusy(false);
    setError(result.ok ? null : result.error);
    return result.ok;
  };
  const add = (path: string) => run(client.request('models.add', { path }));
  const serve = (model: Model, isServed: boolean) =>
    run(client.request('models.serve', { id: model.id, serve: isServed }));
  const pin = (model: Model, isPinned: boolean) =>
    run(client.request('models.pin', { id: model.id, pinned: isPinned }));
  const remove = async (model: Model) => {
    if (await run(client.request('models.remove', { id: model.id }))) openRoute('models');
  };
  const measure = async (id: string, kind: 'measuring' | 'optimising') => {
    setWork({ id, kind });
    const result = await client.request(kind === 'measuring' ? 'models.benchmark' : 'models.optimise', {
      id,
    });
    setWork(null);
    setError(result.ok ? null : result.error);
  };

  return (
    <Page title={t('models.title')}>
      <DropModel onDrop={add}>
        <div className="flex flex-col gap-4">
          <div className="flex">
            <Segments
              label={t('models.title')}
              value={tab}
              options={tabs.map((value) => ({ value, title: t(`models.tab.${value}`) }))}
              onChange={setTab}
            />
          </div>
          {error && <ErrorNote error={error} />}
          <DownloadsCard downloads={downloads} />
          {tab === 'here' && (
            <>
              {engines.map((engine) => (
                <ServedModel
                  key={engine.modelId}
                  engine={engine}
                  model={models?.find(({ id }) => id === engine.modelId)}
                  benchmark={benchmarks.find(({ modelId }) => modelId === engine.modelId)}
                  resources={resources}
                  settings={settings}
                  work={work?.id === engine.modelId ? work.kind : null}
                  busy={work !== null}
                  onMeasure={() => engine.modelId && measure(engine.modelId, 'measuring')}
                  onOptimise={() => engine.modelId && measure(engine.modelId, 'optimising')}
                />
              ))}
              <ModelTable models={models} busy={busy} onServe={(model) => serve(model, true)} />
              <AddModel busy={busy} onAdd={add} onError={setError} />
            </>
          )}
          {tab === 'catalogue' && <CatalogueCard models={models ?? []} downloads={downloads} />}
          {tab === 'servers' && <ServersCard />}
        </div>
      </DropModel>
      <Drawer
        open={opened !== undefined}
        title={opened?.name ?? ''}
        closeLabel={t('models.close')}
        onClose={() => openRoute('models')}
      >
        {opened && (
          <ModelDetail
            key={opened.id}
            model={opened}
            busy={busy}
            error={error}
            pinned={pinned.includes(opened.id)}
            onServe={(isServed) => serve(opened, isServed)}
            onPin={(isPinned) => pin(opened, isPinned)}
            onRemove={() => remove(opened)}
          />
        )}
      </Drawer>
    </Page>
  );
}
