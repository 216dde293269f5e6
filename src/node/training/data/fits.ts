import type { DataFormat } from '#contract/federated/task.ts';
import type { DataFacts, Fit } from '#contract/training-data.ts';
import { createClassOf } from './labels.ts';

/** Whether data of these facts can be made into examples of a task, and if not, why. Its rows may still be left out one by one. */
export function fits(facts: DataFacts, format: DataFormat): Fit {
  const { shape, classes, moreClasses } = facts;
  if (shape.kind === 'texts' || (shape.kind === 'rows' && format.kind === 'text')) {
    if (format.kind !== 'text') return no('kind');
    if (shape.kind === 'rows' && !shape.text) return no('kind');
    if (shape.kind === 'texts' && format.labels && !shape.classes) return no('no-classes');
  } else if (shape.kind === 'images') {
    if (format.kind !== 'image') return no('kind');
  } else {
    if (format.kind === 'text') return no('kind');
    const size = shape.kind === 'rows' ? shape.numbers : shape.width * shape.height * shape.channels;
    const wanted = format.kind === 'table' ? format.columns : format.width * format.height * format.channels;
    if (size === 0) return no('not-numbers');
    // Pixels of another size are resized for a task of images.
    if (size !== wanted && !(shape.kind === 'pixels' && format.kind === 'image'))
      return { fits: false, reason: 'columns', has: size, wants: wanted };
  }
  if (!format.labels) return { fits: true };
  const classOf = createClassOf(format.labels);
  return moreClasses || classes.some(({ label }) => classOf(label) !== -1)
    ? { fits: true }
    : no('no-classes');
}

const no = (reason: 'kind' | 'no-classes' | 'not-numbers'): Fit => ({ fits: false, reason });
