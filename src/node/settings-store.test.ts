import { mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { defaultSettings } from '#contract/settings.ts';
import { openSettings } from './settings-store.ts';

const freshFile = () => join(mkdtempSync(join(tmpdir(), 'settings-')), 'settings.json');

test('a fresh profile has the defaults, and what is set is there after a restart', () => {
  const file = freshFile();
  const store = openSettings(file);
  expect(store.current.get()).toEqual(defaultSettings);
  store.update({ queueLimit: 7, network: { kind: 'gateway', url: 'http://127.0.0.1:9' } });
  expect(openSettings(file).current.get()).toEqual({
    ...defaultSettings,
    queueLimit: 7,
    network: { kind: 'gateway', url: 'http://127.0.0.1:9' },
  });
});

test('a value out of range is refused with its field, and nothing changes', () => {
  const file = freshFile();
  const store = openSettings(file);
  store.update({ queueLimit: 7 });
  expect(() => store.update({ queueLimit: 0, apiPort: 1 })).toThrow(/queueLimit/);
  expect(store.current.get().apiPort).toBe(defaultSettings.apiPort);
  expect(openSettings(file).current.get().queueLimit).toBe(7);
});

test('settings that cannot hold together are refused with a sentence, and nothing changes', () => {
  const store = openSettings(freshFile());
  const half = (allowed: string) => Array(7).fill(allowed);
  const mornings = half('1'.repeat(24) + '0'.repeat(24));
  const evenings = half('0'.repeat(24) + '1'.repeat(24));
  expect(() => store.update({ pauseBelowPowerCost: true })).toThrow(/price has to be known/);
  store.update({ pauseBelowPowerCost: true, powerMicroUsdPerKwh: -5000 });
  expect(() => store.update({ powerMicroUsdPerKwh: null })).toThrow(/price has to be known/);
  expect(() => store.update({ computeSchedule: mornings, networkSchedule: evenings })).toThrow(
    'There is no half hour in which both computing and the network are allowed.',
  );
  // A week without any hours is a wish, and limits in use above those for nobody there are met by the smaller.
  store.update({ computeSchedule: half('0'.repeat(48)), networkSchedule: evenings });
  store.update({ limitsInUse: { ...defaultSettings.limitsInUse, cpuPercent: 100 } });
  expect(store.current.get().pauseBelowPowerCost).toBe(true);
});

test('the limit of a gateway that an older version stored stays the gateway’s; a payer has its own', () => {
  const file = freshFile();
  writeFileSync(file, JSON.stringify({ unsettledLimitLamports: '5000000000' }));
  const store = openSettings(file);
  expect(store.unreadable).toBeNull();
  expect(store.current.get()).toMatchObject({
    unsettledLimitLamports: defaultSettings.unsettledLimitLamports,
    gatewayLimitLamports: '5000000000',
  });
  store.update({ unsettledLimitLamports: '300000000' });
  expect(openSettings(file).current.get()).toMatchObject({
    unsettledLimitLamports: '300000000',
    gatewayLimitLamports: '5000000000',
  });
});

test('a file that cannot be read is kept aside and said so', () => {
  const file = freshFile();
  writeFileSync(file, '{"queueLimit": ');
  const store = openSettings(file);
  expect(store.unreadable?.code).toBe('settings/unreadable');
  expect(store.current.get()).toEqual(defaultSettings);
  expect(readdirSync(join(file, '..')).some((name) => name.includes('unreadable'))).toBe(true);
});

test('a setting that makes no sense, or is unknown, is left out; the others stay, and the file is kept aside', () => {
  const file = freshFile();
  const written = {
    ...{ queueLimit: 7, trainingSharePercent: 300, mostTempC: 'hot', fromAnotherVersion: true },
    limitsIdle: { ...defaultSettings.limitsIdle, cpuPercent: 60 },
  };
  writeFileSync(file, JSON.stringify(written));
  const store = openSettings(file);
  expect(store.current.get()).toEqual({
    ...defaultSettings,
    queueLimit: 7,
    limitsIdle: { ...defaultSettings.limitsIdle, cpuPercent: 60 },
  });
  expect(store.unreadable?.message).toContain('fromAnotherVersion, trainingSharePercent, mostTempC');
  const aside = readdirSync(join(file, '..')).filter((name) => name.includes('unreadable'));
  expect(aside).toHaveLength(1);
  expect(openSettings(file).unreadable).toBeNull();
  store.update({ theme: 'dark' });
  expect(openSettings(file).current.get()).toMatchObject({ queueLimit: 7, theme: 'dark' });
});

test('a set of limits of an older version, without one of today’s, keeps the others', () => {
  const file = freshFile();
  const { networkMbps: _, ...older } = { ...defaultSettings.limitsInUse, cpuPercent: 20 };
  writeFileSync(file, JSON.stringify({ onboarded: true, limitsInUse: older }));
  const store = openSettings(file);
  expect(store.unreadable).toBeNull();
  expect(store.current.get()).toMatchObject({
    onboarded: true,
    limitsInUse: { cpuPercent: 20, networkMbps: null },
  });
});

test('settings written by hand that cannot hold together do not stand in the way of every later change', () => {
  const file = freshFile();
  writeFileSync(file, JSON.stringify({ queueLimit: 7, pauseBelowPowerCost: true }));
  const store = openSettings(file);
  expect(store.current.get()).toMatchObject({ queueLimit: 7, pauseBelowPowerCost: false });
  expect(store.update({ theme: 'dark' }).theme).toBe('dark');
});

test.each(['null', '[]', '7', '"text"'])('a file that holds %s is kept aside', (text) => {
  const file = freshFile();
  writeFileSync(file, text);
  const store = openSettings(file);
  expect(store.unreadable?.code).toBe('settings/unreadable');
  expect(store.current.get()).toEqual(defaultSettings);
});
