import { useTranslation } from 'react-i18next';
import type { Gpu } from '#contract/resources.ts';
import { formatBytes } from '../../lib/format.ts';
import { otherPrograms } from './other-programs.ts';

const mostShown = 5;

/** Programs that are not the node's and hold memory of a GPU, the largest first. */
export function OtherPrograms({ gpu }: { gpu: Gpu }) {
  const { t } = useTranslation();
  if (!gpu.processes) return null;
  const programs = otherPrograms(gpu.processes);
  if (programs.length === 0) return null;
  const more = programs.length - mostShown;
  return (
    <p className="text-xs text-dim">
      {t('resources.othersList')}:{' '}
      {programs.slice(0, mostShown).map(({ name, usedBytes }, index) => (
        <span key={name}>
          {index > 0 && ', '}
          {name} <span className="text-text">{usedBytes === null ? '–' : formatBytes(usedBytes)}</span>
        </span>
      ))}
      {more > 0 && ` ${t('resources.andMore', { count: more })}`}
    </p>
  );
}
