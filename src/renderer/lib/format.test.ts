import { expect, test } from 'vitest';
import { formatBytes, formatDuration, formatMicroUsd, formatSol, shortAddress } from './format.ts';
import { parseRoute } from './routes.ts';

test('SOL is grouped by three after the point', () => {
  expect(formatSol('8412000')).toBe('0.008 412');
  expect(formatSol('1')).toBe('0.000 000 001');
  expect(formatSol(1_234_567_890_000n)).toBe('1234.567 890');
  expect(formatSol('0')).toBe('0.000 000');
  expect(formatSol('-950')).toBe('−0.000 000 950');
  expect(formatSol('8412000', 3)).toBe('0.008 412 000');
});

test('dollars have cents, and more digits where they are small', () => {
  expect(formatMicroUsd(0)).toBe('$0.00');
  expect(formatMicroUsd(1)).toBe('$0.000 001');
  expect(formatMicroUsd(123)).toBe('$0.000 123');
  expect(formatMicroUsd(75_000)).toBe('$0.075');
  expect(formatMicroUsd(1_125_000)).toBe('$1.125');
  expect(formatMicroUsd(3_482_917, 3)).toBe('$3.48');
  expect(formatMicroUsd(999_999, 3)).toBe('$1.00');
  expect(formatMicroUsd(1_234_501_234)).toBe('$1,234.50');
  expect(formatMicroUsd(-2_500_000)).toBe('−$2.50');
});

test('sizes, times and addresses are short', () => {
  expect([formatBytes(964_192), formatBytes(143_269_632), formatBytes(4.3e9)]).toEqual([
    '964 kB',
    '143 MB',
    '4.3 GB',
  ]);
  expect([formatDuration(380), formatDuration(3_900_000), formatDuration(273_600_000)]).toEqual([
    '380 ms',
    '1 h 5 min',
    '3 d 4 h',
  ]);
  expect(shortAddress('7xKXtg2CW87d97TXJSDpbD5jBkheTqA83TZRuJosgAsU')).toBe('7xKX…gAsU');
});

test('an address that is no page opens the dashboard', () => {
  expect(parseRoute('#/queue/req%2F1')).toEqual({ page: 'queue', detail: 'req/1' });
  expect(parseRoute('#/queue/%')).toEqual({ page: 'queue', detail: null });
  expect(parseRoute('#token=x')).toEqual({ page: 'dashboard', detail: null });
});
