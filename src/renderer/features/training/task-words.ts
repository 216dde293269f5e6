import type { TFunction } from 'i18next';
import type { TaskView } from '#contract/training.ts';

type Change = TaskView['dataChanges'][number];

const ofCopies: readonly Change[] = ['shifted', 'flipped', 'cropped'];
const and = new Intl.ListFormat('en-GB', { type: 'conjunction' });

/** What a task does to data before it learns from them: “Learns from shifted and flipped copies”; empty where it takes them as they are. */
export function dataChangesText(changes: TaskView['dataChanges'], t: TFunction): string {
  const word = (change: Change) => t(`training.dataChanges.${change}`);
  const copies = changes.filter((change) => ofCopies.includes(change)).map(word);
  return [
    ...(copies.length === 0 ? [] : [t('training.dataChanges.copies', { changes: and.format(copies) })]),
    ...changes.filter((change) => !ofCopies.includes(change)).map(word),
  ].join(' · ');
}
