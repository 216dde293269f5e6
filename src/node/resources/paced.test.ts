import { expect, test } from 'vitest';
import { createFakeClock } from '#testing/fake-clock.ts';
import { paced } from './paced.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));

test('a costly reading is taken when it is due, and its latest stands until then', async () => {
  const time = createFakeClock();
  let taken = 0;
  const reading = paced({ clock: time.clock, everyMs: 10_000, unknown: 0, read: async () => ++taken });
  expect(reading()).toBe(0);
  await reading.settled();
  for (let passed = 0; passed < 60; passed += 2) {
    time.advance(2000);
    reading();
    await turn();
  }
  expect(taken).toBe(7);
  expect(reading()).toBe(7);
});

test('a failure is unknown at once, is tried less often, and a success ends that', async () => {
  const time = createFakeClock();
  let asked = 0;
  let works = false;
  const reading = paced<number | null>({
    clock: time.clock,
    everyMs: 10_000,
    unknown: null,
    async read() {
      asked += 1;
      if (!works) throw new Error('no');
      return 1;
    },
  });
  async function pass(seconds: number) {
    for (let passed = 0; passed < seconds; passed += 2) {
      reading();
      await turn();
      time.advance(2000);
    }
  }
  await pass(3600);
  expect(reading()).toBeNull();
  expect(asked).toBeLessThan(13);
  works = true;
  await pass(602);
  expect(reading()).toBe(1);
  const before = asked;
  await pass(100);
  expect(asked - before).toBe(10);
});

test('a reading that hangs is unknown and is not started a second time; a clock that is set back silences nothing', async () => {
  const time = createFakeClock();
  let asked = 0;
  let answer: (value: number) => void = () => {};
  const reading = paced<number | null>({
    clock: time.clock,
    everyMs: 2000,
    unknown: null,
    read() {
      asked += 1;
      return new Promise((resolve) => {
        answer = resolve;
      });
    },
  });
  reading();
  answer(5);
  await turn();
  expect(reading()).toBe(5);
  time.advance(2000);
  reading();
  for (let passed = 0; passed < 60; passed += 2) {
    time.advance(2000);
    reading();
  }
  expect([reading(), asked]).toEqual([null, 2]);
  answer(6);
  await turn();
  expect(reading()).toBe(6);
  time.advance(-86_400_000);
  reading();
  expect(asked).toBe(3);
});
