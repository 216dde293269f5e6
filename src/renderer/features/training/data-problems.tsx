import { CircleAlert, TriangleAlert } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import type { DataProblem } from '#contract/training-data.ts';
import { placesText } from './data-words.ts';

/** What is wrong with some of the rows, where, and whether they are left out. */
export function DataProblems({ problems }: { problems: readonly DataProblem[] }) {
  const { t } = useTranslation();
  return (
    <ul className="grid gap-2 text-sm">
      {problems.map((problem) => {
        const { code, count, leavesOut } = problem;
        const Icon = leavesOut ? TriangleAlert : CircleAlert;
        return (
          <li key={code} className="flex items-start gap-2">
            <Icon size={15} aria-hidden className="mt-0.5 shrink-0 text-warn" />
            <span className="min-w-0">
              {t(`training.data.problems.${code}`, { count, rows: count.toLocaleString('en') })}{' '}
              <span className="text-dim">
                {t(leavesOut ? 'training.data.leftOut' : 'training.data.used')}
              </span>
              <span className="block text-xs break-words text-dim">{placesText(problem, t)}</span>
            </span>
          </li>
        );
      })}
    </ul>
  );
}
