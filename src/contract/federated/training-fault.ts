import type { DataFormat, LocalTraining, TrainingTask } from './task.ts';

const learnsFrom: Record<DataFormat['kind'], string> = { table: 'tables', image: 'images', text: 'texts' };
const changes = { image: 'shifted, flipped or cropped', text: 'left without some of their words' } as const;

/** Why a task cannot be trained in this way, as a sentence; null when it can. */
export function trainingFault(
  { data }: Pick<TrainingTask, 'data'>,
  { augmentation, balance }: Pick<LocalTraining, 'augmentation' | 'balance'>,
): string | null {
  if (balance === 'classes' && !data.labels)
    return 'The task learns text without classes; there are none to balance.';
  if (!augmentation) return null;
  if (augmentation.kind !== data.kind)
    return `The task learns from ${learnsFrom[data.kind]}; they cannot be ${changes[augmentation.kind]}.`;
  if (data.kind === 'text' && !data.labels)
    return 'The task learns which word comes next; with words left out it would learn wrong ones.';
  if (augmentation.kind !== 'image' || data.kind !== 'image') return null;
  const { shiftPixels = 0 } = augmentation;
  return shiftPixels >= Math.min(data.width, data.height)
    ? `Images of ${data.width} × ${data.height} pixels cannot be shifted by ${shiftPixels}.`
    : null;
}
