import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Job } from '#contract/job.ts';
import { formatAmount, type ShownUnit } from '../../lib/amount.ts';
import { client } from '../../lib/client.ts';
import { formatDuration, formatTime, formatTokens } from '../../lib/format.ts';
import { useSignal } from '../../lib/use-signal.ts';
import { Card } from '../../ui/card.tsx';
import { EmptyState } from '../../ui/empty-state.tsx';

const shown = 6;

/** The newest jobs, renewed at most four times a second. */
function useLatestJobs(): Job[] | null {
  const [jobs, setJobs] = useState<Job[] | null>(null);
  useEffect(() => {
    let known: Job[] = [];
    let timer: ReturnType<typeof setTimeout> | undefined;
    const end = client.subscribe('queue.items', (event) => {
      const changed = new Map(event.jobs.map((job) => [job.id, job]));
      const rest = event.type === 'snapshot' ? [] : known.filter(({ id }) => !changed.has(id));
      known = [...changed.values(), ...rest].sort((a, b) => b.queuedAt - a.queuedAt).slice(0, shown);
      timer ??= setTimeout(() => {
        timer = undefined;
        setJobs(known);
      }, 250);
    });
    return () => {
      end();
      clearTimeout(timer);
    };
  }, []);
  return jobs;
}

export function LatestWork({ unit }: { unit: ShownUnit }) {
  const { t } = useTranslation();
  const models = useSignal('models.list');
  const jobs = useLatestJobs();
  return (
    <Card title={t('dashboard.latest')} className="min-h-[276px]">
      {jobs?.length === 0 && <EmptyState title={t('dashboard.noWork')} />}
      {jobs && jobs.length > 0 && (
        <table className="w-full border-collapse text-left">
          <thead className="text-xs text-dim">
            <tr>
              <th className="pb-1.5 font-normal">{t('dashboard.time')}</th>
              <th className="pb-1.5 font-normal">{t('dashboard.model')}</th>
              <th className="pb-1.5 text-right font-normal">{t('dashboard.tokens')}</th>
              <th className="pb-1.5 text-right font-normal">{t('dashboard.took')}</th>
              <th className="pb-1.5 text-right font-normal">{t('dashboard.earned', { unit: unit.name })}</th>
            </tr>
          </thead>
          <tbody>
            {jobs.map((job) => (
              <tr key={job.id} className="border-t border-line">
                <td className="py-1.5">
                  <a href={`#/queue/${encodeURIComponent(job.id)}`} className="hover:underline">
                    {formatTime(job.queuedAt)}
                  </a>
                </td>
                <td className="max-w-40 truncate py-1.5">
                  {models?.find(({ id }) => id === job.model)?.name ?? job.model}
                </td>
                <td className="py-1.5 text-right">{formatTokens(job.generatedTokens)}</td>
                <td className="py-1.5 text-right">
                  {job.finishedAt === undefined ? '–' : formatDuration(job.finishedAt - job.queuedAt)}
                </td>
                <td className="py-1.5 text-right">
                  {job.earnedLamports === undefined ? (
                    <span className={job.state === 'running' ? 'text-info' : 'text-dim'}>
                      {t(`dashboard.job.${job.state}`)}
                    </span>
                  ) : (
                    <span className="text-earn">{formatAmount(job.earnedLamports, unit)}</span>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Card>
  );
}
