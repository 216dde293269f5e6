import { expect, test } from 'vitest';
import { threadShare } from './thread-share.ts';

const machine = { mathCores: 8, cores: 16 };

test('threads are divided among the processes, whole ones, never more than the processor has', () => {
  expect(threadShare(6, 2, machine)).toEqual({ threads: 3, timeShare: 1 });
  expect(threadShare(7, 2, machine)).toEqual({ threads: 3, timeShare: 1 });
  expect(threadShare(64, 1, machine)).toEqual({ threads: 8, timeShare: 1 });
});

test('with fewer threads than processes each computes only a part of the time: together no more than the threads', () => {
  for (const wanted of [1, 2, 3]) {
    const { threads, timeShare } = threadShare(wanted, 4, machine);
    expect(threads * timeShare * 4).toBeCloseTo(wanted);
  }
  expect(threadShare(0, 2, machine)).toEqual({ threads: 1, timeShare: 0.5 });
});

test('auto leaves a core to everybody else, on a small machine too', () => {
  expect(threadShare('auto', 1, { mathCores: 4, cores: 4 })).toEqual({ threads: 3, timeShare: 1 });
  expect(threadShare('auto', 1, { mathCores: 1, cores: 1 })).toEqual({ threads: 1, timeShare: 1 });
});
