import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findPrice, readPrices } from './prices.ts';

test('the shipped prices are whole; an operator’s own go before them; dates at a name’s end do not count', () => {
  const table = readPrices(new URL('../../../resources/prices.json', import.meta.url).pathname);
  const find = (model: string, overrides = {}) =>
    findPrice(table, overrides, { provider: 'mine', kind: 'openai', model });
  expect(find('gpt-4o-mini-2024-07-18')).toMatchObject({
    input: 150_000,
    cachedInput: 75_000,
    output: 600_000,
  });
  const price = { input: 1_000_000, output: 4_000_000 };
  expect(find('gpt-nobody-priced')).toBeNull();
  expect(find('constructor')).toBeNull();
  expect(find('gpt-4o-mini', { 'mine/gpt-4o-mini': price })).toEqual(price);
  expect(find('anything', { 'mine/*': price })).toEqual(price);
});

test('a price table that lacks a field is refused with its place', () => {
  const file = join(mkdtempSync(join(tmpdir(), 'prices-')), 'prices.json');
  writeFileSync(
    file,
    JSON.stringify({
      version: 1,
      date: '2026-01-01',
      sources: {},
      prices: { openai: { 'gpt-x': { input: 5 } } },
    }),
  );
  expect(() => readPrices(file)).toThrow(/prices\.openai\.gpt-x\.output/);
  writeFileSync(file, '{');
  expect(() => readPrices(file)).toThrow(expect.objectContaining({ code: 'proxy/prices-unreadable' }));
});
