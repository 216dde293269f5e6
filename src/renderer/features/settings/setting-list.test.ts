import { expect, test } from 'vitest';
import locale from '#locales/en.json' with { type: 'json' };
import { fieldText, type SettingItem, settingItems, settingValue } from './setting-list.ts';

const speed: SettingItem = { name: 'declaredNetworkMbps', kind: 'number', nullable: true };
const threads: SettingItem = { name: 'threads', kind: 'autoNumber' };

test('a field that may be empty is unset only when it is empty', () => {
  expect(settingValue(speed, ' 100 ')).toBe(100);
  expect(settingValue(speed, '')).toBeNull();
  expect(settingValue(speed, 'fast')).toBe('fast');
});

test('“auto” stays a word beside numbers', () => {
  expect(settingValue(threads, 'auto')).toBe('auto');
  expect(settingValue(threads, '4')).toBe(4);
});

test('each setting has words, its unit and its choices too', () => {
  const words: Record<string, Record<string, string>> = locale.settings as never;
  for (const { name, unit, choices = [] } of settingItems) {
    expect(words[name], name).toMatchObject({ title: expect.any(String), text: expect.any(String) });
    for (const choice of choices) expect(words[name]?.[choice], `${name}.${choice}`).toBeTruthy();
    if (unit) expect(words.unit?.[unit], unit).toBeTruthy();
  }
});

test('several addresses stand in one field', () => {
  const rpc: SettingItem = { name: 'solanaRpcUrls', kind: 'addresses' };
  const urls = ['https://rpc.example', 'https://other.example/key'];
  expect(settingValue(rpc, ' https://rpc.example,https://other.example/key ')).toEqual(urls);
  expect(settingValue(rpc, fieldText(urls))).toEqual(urls);
  expect(settingValue(rpc, '')).toEqual([]);
});
