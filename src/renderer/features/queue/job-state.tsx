import { Ban, Check, CircleX, Clock, Loader, OctagonX } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import type { Job } from '#contract/job.ts';

const looks: Record<Job['state'], { icon: typeof Check; color: string }> = {
  running: { icon: Loader, color: 'text-info' },
  waiting: { icon: Clock, color: 'text-dim' },
  done: { icon: Check, color: 'text-earn' },
  failed: { icon: OctagonX, color: 'text-bad' },
  cancelled: { icon: Ban, color: 'text-dim' },
  refused: { icon: CircleX, color: 'text-warn' },
};

/** State of a job by icon, colour and word; a waiting one with its place in the line. */
export function JobState({ job }: { job: Job }) {
  const { t } = useTranslation();
  const { icon: Icon, color } = looks[job.state];
  return (
    <span className={`inline-flex items-center gap-1.5 ${color}`} title={job.error?.message}>
      <Icon size={14} aria-hidden />
      {job.position === undefined
        ? t(`queue.states.${job.state}`)
        : t('queue.position', { position: job.position })}
    </span>
  );
}
