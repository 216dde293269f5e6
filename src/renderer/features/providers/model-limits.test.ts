import { expect, test } from 'vitest';
import { limitsDraftOf, limitsOf, limitsOfDraft, withLimits } from './model-limits.ts';

const limits = { requestsPerMinute: 60, tokensPerMinute: null, concurrent: 2 };
const provider = { modelLimits: { 'gpt-4o': limits } };

test('what was typed becomes a model’s limits, and the form shows them again', () => {
  const draft = { requestsPerMinute: ' 60 ', tokensPerMinute: '', concurrent: '2' };
  expect(limitsOfDraft(draft)).toEqual({ limits });
  expect(limitsDraftOf(limits)).toEqual({ ...draft, requestsPerMinute: '60' });
});

test('each field that is not right is named', () => {
  expect(limitsOfDraft({ requestsPerMinute: '0', tokensPerMinute: 'many', concurrent: '1.5' })).toEqual({
    problems: new Set(['requestsPerMinute', 'tokensPerMinute', 'concurrent']),
  });
});

test('one model’s limits leave the others’ as they are, and none at all are not kept', () => {
  const none = limitsOf(provider, 'gpt-4o-mini');
  expect(none).toEqual({ requestsPerMinute: null, tokensPerMinute: null, concurrent: null });
  expect(limitsOf(provider, 'constructor')).toEqual(none);
  expect(withLimits(provider, 'gpt-4o-mini', limits)).toEqual({ 'gpt-4o': limits, 'gpt-4o-mini': limits });
  expect(withLimits(provider, 'gpt-4o', none)).toEqual({});
});
