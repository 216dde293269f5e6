import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Augmentation, DataFormat } from '#contract/federated/task.ts';
import { createAugmenter } from './augmentation.ts';

type Sizes = { width: number; height: number; channels?: 1 | 3 };
const images = ({ width, height, channels = 1 }: Sizes): DataFormat => ({
  kind: 'image',
  ...{ width, height, channels },
  labels: ['a', 'b'],
});
const texts: DataFormat = {
  kind: 'text',
  ...{ tokens: 'words', length: 6, vocabulary: 1000 },
  labels: ['a', 'b'],
};
const dropout: Augmentation = { kind: 'text', tokenDropoutPercent: 40 };

/** Inputs as they are learnt from, one after the other. */
function changed(data: DataFormat, augmentation: Augmentation, inputs: number[][], seed: number): number[][] {
  const size = inputs[0]?.length ?? 1;
  const flat = Float32Array.from(inputs.flat());
  createAugmenter({ data }, { augmentation })?.(flat, size, seed);
  return inputs.map((_, row) => [...flat.subarray(row * size, (row + 1) * size)]);
}

test('images are shifted and mirrored, never beyond what was asked for', () => {
  const places = (augmentation: Augmentation) => {
    const seen = new Set<number>();
    for (let seed = 0; seed < 60; seed += 1)
      seen.add(
        changed(images({ width: 4, height: 2 }), augmentation, [[1, 0, 0, 0, 0, 0, 0, 0]], seed)[0]?.indexOf(
          1,
        ) as number,
      );
    return [...seen].sort((a, b) => a - b);
  };
  expect(places({ kind: 'image', flip: true })).toEqual([0, 3]);
  // To the left or upwards it leaves the picture.
  expect(places({ kind: 'image', shiftPixels: 1 })).toEqual([-1, 0, 1, 4, 5]);
});

test('a crop of an even picture stays even', () => {
  const crop: Augmentation = { kind: 'image', cropPercent: 60 };
  const [input = []] = changed(images({ width: 8, height: 8 }), crop, [Array(64).fill(1)], 1);
  const inner = input.filter((_, index) => index % 8 > 0 && index % 8 < 7 && index > 7 && index < 56);
  for (const value of inner) expect(value).toBeCloseTo(1, 5);
});

test('of a text some tokens are left out, the others stay in order, and one always stays', () => {
  for (let seed = 0; seed < 60; seed += 1) {
    const [input = []] = changed(texts, { ...dropout, tokenDropoutPercent: 90 }, [[5, 6, 7, 8, 0, 0]], seed);
    const kept = input.filter((token) => token !== 0);
    expect(kept.length).toBeGreaterThan(0);
    expect(kept).toEqual([...kept].sort());
    expect(input.slice(kept.length).every((token) => token === 0)).toBe(true);
  }
});

const token = fc.integer({ min: 1, max: 999 });
const text = fc.array(token, { minLength: 6, maxLength: 6 });

test('how an example is changed is no matter of the others in its batch, so that it shows in no other gradient', () => {
  fc.assert(
    fc.property(fc.array(text, { minLength: 1, maxLength: 8 }), text, fc.nat(), (batch, one, seed) => {
      const without = changed(texts, dropout, batch, seed);
      for (let at = 0; at <= batch.length; at += 1) {
        const joined = changed(texts, dropout, batch.toSpliced(at, 0, one), seed);
        if (batch.some((other) => other.join() === one.join())) continue;
        expect(joined.toSpliced(at, 1)).toEqual(without);
      }
    }),
  );
});

test('the same seed changes alike, another otherwise; copies within a batch differ', () => {
  const batch = Array.from({ length: 20 }, () => [1, 2, 3, 4, 5, 6]);
  const first = changed(texts, dropout, batch, 1);
  expect(changed(texts, dropout, batch, 1)).toEqual(first);
  expect(changed(texts, dropout, batch, 2)).not.toEqual(first);
  expect(new Set(first.map((input) => input.join())).size).toBeGreaterThan(5);
});

test('what does not fit the task’s data is refused with a sentence, and nothing wished for does nothing', () => {
  const shift: Augmentation = { kind: 'image', shiftPixels: 1 };
  expect(() => createAugmenter({ data: texts }, { augmentation: shift })).toThrow(
    expect.objectContaining({
      code: 'training/bad-task',
      message: 'The task learns from texts; they cannot be shifted, flipped or cropped.',
    }),
  );
  expect(createAugmenter({ data: texts }, {})).toBeNull();
  expect(() => changed(images({ width: 3, height: 3 }), shift, [[1, 2, 3, 4]], 1)).toThrow(
    expect.objectContaining({ code: 'training/bad-data' }),
  );
});
