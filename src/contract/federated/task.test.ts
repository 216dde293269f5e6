import { describe, expect, test } from 'vitest';
import { type DataFormat, localTrainingSchema } from './task.ts';
import { trainingFault } from './training-fault.ts';

const parse = (training: unknown) => localTrainingSchema.safeParse(training);

describe('what a task may ask for', () => {
  test.each([
    { augmentation: { kind: 'image', shiftPixels: 2, flip: true, cropPercent: 80 } },
    { augmentation: { kind: 'text', tokenDropoutPercent: 12.5 }, balance: 'classes' },
    { balance: 'none', privacy: { clipNorm: 1, noiseMultiplier: 1, delta: 1e-5 } },
    {
      augmentation: { kind: 'image', flip: true },
      privacy: { clipNorm: 1, noiseMultiplier: 1, delta: 1e-5 },
    },
  ])('%j', (training) => {
    expect(parse(training)).toMatchObject({ success: true, data: training });
  });

  test.each([
    [{ augmentation: { kind: 'image' } }, 'it says nothing of how images are changed'],
    [{ augmentation: { kind: 'image', flip: false } }, 'it says nothing of how images are changed'],
    [{ augmentation: { kind: 'image', shiftPixels: 0 } }, /expected number to be >=1/],
    [{ augmentation: { kind: 'image', shiftPixels: 1.5 } }, /int/],
    [{ augmentation: { kind: 'image', cropPercent: 5 } }, />=10/],
    [{ augmentation: { kind: 'image', rotate: 5 } }, /rotate/],
    [{ augmentation: { kind: 'text', tokenDropoutPercent: 100 } }, /<=90/],
    [{ augmentation: { kind: 'text', tokenDropoutPercent: 5, flip: true } }, /flip/],
    [{ augmentation: { kind: 'sound' } }, /[Ii]nvalid/],
    [{ balance: 'examples' }, /classes/],
    [
      { balance: 'classes', privacy: { clipNorm: 1, noiseMultiplier: 1, delta: 1e-5 } },
      /^a private task cannot balance classes: /,
    ],
  ])('%j is refused', (training, reason) => {
    const { error } = parse(training);
    expect(error?.issues[0]?.message).toMatch(reason);
  });

  test('what is not said stays unsaid, so that older tasks are signed as they were', () => {
    expect(Object.keys(localTrainingSchema.parse({}))).not.toContain('augmentation');
    expect(Object.keys(localTrainingSchema.parse({}))).not.toContain('balance');
  });
});

const labels = ['a', 'b'];
const table: DataFormat = { kind: 'table', columns: 2, scale: [{ offset: 0, factor: 1 }], labels };
const image: DataFormat = { kind: 'image', width: 8, height: 4, channels: 1, labels };
const text: DataFormat = { kind: 'text', tokens: 'words', length: 4, vocabulary: 99, labels };
const { labels: _, ...nextWord } = text;

test.each<[DataFormat, Parameters<typeof trainingFault>[1], string | null]>([
  [image, { augmentation: { kind: 'image', shiftPixels: 3 }, balance: 'classes' }, null],
  [text, { augmentation: { kind: 'text', tokenDropoutPercent: 10 }, balance: 'classes' }, null],
  [table, { balance: 'classes' }, null],
  [nextWord, { balance: 'none' }, null],
  [
    text,
    { augmentation: { kind: 'image', flip: true } },
    'The task learns from texts; they cannot be shifted, flipped or cropped.',
  ],
  [
    table,
    { augmentation: { kind: 'text', tokenDropoutPercent: 10 } },
    'The task learns from tables; they cannot be left without some of their words.',
  ],
  [
    image,
    { augmentation: { kind: 'image', shiftPixels: 4 } },
    'Images of 8 × 4 pixels cannot be shifted by 4.',
  ],
  [
    nextWord,
    { augmentation: { kind: 'text', tokenDropoutPercent: 10 } },
    'The task learns which word comes next; with words left out it would learn wrong ones.',
  ],
  [nextWord, { balance: 'classes' }, 'The task learns text without classes; there are none to balance.'],
])('data %j trained with %j: %s', (data, training, fault) => {
  expect(trainingFault({ data }, training)).toBe(fault);
});
