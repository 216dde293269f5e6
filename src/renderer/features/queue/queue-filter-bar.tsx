import { Search } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import type { Job } from '#contract/job.ts';
import { Segments } from '../../ui/segments.tsx';
import { type QueueShow, queueShows } from './queue-filter.ts';

interface QueueFilterBarProps {
  jobs: readonly Job[] | null;
  limit: number | undefined;
  show: QueueShow;
  onShow(show: QueueShow): void;
  text: string;
  onText(text: string): void;
}

/** Which jobs are shown, and how many run and wait in all. */
export function QueueFilterBar({ jobs, limit, show, onShow, text, onText }: QueueFilterBarProps) {
  const { t } = useTranslation();
  const count = (state: Job['state']) =>
    jobs?.reduce((sum, job) => sum + (job.state === state ? 1 : 0), 0) ?? '–';
  return (
    <div className="flex flex-wrap items-center gap-3">
      <Segments
        label={t('queue.show')}
        value={show}
        onChange={onShow}
        options={queueShows.map((value) => ({ value, title: t(`queue.shows.${value}`) }))}
      />
      <label className="relative min-w-40 flex-1">
        <span className="sr-only">{t('queue.search')}</span>
        <Search size={14} className="absolute start-2.5 top-2 text-dim" aria-hidden />
        <input
          type="search"
          value={text}
          onChange={(event) => onText(event.target.value)}
          placeholder={t('queue.search')}
          className="h-8 w-full rounded-lg border border-line bg-ground ps-8 pe-2 text-sm placeholder:text-dim focus-visible:outline-2 focus-visible:outline-accent"
        />
      </label>
      <p className="text-xs text-dim">
        {t('queue.summary', { running: count('running'), waiting: count('waiting'), limit: limit ?? '–' })}
      </p>
    </div>
  );
}
