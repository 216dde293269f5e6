import { expect, test } from 'vitest';
import { type SettingItem, settingValue } from './setting-list.ts';

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
