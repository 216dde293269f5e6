import { expect, test } from 'vitest';
import { unknownModel } from '../inference/unknown-model.ts';
import { publicNames, resolve } from './mapping.ts';

test('names lead to routes, wildcards, providers and models; the rest is unknown, with what is near', () => {
  const providers = [
    { id: 'openai', models: ['gpt-4o-mini', 'gpt-4o'] },
    { id: 'home', models: ['llama3.2:latest', 'gpt-4o'] },
  ];
  const to = (provider: string, model: string) => ({ provider, model, weight: 1 });
  const routes = [
    { name: 'fast', targets: [to('gone', 'x'), to('openai', 'gpt-4o-mini')] },
    { name: 'my-*', targets: [to('home', '*')] },
    { name: 'my-big-*', targets: [to('openai', 'gpt-*')] },
  ];
  const where = (name: string) =>
    resolve(name, routes, providers).map(({ provider, model }) => `${provider}/${model}`);
  expect(where('fast')).toEqual(['openai/gpt-4o-mini']);
  expect(where('my-llama3.2:latest')).toEqual(['home/llama3.2:latest']);
  expect(where('my-big-4o')).toEqual(['openai/gpt-4o']);
  expect(where('openai/gpt-9')).toEqual(['openai/gpt-9']);
  expect(where('gpt-4o')).toEqual(['openai/gpt-4o', 'home/gpt-4o']);
  expect(where('nothing')).toEqual([]);
  expect(publicNames(routes, providers)).toEqual([
    'fast',
    'gpt-4o-mini',
    'gpt-4o',
    'llama3.2:latest',
    'openai/gpt-4o-mini',
    'openai/gpt-4o',
    'home/llama3.2:latest',
    'home/gpt-4o',
  ]);
  expect(unknownModel('gpt-4o-mimi', publicNames(routes, providers)).data?.near).toContain('gpt-4o-mini');
  expect(unknownModel('zzz', ['gpt-4o']).data?.near).toEqual([]);
});
