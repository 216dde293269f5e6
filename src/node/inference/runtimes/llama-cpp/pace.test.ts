import { expect, test } from 'vitest';
import { Pace } from './pace.ts';

/** Work of so many ms a piece, on a clock that only moves by it and by rests. */
function worked() {
  const spent = { workMs: 0, restMs: 0 };
  const pace = new Pace(
    () => spent.workMs + spent.restMs,
    async (ms) => {
      spent.restMs += ms;
    },
  );
  const work = (ms: number) =>
    pace.work(async () => {
      spent.workMs += ms;
    });
  return { pace, work, spent };
}

test('half of the time is worked, half is rested, whatever a piece takes', async () => {
  const { pace, work, spent } = worked();
  pace.timeShare = 0.5;
  for (const ms of [10, 30, 5, 200, 1]) await work(ms);
  await work(0);
  expect(spent.restMs / (spent.workMs + spent.restMs)).toBeCloseTo(0.5, 2);
});

test('with the whole time there is no rest, from the very next piece on', async () => {
  const { pace, work, spent } = worked();
  pace.timeShare = 0.1;
  await work(100);
  pace.timeShare = 1;
  await work(100);
  await work(100);
  expect(spent).toEqual({ workMs: 300, restMs: 0 });
});

test('a long piece is not rested for longer than a second', async () => {
  const { pace, work, spent } = worked();
  pace.timeShare = 0.25;
  await work(60_000);
  await work(1);
  expect(spent.restMs).toBe(1000);
});
