import type { DataFacts } from '#contract/training-data.ts';
import { shortened } from './problems.ts';

const mostClasses = 1000;
/** More different labels than this are no classes, and not all of them are kept. */
const mostKept = 10_000;

/** Counts labels as they stand in the data. */
export function countLabels() {
  const counts = new Map<string, number>();
  let moreClasses = false;
  return {
    add(word: string, count = 1): void {
      const label = shortened(word);
      if (label === '') return;
      const known = counts.get(label);
      if (known !== undefined || counts.size < mostKept) counts.set(label, (known ?? 0) + count);
      else moreClasses = true;
    },
    list(): Pick<DataFacts, 'classes' | 'moreClasses'> {
      const all = [...counts].map(([label, count]) => ({ label, count }));
      all.sort((a, b) => b.count - a.count || (a.label < b.label ? -1 : 1));
      return { classes: all.slice(0, mostClasses), moreClasses: moreClasses || all.length > mostClasses };
    },
  };
}
