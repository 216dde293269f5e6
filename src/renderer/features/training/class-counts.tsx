import { useTranslation } from 'react-i18next';

const mostShown = 12;

interface ClassCountsProps {
  classes: readonly { label: string; count: number }[];
  /** There are more classes than were counted. */
  more: boolean;
}

/** Examples of each class, the first dozen of them. */
export function ClassCounts({ classes, more }: ClassCountsProps) {
  const { t } = useTranslation();
  if (classes.length === 0) return null;
  const hidden = classes.length - mostShown;
  return (
    <ul aria-label={t('training.data.classes')} className="flex flex-wrap gap-x-3 gap-y-0.5 text-xs">
      {classes.slice(0, mostShown).map(({ label, count }) => (
        <li key={label}>
          <span className="text-dim">{label}</span> {count.toLocaleString('en')}
        </li>
      ))}
      {hidden > 0 && (
        <li className="text-dim">
          {t(more ? 'training.data.moreThan' : 'training.data.more', { count: hidden })}
        </li>
      )}
    </ul>
  );
}
