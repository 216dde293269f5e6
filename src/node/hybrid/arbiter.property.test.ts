import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ArbiterInputs, ArbiterState } from './allocation.ts';
import { arbitrate, newArbiterState } from './arbiter.ts';

const runs = { numRuns: 10_000 };
const start = 1_790_000_000_000;

const odd = fc.constantFrom(Number.NaN, -1, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, 1e300);
/** A figure in its range, and one time in eight one that makes no sense. */
const figure = (max: number) =>
  fc.oneof({ weight: 7, arbitrary: fc.double({ min: 0, max, noNaN: true }) }, { weight: 1, arbitrary: odd });
const bytes = fc.oneof(
  { weight: 7, arbitrary: fc.integer({ min: 0, max: 64 }).map((units) => units * 2 ** 28) },
  { weight: 1, arbitrary: figure(2 ** 36) },
);
const memory = fc.record({ ramBytes: bytes, gpuBytes: bytes });
const kinds = <T>(of: fc.Arbitrary<T>) => fc.record({ inference: of, training: of });
const mostly = fc.oneof(
  { weight: 5, arbitrary: fc.constant(true) },
  { weight: 1, arbitrary: fc.constant(false) },
);
const rarely = mostly.map((yes) => !yes);
const count = fc.oneof({ weight: 7, arbitrary: fc.nat(8) }, { weight: 1, arbitrary: odd });

const inputs: fc.Arbitrary<ArbiterInputs> = fc.record({
  now: fc.oneof(
    { weight: 9, arbitrary: fc.nat(900_000).map((ms) => start + ms) },
    { weight: 1, arbitrary: odd },
  ),
  sharePercent: fc.oneof(fc.constantFrom(0, 50, 100), figure(100)),
  can: kinds(mostly),
  held: kinds(rarely),
  demand: fc.record({ running: count, waiting: count, perMinute: count }),
  round: fc.option(
    fc.record({
      deadline: fc.oneof(
        fc.nat(7_200_000).map((ms) => start + ms),
        odd,
      ),
      workMs: figure(3_600_000),
    }),
  ),
  hasRounds: fc.boolean(),
  ceiling: memory,
  needs: kinds(memory),
  threads: fc.oneof({ weight: 7, arbitrary: fc.nat(32) }, { weight: 1, arbitrary: odd }),
  networkMbps: fc.option(figure(1000)),
  disk: fc.option(fc.record({ totalBytes: bytes, storedBytes: kinds(bytes) })),
  lamportsPerMinute: kinds(fc.option(figure(1e9))),
  isAsked: rarely,
  random: figure(1),
});

const mode = fc.constantFrom<ArbiterState['mode']>('none', 'inference', 'training', 'both');
const reason = fc.constantFrom<ArbiterState['reason']>('share', 'deadline', 'demand', 'both-fit', 'slider');
const past = fc.oneof(
  { weight: 7, arbitrary: fc.nat(900_000).map((ms) => start - ms) },
  { weight: 1, arbitrary: odd },
);
const state: fc.Arbitrary<ArbiterState> = fc.record({
  mode,
  reason,
  since: past,
  settledUntil: fc.oneof(
    fc.nat(390_000).map((ms) => start + ms),
    past,
  ),
  worked: kinds(figure(3_000_000)),
  boostThreads: count,
  workSeenAt: past,
  at: past,
});

const known = (value: number) => (Number.isNaN(value) ? 0 : Math.max(0, value));

test('memory and threads of both together are never above the ceiling, whatever the figures', () => {
  fc.assert(
    fc.property(state, inputs, (before, given) => {
      const { inference, training } = arbitrate(before, given).allocation.allowance;
      for (const part of ['ramBytes', 'gpuBytes'] as const) {
        expect(inference[part]).toBeGreaterThanOrEqual(0);
        expect(training[part]).toBeGreaterThanOrEqual(0);
        expect(inference[part] + training[part]).toBeLessThanOrEqual(known(given.ceiling[part]));
      }
      expect(Number.isInteger(inference.threads) && Number.isInteger(training.threads)).toBe(true);
      expect(Math.min(inference.threads, training.threads)).toBeGreaterThanOrEqual(0);
      expect(inference.threads + training.threads).toBeLessThanOrEqual(known(given.threads));
      const disk = (inference.diskBytes ?? 0) + (training.diskBytes ?? 0);
      expect(disk).toBeLessThanOrEqual(known(given.disk?.totalBytes ?? 0));
      const network = (inference.networkMbps ?? 0) + (training.networkMbps ?? 0);
      expect(network).toBeLessThanOrEqual(known(given.networkMbps ?? 0) * (1 + 1e-9));
    }),
    runs,
  );
});

test('a kind that works has what it needs and a thread, and may work', () => {
  fc.assert(
    fc.property(state, inputs, (before, given) => {
      const { allocation } = arbitrate(before, given);
      for (const kind of ['inference', 'training'] as const) {
        const allowance = allocation.allowance[kind];
        if (allocation.mode !== kind && allocation.mode !== 'both') {
          expect([allowance.ramBytes, allowance.gpuBytes, allowance.threads]).toEqual([0, 0, 0]);
          continue;
        }
        expect(given.can[kind] && !given.held[kind]).toBe(true);
        expect(allowance.threads).toBeGreaterThanOrEqual(1);
        expect(allowance.ramBytes).toBeGreaterThanOrEqual(known(given.needs[kind].ramBytes));
        expect(allowance.gpuBytes).toBeGreaterThanOrEqual(known(given.needs[kind].gpuBytes));
      }
    }),
    runs,
  );
});

/** Whether a mode cannot go on: said here anew, from the rules. */
function isBroken(old: ArbiterState['mode'], given: ArbiterInputs): boolean {
  const ceiling = (part: 'ramBytes' | 'gpuBytes') =>
    Math.min(Number.MAX_SAFE_INTEGER, Math.floor(known(given.ceiling[part])));
  const broken = (kind: 'inference' | 'training') =>
    !given.can[kind] ||
    given.held[kind] ||
    !(given.threads >= 1) ||
    known(given.needs[kind].ramBytes) > ceiling('ramBytes') ||
    known(given.needs[kind].gpuBytes) > ceiling('gpuBytes');
  const together = (part: 'ramBytes' | 'gpuBytes') =>
    Math.ceil(Math.max(0, given.needs.inference[part])) +
      Math.ceil(Math.max(0, given.needs.training[part])) <=
    ceiling(part);
  if (old === 'both')
    return (
      broken('inference') ||
      broken('training') ||
      !(given.threads >= 2 && together('ramBytes') && together('gpuBytes'))
    );
  return old !== 'none' && broken(old);
}

test('within the dwell nothing changes but for the operator, a deadline, a hold or a queue that grows', () => {
  let early = 0;
  fc.assert(
    fc.property(state, inputs, (before, given) => {
      const now = Math.abs(given.now) <= 8.64e15 ? given.now : start;
      const settled = { ...before, since: now - 60_000, settledUntil: now + 200_000, at: now - 5000 };
      const after = arbitrate(settled, { ...given, now }).state;
      if (after.mode === settled.mode || settled.mode === 'none') return;
      early += 1;
      const queueGrows =
        settled.mode === 'training' && after.mode === 'inference' && given.demand.waiting >= 4;
      const excuse =
        given.isAsked || after.reason === 'deadline' || isBroken(settled.mode, given) || queueGrows;
      expect(excuse).toBe(true);
    }),
    runs,
  );
  expect(early).toBeGreaterThan(100);
});

test('each change starts a dwell of five minutes to six and a half', () => {
  fc.assert(
    fc.property(state, inputs, (before, given) => {
      const { state: after } = arbitrate(before, given);
      if (after.mode === before.mode || after.mode === 'none') return;
      expect(after.settledUntil - after.since).toBeGreaterThanOrEqual(300_000);
      expect(after.settledUntil - after.since).toBeLessThanOrEqual(390_000);
    }),
    runs,
  );
});

test('the slider’s ends are kept', () => {
  fc.assert(
    fc.property(inputs, (given) => {
      const modeAt = (sharePercent: number) =>
        arbitrate(newArbiterState(start), { ...given, sharePercent }).allocation.mode;
      if (given.can.inference) expect(['inference', 'none']).toContain(modeAt(0));
      expect(modeAt(100)).not.toBe('both');
    }),
    runs,
  );
});

test('the same state and inputs give the same answer, and neither is changed', () => {
  fc.assert(
    fc.property(state, inputs, (before, given) => {
      const copies = structuredClone({ before, given });
      const first = arbitrate(before, given);
      expect(arbitrate(copies.before, copies.given)).toEqual(first);
      expect({ before, given }).toEqual(copies);
    }),
    { numRuns: 2000 },
  );
});

test('the state stays finite and small over any run of decisions', () => {
  fc.assert(
    fc.property(state, fc.array(inputs, { minLength: 1, maxLength: 6 }), (before, steps) => {
      let after = before;
      for (const given of steps) after = arbitrate(after, given).state;
      const { worked, boostThreads, since, settledUntil, at, workSeenAt } = after;
      for (const value of [since, settledUntil, at, workSeenAt]) expect(Number.isFinite(value)).toBe(true);
      for (const ms of [worked.inference, worked.training]) {
        expect(ms).toBeGreaterThanOrEqual(0);
        expect(ms).toBeLessThanOrEqual(2_600_000);
      }
      expect(boostThreads).toBeGreaterThanOrEqual(0);
      expect(boostThreads).toBeLessThanOrEqual(4096);
      expect(settledUntil - at).toBeLessThanOrEqual(390_000);
    }),
    runs,
  );
});
