import type { TFunction } from 'i18next';
import { X } from 'lucide-react';
import type { Job } from '#contract/job.ts';
import { formatAmount, type ShownUnit } from '../../lib/amount.ts';
import { formatDuration, formatTime, formatTokens, shortAddress } from '../../lib/format.ts';
import type { Column } from '../../ui/table.tsx';
import { JobState } from './job-state.tsx';

/** Columns of the queue; `unit` is what earnings are counted in. */
export function jobColumns(t: TFunction, unit: ShownUnit, cancel: (job: Job) => void): Column<Job>[] {
  return [
    { key: 'state', title: t('queue.state'), width: '7.5rem', cell: (job) => <JobState job={job} /> },
    {
      key: 'time',
      wideOnly: true,
      title: t('queue.came'),
      width: '4.5rem',
      cell: (job) => formatTime(job.queuedAt),
    },
    { key: 'model', title: t('queue.model'), width: 'minmax(6rem,1.4fr)', cell: (job) => job.model },
    {
      key: 'client',
      wideOnly: true,
      title: t('queue.client'),
      width: 'minmax(5.5rem,1fr)',
      cell: (job) => (
        <span className="text-dim">
          {job.source === 'local' ? t('queue.thisComputer') : shortAddress(job.client)}
        </span>
      ),
    },
    {
      key: 'tokens',
      title: t('queue.tokens'),
      width: '7rem',
      align: 'end',
      cell: (job) => <Tokens job={job} t={t} />,
    },
    { key: 'took', wideOnly: true, title: t('queue.took'), width: '3.5rem', align: 'end', cell: took },
    {
      key: 'earned',
      title: t('queue.earned', { unit: unit.name }),
      width: '7rem',
      align: 'end',
      cell: (job) => (
        <span className="text-earn">
          {job.earnedLamports === undefined ? '' : formatAmount(job.earnedLamports, unit)}
        </span>
      ),
    },
    {
      key: 'cancel',
      title: t('queue.cancel'),
      hideTitle: true,
      width: '1.75rem',
      cell: (job) =>
        (job.state === 'running' || job.state === 'waiting') && (
          // Out of the Tab order: thousands of rows would stand in the way. The drawer has the same button.
          <button
            type="button"
            tabIndex={-1}
            aria-label={t('queue.cancel')}
            title={t('queue.cancel')}
            onClick={() => cancel(job)}
            className="grid size-7 cursor-pointer place-items-center rounded-md text-dim hover:bg-panel-2 hover:text-bad"
          >
            <X size={15} aria-hidden />
          </button>
        ),
    },
  ];
}

function took(job: Job): string {
  if (job.startedAt === undefined || job.finishedAt === undefined) return '';
  return formatDuration(job.finishedAt - job.startedAt);
}

function Tokens({ job, t }: { job: Job; t: TFunction }) {
  if (job.state === 'waiting') return <span className="text-dim">–</span>;
  if (job.state !== 'running' || job.maxTokens === undefined) return formatTokens(job.generatedTokens);
  const share = Math.min(1, job.generatedTokens / job.maxTokens);
  return (
    <span className="inline-flex w-full flex-col gap-1 text-info">
      {t('queue.tokensOf', { count: job.generatedTokens, max: formatTokens(job.maxTokens) })}
      <span className="block h-0.5 overflow-hidden rounded-full bg-line" aria-hidden>
        <span className="block h-full origin-left bg-info" style={{ transform: `scaleX(${share})` }} />
      </span>
    </span>
  );
}
