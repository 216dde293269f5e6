import type { Job } from '#contract/job.ts';

export const queueShows = ['all', 'active', 'done', 'not-served'] as const;
export type QueueShow = (typeof queueShows)[number];

const shownStates: Record<QueueShow, readonly Job['state'][]> = {
  all: ['running', 'waiting', 'done', 'failed', 'cancelled', 'refused'],
  active: ['running', 'waiting'],
  done: ['done'],
  'not-served': ['failed', 'cancelled', 'refused'],
};

/** Jobs of the chosen states whose model, client or id contains the text; the same array when all are shown. */
export function filterJobs(jobs: readonly Job[], show: QueueShow, text: string): readonly Job[] {
  const wanted = text.trim().toLowerCase();
  if (show === 'all' && wanted === '') return jobs;
  const states = shownStates[show];
  return jobs.filter(
    (job) =>
      states.includes(job.state) &&
      (wanted === '' ||
        [job.model, job.client, job.id].some((value) => value.toLowerCase().includes(wanted))),
  );
}
