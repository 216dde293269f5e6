import { expect, test } from 'vitest';
import { defaultProxyConfig } from '#contract/provider.ts';
import { rulesDraftOf, rulesOf } from './rules-draft.ts';

const draft = rulesDraftOf(defaultProxyConfig);

test('a commission in percent is kept in hundredths of a percent', () => {
  expect(draft.commission).toBe('5');
  expect(rulesOf({ ...draft, commission: '4.35' })).toHaveProperty('rules.commissionBasisPoints', 435);
  for (const commission of ['', '100.01', '-1', '5 %', '1.234'])
    expect(rulesOf({ ...draft, commission }), commission).toEqual({ problems: new Set(['commission']) });
});

test('the price of a SOL is a fixed one, one from an address, or none', () => {
  expect(rulesOf(draft)).toHaveProperty('rules.solPrice', null);
  expect(rulesOf({ ...draft, solPriceKind: 'fixed', solPrice: '151.25' })).toHaveProperty('rules.solPrice', {
    kind: 'fixed',
    microUsd: 151_250_000,
  });
  expect(rulesOf({ ...draft, solPriceKind: 'fixed', solPrice: '0' })).toEqual({
    problems: new Set(['solPrice']),
  });
  expect(rulesOf({ ...draft, solPriceKind: 'url', solPriceUrl: 'prices', solPricePath: 'a' })).toEqual({
    problems: new Set(['solPriceUrl']),
  });
});

test('what is stored comes back the same', () => {
  const rules = rulesOf({
    ...draft,
    dayBudget: '25.5',
    solPriceKind: 'url',
    solPriceUrl: 'https://a.example/',
  });
  expect('rules' in rules && rulesOf(rulesDraftOf(rules.rules))).toEqual(rules);
});
