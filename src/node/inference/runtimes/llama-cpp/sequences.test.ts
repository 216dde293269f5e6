import type { Token } from 'node-llama-cpp';
import { expect, test } from 'vitest';
import { Sequences } from './sequences.ts';

const tokens = (...ids: number[]) => ids as Token[];
const named = (name: string, ...ids: number[]) => ({ name, contextTokens: tokens(...ids) });

test('the sequence with the longest shared beginning is taken; among equals the one idle longest', async () => {
  const sequences = new Sequences([named('a', 1, 2), named('b', 1, 2, 3, 9), named('c'), named('d')]);
  expect((await sequences.take(tokens(1, 2, 3, 4))).name).toBe('b');
  expect((await sequences.take(tokens(7, 8))).name).toBe('a');
  expect((await sequences.take(tokens(7, 8))).name).toBe('c');
});

test('who waits gets the next free sequence, in order', async () => {
  const only = named('a');
  const sequences = new Sequences([only]);
  await sequences.take([]);
  const got: number[] = [];
  const first = sequences.take([]).then(() => got.push(1));
  const second = sequences.take([]).then(() => got.push(2));
  sequences.giveBack(only);
  await first;
  sequences.giveBack(only);
  await second;
  expect(got).toEqual([1, 2]);
});
