import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { latestAnswer } from './latest-answer.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

test('while the slider moves it is asked at once, then only for where it stands after each pause', async () => {
  const asked: number[] = [];
  const shown: number[] = [];
  const preview = latestAnswer(
    150,
    async (share: number) => {
      asked.push(share);
      return share;
    },
    (share) => shown.push(share),
  );
  for (const share of [5, 10, 15, 20]) preview.want(share);
  await vi.advanceTimersByTimeAsync(0);
  expect(asked).toEqual([5]);
  await vi.advanceTimersByTimeAsync(150);
  expect(asked).toEqual([5, 20]);
  expect(shown).toEqual([5, 20]);
  await vi.advanceTimersByTimeAsync(1000);
  preview.want(25);
  await vi.advanceTimersByTimeAsync(0);
  expect(asked).toEqual([5, 20, 25]);
});

test('an answer that comes after a newer one is not shown', async () => {
  const shown: string[] = [];
  const preview = latestAnswer(
    100,
    async (ms: number) => {
      await wait(ms);
      return `after ${ms}`;
    },
    (answer) => shown.push(answer),
  );
  preview.want(500);
  await vi.advanceTimersByTimeAsync(100);
  preview.want(50);
  await vi.advanceTimersByTimeAsync(1000);
  expect(shown).toEqual(['after 50']);
});

test('nothing is shown after the end', async () => {
  const shown: number[] = [];
  const preview = latestAnswer(
    100,
    async (share: number) => share,
    (share) => shown.push(share),
  );
  preview.want(1);
  preview.end();
  await vi.advanceTimersByTimeAsync(1000);
  expect(shown).toEqual([]);
});
