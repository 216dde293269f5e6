import { useCallback, useMemo, useState, useSyncExternalStore } from 'react';
import { useTranslation } from 'react-i18next';
import type { Job } from '#contract/job.ts';
import type { ErrorBody } from '#contract/result.ts';
import { client } from '../../lib/client.ts';
import { openRoute, useRoute } from '../../lib/routes.ts';
import { useSignal } from '../../lib/use-signal.ts';
import { useUnit } from '../../lib/use-unit.ts';
import { Drawer } from '../../ui/drawer.tsx';
import { EmptyState } from '../../ui/empty-state.tsx';
import { ErrorNote } from '../../ui/error-note.tsx';
import { Page } from '../../ui/page.tsx';
import { Table } from '../../ui/table.tsx';
import { TableSkeleton } from '../../ui/table-skeleton.tsx';
import { jobColumns } from './job-columns.tsx';
import { JobDetail } from './job-detail.tsx';
import { filterJobs, type QueueShow } from './queue-filter.ts';
import { QueueFilterBar } from './queue-filter-bar.tsx';
import { createQueueStore } from './queue-store.ts';

const store = createQueueStore(client);
const keyOf = (job: Job) => job.id;
const open = (job: Job) => openRoute('queue', job.id);

export function QueuePage() {
  const { t } = useTranslation();
  const jobs = useSyncExternalStore(store.subscribe, store.jobs);
  const limit = useSignal('node.serving')?.queueLimit;
  const openId = useRoute().detail;
  const [show, setShow] = useState<QueueShow>('all');
  const [text, setText] = useState('');
  const [error, setError] = useState<ErrorBody | null>(null);
  const unit = useUnit();

  const cancel = useCallback(async (job: Job) => {
    const result = await client.request('queue.cancel', { id: job.id });
    setError(result.ok ? null : result.error);
  }, []);
  const columns = useMemo(() => jobColumns(t, unit, cancel), [t, unit, cancel]);
  const shown = useMemo(() => (jobs ? filterJobs(jobs, show, text) : []), [jobs, show, text]);
  const opened = openId === null ? undefined : jobs?.find((job) => job.id === openId);

  return (
    <Page title={t('queue.title')}>
      <section className="flex min-h-0 flex-1 flex-col gap-3 rounded-[10px] border border-line bg-panel p-4">
        <QueueFilterBar jobs={jobs} limit={limit} show={show} onShow={setShow} text={text} onText={setText} />
        {error && <ErrorNote error={error} />}
        {jobs === null ? (
          <TableSkeleton label={t('queue.loading')} />
        ) : shown.length === 0 ? (
          <EmptyState title={jobs.length === 0 ? t('queue.empty') : t('queue.noMatch')} />
        ) : (
          <Table
            label={t('queue.title')}
            columns={columns}
            rows={shown}
            keyOf={keyOf}
            onOpen={open}
            className="h-[max(18rem,calc(100vh-13rem))]"
          />
        )}
      </section>
      <Drawer
        open={opened !== undefined}
        title={t('queue.detail')}
        closeLabel={t('queue.close')}
        onClose={() => openRoute('queue')}
      >
        {opened && <JobDetail job={opened} unit={unit} onCancel={() => cancel(opened)} />}
      </Drawer>
    </Page>
  );
}
