import type { TFunction } from 'i18next';
import { expect, test } from 'vitest';
import { dataChangesText } from './task-words.ts';

const t = ((key: string, values?: { changes?: string }) =>
  [key.split('.').at(-1), values?.changes].filter(Boolean).join(': ')) as unknown as TFunction;

test('a task is told to learn from changed copies, with words left out, or from classes alike', () => {
  expect(dataChangesText(['shifted', 'flipped', 'cropped', 'balanced'], t)).toBe(
    'copies: shifted, flipped and cropped · balanced',
  );
  expect(dataChangesText(['shifted'], t)).toBe('copies: shifted');
  expect(dataChangesText(['words-left-out', 'balanced'], t)).toBe('words-left-out · balanced');
  expect(dataChangesText([], t)).toBe('');
});
