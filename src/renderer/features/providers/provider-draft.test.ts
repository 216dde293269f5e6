import { expect, test } from 'vitest';
import { draftOf, emptyDraft, freeId, providerOf } from './provider-draft.ts';

const rest = { enabled: true, modelLimits: {} };
const draft = emptyDraft('openai', []);

test('what was typed becomes the provider, and the form shows it again', () => {
  const typed = {
    ...draft,
    baseUrl: ' https://proxy.example/v1 ',
    requestsPerMinute: '60',
    dayBudget: '4.35',
    monthBudget: '100',
  };
  const made = providerOf(typed, rest);
  expect(made).toEqual({
    provider: {
      ...rest,
      id: 'openai',
      kind: 'openai',
      baseUrl: 'https://proxy.example/v1',
      requestsPerMinute: 60,
      tokensPerMinute: null,
      concurrent: null,
      dayBudgetMicroUsd: 4_350_000,
      monthBudgetMicroUsd: 100_000_000,
    },
  });
  if ('provider' in made)
    expect(draftOf(made.provider)).toEqual({ ...typed, baseUrl: 'https://proxy.example/v1' });
});

test('what the page shows beside a provider is not stored with it', () => {
  const shown = { ...rest, keyEnd: '1234', running: 2 };
  expect(providerOf(draft, shown)).toEqual(providerOf(draft, rest));
  expect(providerOf(draft, shown)).toHaveProperty('provider.id', 'openai');
});

test('each field that is not right is named', () => {
  const wrong = {
    ...draft,
    id: 'Open AI',
    baseUrl: 'proxy.example',
    concurrent: '2.5',
    tokensPerMinute: '0',
    dayBudget: '1,50',
  };
  expect(providerOf(wrong, rest)).toEqual({
    problems: new Set(['id', 'baseUrl', 'tokensPerMinute', 'concurrent', 'dayBudget']),
  });
});

test('a server with OpenAI’s API needs an address, the others have their own', () => {
  expect(providerOf(emptyDraft('openai-compatible', []), rest)).toEqual({ problems: new Set(['baseUrl']) });
  expect(providerOf(emptyDraft('ollama', []), rest)).toHaveProperty('provider.baseUrl', null);
});

test('a second provider of a kind gets a name of its own', () => {
  expect(freeId('openai', ['openai', 'openai-2', 'cohere'])).toBe('openai-3');
});
