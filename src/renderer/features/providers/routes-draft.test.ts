import { expect, test } from 'vitest';
import { moved, type RouteDraft, routeOf, routeProblem, routesDraftOf } from './routes-draft.ts';

const [fast, cheap] = routesDraftOf([
  { name: 'fast', targets: [{ provider: 'openai', model: 'gpt-4o-mini', weight: 2 }] },
  { name: 'cheap*', targets: [{ provider: 'ollama', model: '*', weight: 1 }] },
]) as [RouteDraft, RouteDraft];

test('rows become the route they show', () => {
  expect(routeOf({ ...fast, name: ' fast ' })).toEqual({
    name: 'fast',
    targets: [{ provider: 'openai', model: 'gpt-4o-mini', weight: 2 }],
  });
  expect(routeProblem(cheap, [fast, cheap])).toBeNull();
});

test('a route says what is wrong with it', () => {
  const withTarget = (part: object) => ({
    ...fast,
    targets: fast.targets.map((one) => ({ ...one, ...part })),
  });
  expect(routeProblem({ ...fast, name: '' }, [])).toBe('name');
  expect(routeProblem({ ...fast, name: 'f*st' }, [])).toBe('name');
  expect(routeProblem({ ...fast, name: 'cheap*' }, [fast, cheap])).toBe('twice');
  expect(routeProblem({ ...fast, targets: [] }, [])).toBe('targets');
  expect(routeProblem(withTarget({ model: ' ' }), [])).toBe('model');
  expect(routeProblem(withTarget({ weight: '1.5' }), [])).toBe('weight');
});

test('a row moves one place', () => {
  expect(moved(['a', 'b', 'c'], 2, -1)).toEqual(['a', 'c', 'b']);
  expect(moved(['a', 'b', 'c'], 0, 1)).toEqual(['b', 'a', 'c']);
});
