import { expect, test } from 'vitest';
import { formatParameters } from './format-parameters.ts';

test('parameters are named as people name models, and unknown ones are a dash', () => {
  expect(formatParameters(3_212_749_888)).toBe('3.2 B');
  expect(formatParameters(134_515_008)).toBe('135 M');
  expect(formatParameters(1_000_448)).toBe('1 M');
  expect(formatParameters(70_553_706_496)).toBe('71 B');
  expect(formatParameters(940_000)).toBe('940 k');
  expect(formatParameters(12)).toBe('12');
  expect(formatParameters(null)).toBe('–');
});
