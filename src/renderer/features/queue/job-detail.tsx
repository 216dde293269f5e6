import { useTranslation } from 'react-i18next';
import type { Job } from '#contract/job.ts';
import { formatAmount, type ShownUnit } from '../../lib/amount.ts';
import { formatDuration, formatTime, formatTokens } from '../../lib/format.ts';
import { Button } from '../../ui/button.tsx';
import { ErrorNote } from '../../ui/error-note.tsx';
import { type Fact, Facts } from '../../ui/facts.tsx';
import { JobState } from './job-state.tsx';

interface JobDetailProps {
  job: Job;
  unit: ShownUnit;
  onCancel(): void;
}

/** Everything the node knows of a request; its text is never kept, so it is not here. */
export function JobDetail({ job, unit, onCancel }: JobDetailProps) {
  const { t } = useTranslation();
  const time = (at: number | undefined) => (at === undefined ? '–' : formatTime(at));
  const facts: Fact[] = [
    { label: t('queue.id'), value: job.id, copy: true },
    { label: t('queue.model'), value: job.model },
    { label: t('queue.kind'), value: t(`queue.kinds.${job.kind}`) },
    { label: t('queue.source'), value: t(`queue.sources.${job.source}`) },
    { label: t('queue.client'), value: job.client, copy: job.source === 'gateway' },
    { label: t('queue.came'), value: time(job.queuedAt) },
    {
      label: t('queue.waited'),
      value: job.startedAt === undefined ? '–' : formatDuration(job.startedAt - job.queuedAt),
    },
    { label: t('queue.started'), value: time(job.startedAt) },
    { label: t('queue.finished'), value: time(job.finishedAt) },
    {
      label: t('queue.promptTokens'),
      value: job.promptTokens === undefined ? '–' : formatTokens(job.promptTokens),
    },
    { label: t('queue.generatedTokens'), value: formatTokens(job.generatedTokens) },
    { label: t('queue.maxTokens'), value: job.maxTokens === undefined ? '–' : formatTokens(job.maxTokens) },
    {
      label: t('queue.earned', { unit: unit.name }),
      value: job.earnedLamports === undefined ? '–' : formatAmount(job.earnedLamports, unit),
    },
  ];
  return (
    <div className="flex flex-col gap-4">
      <JobState job={job} />
      {job.error && <ErrorNote error={job.error} />}
      <Facts facts={facts} copyLabel={t('queue.copy')} />
      {(job.state === 'running' || job.state === 'waiting') && (
        <Button onClick={onCancel}>{t('queue.cancel')}</Button>
      )}
    </div>
  );
}
