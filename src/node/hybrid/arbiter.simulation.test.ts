import { describe, expect, test } from 'vitest';
import { contestedHours, generatedDay } from '#testing/generated-day.ts';
import {
  type DayMachine,
  type MachineDay,
  roomyMachine,
  smallMachine,
  tightMachine,
} from '#testing/machine-day.ts';
import { recordedDay } from '#testing/recorded-day.ts';
import { type SimulatedDay, simulateDay } from '#testing/simulated-day.ts';

const minute = 60_000;
const hour = 60 * minute;
const shares = [0, 10, 30, 50, 70, 90, 100];
const machines = [roomyMachine, tightMachine, smallMachine];
const seeds = ['spring', 'summer', 'autumn', 'winter'];

/** The most changes of mode in any hour. */
const mostChanges = ({ changes }: SimulatedDay) =>
  Math.max(
    0,
    ...changes.map(({ atMs }) => changes.filter((one) => one.atMs >= atMs && one.atMs < atMs + hour).length),
  );

const trainingShare = ({ modeMs }: SimulatedDay) =>
  (100 * modeMs.training) / (modeMs.training + modeMs.inference);

function expectOrderly(played: SimulatedDay, day: MachineDay, sharePercent: number, hasHolds: boolean) {
  // No thrash. Only holds, deadlines and queues change a mode early.
  expect(mostChanges(played)).toBeLessThanOrEqual(hasHolds ? 10 : 8);
  expect(played.changes.length / (day.lengthMs / hour)).toBeLessThanOrEqual(hour < day.lengthMs ? 6 : 8);
  expect(played.threadChanges / (day.lengthMs / hour)).toBeLessThanOrEqual(4);
  // No feasible deadline missed.
  if (sharePercent > 0) expect(played.feasible.missed).toEqual([]);
  // No starvation: nobody waits more than the hour, nor training more than its four, for the other kind's turn.
  if (sharePercent < 100) expect(played.longestUnservedMs).toBeLessThanOrEqual(hour);
  if (sharePercent > 0) expect(played.longestUntrainedMs).toBeLessThanOrEqual(4 * hour + 7 * minute);
  // Never above the ceiling.
  expect(played.overCeiling.ramBytes).toBeLessThanOrEqual(0);
  expect(played.overCeiling.gpuBytes).toBeLessThanOrEqual(0);
  expect(played.overCeiling.threads).toBeLessThanOrEqual(0);
}

describe.each(machines)('generated days where $name', (machine: DayMachine) => {
  test.each(shares)('at %i % for training', (sharePercent) => {
    let met = 0;
    for (const seed of seeds) {
      const day = generatedDay(seed);
      const played = simulateDay(day, machine, { sharePercent, stepMs: 10_000 });
      expectOrderly(played, day, sharePercent, true);
      met += played.feasible.met;
      if (sharePercent === 0) expect(played.modeMs.training + played.modeMs.both).toBe(0);
      if (sharePercent === 100) expect(played.modeMs.both).toBe(0);
    }
    // The days have rounds to miss.
    if (sharePercent > 0) expect(met).toBeGreaterThan(20);
  });
});

test('a decision every two seconds makes no more changes than one every ten', () => {
  const day = { ...generatedDay('spring'), lengthMs: 8 * hour };
  const changesAt = (stepMs: number) =>
    simulateDay(day, tightMachine, { sharePercent: 50, stepMs }).changes.length;
  expect(Math.abs(changesAt(2000) - changesAt(10_000))).toBeLessThanOrEqual(6);
});

describe('where both always have work, over four hours', () => {
  const day = contestedHours(4, 60);

  test.each([10, 30, 50, 70, 90])('the time follows the slider at %i %', (sharePercent) => {
    const played = simulateDay(day, tightMachine, { sharePercent, stepMs: 5000 });
    expect(Math.abs(trainingShare(played) - sharePercent)).toBeLessThanOrEqual(6);
    expect(played.changes.length / 4).toBeLessThanOrEqual(7);
    expect(played.changes.some(({ isEarly }) => isEarly)).toBe(false);
    expectOrderly(played, day, sharePercent, false);
  });

  test.each([1, 5, 95, 99])('even at %i % each gets its turn', (sharePercent) => {
    const played = simulateDay({ ...contestedHours(9, 60) }, tightMachine, { sharePercent, stepMs: 10_000 });
    expect(played.modeMs.training).toBeGreaterThan(5 * minute);
    expect(played.modeMs.inference).toBeGreaterThan(5 * minute);
    expectOrderly(played, contestedHours(9, 60), sharePercent, false);
  });

  test('better earnings lean the share by less than ten points', () => {
    const shareFor = (inference: number, training: number) =>
      trainingShare(
        simulateDay(day, tightMachine, {
          sharePercent: 50,
          stepMs: 5000,
          lamportsPerMinute: { inference, training },
        }),
      );
    expect(shareFor(1000, 5000)).toBeGreaterThan(shareFor(1000, 1000));
    expect(shareFor(5000, 1000)).toBeLessThan(shareFor(1000, 1000));
    expect(shareFor(1000, 5000)).toBeLessThan(60);
    expect(shareFor(5000, 1000)).toBeGreaterThan(40);
  });

  test('rounds that leave no time to spare cannot take the machine for good', () => {
    const long = contestedHours(12, 60);
    const played = simulateDay(long, tightMachine, {
      sharePercent: 30,
      stepMs: 10_000,
      joinsRoundsOfMs: 20 * minute,
    });
    expect(played.feasible.missed).toEqual([]);
    expect(played.feasible.met).toBeGreaterThan(8);
    expect(Math.abs(trainingShare(played) - 30)).toBeLessThanOrEqual(10);
  });
});

describe.each(['azure-conversation-hour', 'azure-code-hour'] as const)('recorded requests, %s', (file) => {
  test.each([
    [1, 10],
    [1, 50],
    [1, 90],
    [4, 10],
    [4, 50],
    [4, 90],
    [24, 10],
    [24, 50],
    [24, 90],
  ])('stretched %i times, at %i % for training', (stretch, sharePercent) => {
    const beside = generatedDay('summer');
    const day = recordedDay(file, stretch, beside);
    for (const machine of machines) {
      const played = simulateDay(day, machine, { sharePercent, stepMs: 10_000 });
      expectOrderly(played, day, sharePercent, true);
      expect(played.served).toBeGreaterThan(300);
    }
  });
});
