import { describe, expect, test } from 'vitest';
import type { ArbiterInputs, ArbiterState } from './allocation.ts';
import { arbitrate, newArbiterState } from './arbiter.ts';

const minute = 60_000;
const gigabyte = 1024 ** 3;
const start = 1_790_000_000_000;

/** A machine of 8 threads and 8 GB of GPU memory on which either kind needs 6 GB: no room for both. */
const inTurns: ArbiterInputs = {
  now: start,
  sharePercent: 50,
  can: { inference: true, training: true },
  held: { inference: false, training: false },
  demand: { running: 1, waiting: 0, perMinute: 6 },
  round: null,
  hasRounds: true,
  ceiling: { ramBytes: 16 * gigabyte, gpuBytes: 8 * gigabyte },
  needs: {
    inference: { ramBytes: 2 * gigabyte, gpuBytes: 6 * gigabyte },
    training: { ramBytes: 2 * gigabyte, gpuBytes: 6 * gigabyte },
  },
  threads: 8,
  lamportsPerMinute: { inference: null, training: null },
  isAsked: false,
  random: 0.5,
};
const small = { ramBytes: 2 * gigabyte, gpuBytes: 2 * gigabyte };
const sideBySide: ArbiterInputs = { ...inTurns, needs: { inference: small, training: small } };

const decide = (inputs: ArbiterInputs, state = newArbiterState(start)) => arbitrate(state, inputs);
const modeOf = (inputs: ArbiterInputs, state?: ArbiterState) => {
  const { mode, reason } = decide(inputs, state).allocation;
  return `${mode}: ${reason}`;
};

/** A state as if the mode had begun `agoMs` before the start, its dwell over. */
function settledIn(mode: ArbiterState['mode'], reason: ArbiterState['reason'] = 'share'): ArbiterState {
  return {
    ...newArbiterState(start),
    mode,
    reason,
    since: start - 20 * minute,
    settledUntil: start - minute,
    worked: { inference: 15 * minute, training: 15 * minute },
  };
}
/** The same a minute after the change: within its dwell. */
const freshIn = (mode: ArbiterState['mode'], reason?: ArbiterState['reason']): ArbiterState => ({
  ...settledIn(mode, reason),
  since: start - minute,
  settledUntil: start + 5 * minute,
});

describe('which mode', () => {
  test('both side by side where both fit below the ceiling', () => {
    expect(modeOf(sideBySide)).toBe('both: both-fit');
  });

  test('one thread cannot be shared: turns', () => {
    expect(modeOf({ ...sideBySide, threads: 1, sharePercent: 80 })).toBe('training: share');
  });

  test('one kind alone where the other is not switched on, is held, or needs more than there is', () => {
    const huge = { ramBytes: 0, gpuBytes: 9 * gigabyte };
    expect(modeOf({ ...inTurns, can: { inference: true, training: false } })).toBe('inference: only-kind');
    expect(modeOf({ ...inTurns, can: { inference: false, training: true } })).toBe('training: only-kind');
    expect(modeOf({ ...inTurns, held: { inference: true, training: false } })).toBe('training: held');
    expect(modeOf({ ...inTurns, held: { inference: false, training: true } })).toBe('inference: held');
    expect(modeOf({ ...inTurns, needs: { ...inTurns.needs, inference: huge } })).toBe('training: no-memory');
    expect(modeOf({ ...inTurns, needs: { ...inTurns.needs, training: huge } })).toBe('inference: no-memory');
  });

  test('none, and why', () => {
    expect(modeOf({ ...inTurns, can: { inference: false, training: false } })).toBe('none: nothing-on');
    expect(modeOf({ ...inTurns, held: { inference: true, training: true } })).toBe('none: held');
    expect(modeOf({ ...inTurns, ceiling: { ramBytes: 0, gpuBytes: 0 } })).toBe('none: no-memory');
    expect(modeOf({ ...inTurns, threads: 0 })).toBe('none: no-memory');
  });

  test('at 0 % no training while serving is switched on, not even while serving is held', () => {
    expect(modeOf({ ...sideBySide, sharePercent: 0 })).toBe('inference: slider');
    expect(modeOf({ ...sideBySide, sharePercent: 0, held: { inference: true, training: false } })).toBe(
      'none: held',
    );
    expect(modeOf({ ...sideBySide, sharePercent: 0, can: { inference: false, training: true } })).toBe(
      'training: only-kind',
    );
  });

  test('at 100 % no serving while training may work', () => {
    expect(modeOf({ ...sideBySide, sharePercent: 100 })).toBe('training: slider');
    expect(modeOf({ ...sideBySide, sharePercent: 100, held: { inference: false, training: true } })).toBe(
      'inference: held',
    );
  });

  test('at 100 % serving fills the gap when there has been no round for longer than the dwell', () => {
    const state = { ...settledIn('training', 'slider'), workSeenAt: start };
    const without = { ...sideBySide, sharePercent: 100, hasRounds: false };
    expect(modeOf({ ...without, now: start + 4 * minute }, state)).toBe('training: slider');
    expect(modeOf({ ...without, now: start + 6 * minute }, state)).toBe('inference: no-round');
  });

  test('serving alone while there is no round', () => {
    expect(modeOf({ ...inTurns, hasRounds: false })).toBe('inference: no-round');
  });

  test('training takes over when no request has come for ten minutes', () => {
    const quiet = { running: 0, waiting: 0, perMinute: 0 };
    expect(modeOf({ ...inTurns, sharePercent: 10, demand: quiet }, settledIn('inference'))).toBe(
      'training: demand',
    );
  });
});

describe('dwell', () => {
  const demand = { running: 0, waiting: 3, perMinute: 1 };

  test('a change waits for the end of the dwell, five minutes and up to ninety seconds', () => {
    const first = decide({ ...inTurns, sharePercent: 90 }).state;
    expect(first.settledUntil - start).toBe(5.75 * minute);
    const later = { ...inTurns, sharePercent: 10, demand };
    expect(modeOf({ ...later, now: start + 5 * minute }, first)).toBe('training: share');
    expect(modeOf({ ...later, now: start + 6 * minute }, first)).toBe('inference: share');
  });

  test('the operator need not wait', () => {
    expect(modeOf({ ...inTurns, sharePercent: 95, isAsked: true }, freshIn('inference'))).toBe(
      'training: share',
    );
  });

  test('a hold ends a mode at once', () => {
    const held = { inference: true, training: false };
    expect(modeOf({ ...inTurns, held }, freshIn('inference'))).toBe('training: held');
  });

  test('needs that have outgrown the ceiling part the two at once', () => {
    expect(modeOf(inTurns, freshIn('both', 'both-fit'))).toMatch(/^(inference|training): share$/);
  });

  test('a queue that grows ends training at once where it only filled a gap', () => {
    const owed = { ...freshIn('training', 'demand'), worked: { inference: 0, training: 30 * minute } };
    expect(modeOf({ ...inTurns, demand }, owed)).toBe('training: demand');
    expect(modeOf({ ...inTurns, demand: { ...demand, waiting: 4 } }, owed)).toBe('inference: demand');
    expect(modeOf({ ...inTurns, demand: { ...demand, waiting: 4 } }, { ...owed, reason: 'share' })).toBe(
      'training: share',
    );
  });

  test('no change for less than 12 %', () => {
    const almost = { ...settledIn('inference'), worked: { inference: 20 * minute, training: 18 * minute } };
    const clear = { ...almost, worked: { inference: 25 * minute, training: 13 * minute } };
    expect(modeOf(inTurns, almost)).toBe('inference: share');
    expect(modeOf(inTurns, clear)).toBe('training: share');
  });

  test('better earnings bring a turn forward', () => {
    const state = { ...settledIn('inference'), worked: { inference: 20 * minute, training: 18 * minute } };
    const lamportsPerMinute = { inference: 1000, training: 1500 };
    expect(modeOf({ ...inTurns, lamportsPerMinute }, state)).toBe('training: earnings');
  });
});

describe('deadlines', () => {
  test('training gets the machine when a deadline leaves no more time, within the dwell too', () => {
    const round = { deadline: start + 14 * minute, workMs: 11 * minute };
    expect(modeOf({ ...inTurns, sharePercent: 10, round }, freshIn('inference'))).toBe('training: deadline');
    expect(
      modeOf(
        { ...inTurns, sharePercent: 10, round: { ...round, deadline: start + 60 * minute } },
        freshIn('inference'),
      ),
    ).toBe('inference: share');
  });

  test('a deadline that cannot be met any more disturbs nobody', () => {
    const round = { deadline: start + 10 * minute, workMs: 11 * minute };
    expect(modeOf({ ...inTurns, sharePercent: 10, round }, settledIn('inference'))).toBe('inference: share');
    expect(modeOf({ ...inTurns, hasRounds: false, round })).toBe('inference: no-round');
  });

  test('side by side training gets more threads first, then the whole machine', () => {
    const state = settledIn('both', 'both-fit');
    const threadsAt = (workMs: number) => {
      const round = { deadline: start + 62 * minute, workMs };
      const { mode, allowance } = decide({ ...sideBySide, sharePercent: 25, round }, state).allocation;
      return [mode, allowance.inference.threads, allowance.training.threads];
    };
    expect(threadsAt(10 * minute)).toEqual(['both', 6, 2]);
    expect(threadsAt(30 * minute)).toEqual(['both', 3, 5]);
    expect(threadsAt(45 * minute)).toEqual(['both', 1, 7]);
    expect(threadsAt(50 * minute)).toEqual(['training', 0, 8]);
  });
});

describe('what each may take', () => {
  test('side by side: memory, threads, network and disk by the slider', () => {
    const disk = { totalBytes: 100 * gigabyte, storedBytes: { inference: 90 * gigabyte, training: 0 } };
    const { allowance } = decide({ ...sideBySide, networkMbps: 100, disk }).allocation;
    const half = { ramBytes: 8 * gigabyte, gpuBytes: 4 * gigabyte, threads: 4, networkMbps: 50 };
    expect(allowance.inference).toEqual({ ...half, diskBytes: 90 * gigabyte });
    expect(allowance.training).toEqual({ ...half, diskBytes: 10 * gigabyte });
  });

  test('neither has less than it needs, nor fewer than one thread', () => {
    const low = decide({ ...sideBySide, sharePercent: 3 }).allocation.allowance;
    expect(low.training).toEqual({ ramBytes: 2 * gigabyte, gpuBytes: 2 * gigabyte, threads: 1 });
    const high = decide({ ...sideBySide, sharePercent: 97 }).allocation.allowance;
    expect(high.inference).toEqual({ ramBytes: 2 * gigabyte, gpuBytes: 2 * gigabyte, threads: 1 });
  });

  test('threads that no request uses are lent to training', () => {
    const quiet = { running: 0, waiting: 0, perMinute: 0 };
    const { allowance } = decide({ ...sideBySide, sharePercent: 10, demand: quiet }).allocation;
    expect(allowance.training.threads).toBe(7);
  });

  test('training that is over its share takes no further round while requests come', () => {
    const over = { ...freshIn('training'), worked: { inference: 5 * minute, training: 35 * minute } };
    const quiet = { running: 0, waiting: 0, perMinute: 0 };
    expect(decide(inTurns, over).allocation.takesRounds).toBe(false);
    expect(decide({ ...inTurns, demand: quiet }, over).allocation.takesRounds).toBe(true);
    expect(
      decide(inTurns, { ...over, worked: { inference: 20 * minute, training: 5 * minute } }),
    ).toMatchObject({
      allocation: { mode: 'training', takesRounds: true },
    });
  });
});
