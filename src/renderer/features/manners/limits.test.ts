import { expect, test } from 'vitest';
import { defaultSettings, type Settings } from '#contract/settings.ts';
import { sampleReading } from '#testing/sample-machine.ts';
import { contradictions } from './contradictions.ts';
import { priceOf, priceText } from './dollar-price.ts';
import { boundsOf, limitBounds, numberOf } from './setting-bounds.ts';

const codes = (patch: Partial<Settings>, reading = sampleReading()) =>
  contradictions({ ...defaultSettings, ...patch }, reading).map(({ field, code }) => `${field} ${code}`);

test('a field takes what the contract takes', () => {
  expect(limitBounds('cpuPercent')).toEqual({ min: 5, max: 100, isOptional: false });
  expect(limitBounds('networkMbps')).toMatchObject({ min: 1, isOptional: true });
  expect(boundsOf('othersCpuPercent')).toEqual({ min: 5, max: 100, isOptional: true });
  const bounds = limitBounds('cpuPercent');
  expect(['5', ' 100 ', '4', '101', '', '50.5', 'half'].map((text) => numberOf(text, bounds))).toEqual([
    5,
    100,
    ...Array(5).fill(undefined),
  ]);
  expect(numberOf('', boundsOf('othersCpuPercent'))).toBeNull();
});

test('a price of electricity is dollars in the field and whole micro-dollars behind it, negative ones too', () => {
  const bounds = boundsOf('powerMicroUsdPerKwh');
  expect(['0.31', '0,31', '-0.02', '−0.02', '0', '-0', ''].map((text) => priceOf(text, bounds))).toEqual([
    310_000,
    310_000,
    -20_000,
    -20_000,
    0,
    0,
    null,
  ]);
  expect(['cheap', '11', '-11', '0.0000001', '--1'].map((text) => priceOf(text, bounds))).toEqual(
    Array(5).fill(undefined),
  );
  expect([310_000, -20_000, null].map(priceText)).toEqual(['0.31', '-0.02', '']);
});

test('the defaults go together', () => {
  expect(contradictions(defaultSettings, sampleReading())).toEqual([]);
});

test('a limit that is higher while somebody uses the computer is pointed out; none is higher than any', () => {
  const { limitsInUse, limitsIdle } = defaultSettings;
  expect(codes({ limitsInUse: { ...limitsInUse, ramPercent: 85 } })).toEqual([
    'limitsInUse.ramPercent in-use-above-idle',
  ]);
  expect(codes({ limitsIdle: { ...limitsIdle, networkMbps: 50 } })).toEqual([
    'limitsInUse.networkMbps in-use-above-idle',
  ]);
});

test('electricity that cannot be reckoned is pointed out', () => {
  expect(codes({ powerMicroUsdPerKwh: 300_000 })).toEqual(['assumedWatts cost-without-watts']);
  expect(codes({ powerMicroUsdPerKwh: 300_000, assumedWatts: 200 })).toEqual([]);
  const measured = sampleReading({ power: { watts: 90, source: 'measured' } });
  expect(codes({ powerMicroUsdPerKwh: 300_000 }, measured)).toEqual([]);
});

test('what this computer has reached already is pointed out', () => {
  const reading = sampleReading({
    cpu: { model: 'CPU', cores: 2, load: 0.5, ownLoad: null, tempC: 71.4, powerWatts: null },
    disk: { totalBytes: 100e9, freeBytes: 4.6e9 },
    network: { receivedBytesPerSecond: null, sentBytesPerSecond: null, monthBytes: 20e9 },
  });
  expect(codes({ mostTempC: 70, monthlyNetworkGigabytes: 20 }, reading)).toEqual([
    'mostTempC too-hot-now',
    'monthlyNetworkGigabytes cap-reached',
    'diskReserveGigabytes less-disk-free',
  ]);
});
