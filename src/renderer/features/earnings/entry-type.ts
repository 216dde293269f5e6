import type { EntryType } from '#contract/earnings.ts';
import type { ChartColor } from '../../ui/chart-colors.ts';

export const entryTypes: readonly EntryType[] = ['inference', 'training', 'proxy'];

/** Each kind of work has one colour, in charts and lists. */
export const typeColors: Record<EntryType, ChartColor> = {
  inference: 'earn',
  training: 'accent',
  proxy: 'info',
};
