import fc from 'fast-check';
import { expect, test } from 'vitest';
import { defaultManners, type Manners } from '#contract/manners.ts';
import { type PauseCode, type PauseReason, pauseCodeSchema } from '#contract/node-status.ts';
import type { Resources } from '#contract/resources.ts';
import { sampleGpu, sampleReading } from '#testing/sample-machine.ts';
import type { LocalTime } from './local-time.ts';
import { freshPauseState, type PauseInputs, pausePolicy } from './policy.ts';
import type { Standing } from './standing.ts';

const start = Date.UTC(2026, 5, 1);
const day = 24 * 3_600_000;
/** UTC, quick to ask: the zones’ own oddities are the schedule’s matter. */
const utc: LocalTime = {
  halfHourAt: (at) => ({
    day: (Math.floor(at / day) + 3) % 7,
    halfHour: Math.floor((((at % day) + day) % day) / 1_800_000),
  }),
  nextMonth: (at) => Date.UTC(new Date(at).getUTCFullYear(), new Date(at).getUTCMonth() + 1, 1),
};

const nonsense = fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -1);
const unknown = fc.constant(null);
const figure = (max: number) =>
  fc.oneof({ weight: 6, arbitrary: fc.double({ min: 0, max, noNaN: true }) }, unknown, nonsense);
const flag = fc.option(fc.boolean());
const nights = Array.from({ length: 7 }, () => `${'1'.repeat(14)}${'0'.repeat(26)}${'1'.repeat(8)}`);
const week = fc.constantFrom(null, nights, Array(7).fill('0'.repeat(48)), Array(7).fill('1'.repeat(48)));
const share = fc.integer({ min: 10, max: 95 });
const limitSet = fc.record({
  cpuPercent: share,
  ramPercent: share,
  gpuMemoryPercent: share,
  networkMbps: fc.option(fc.integer({ min: 1, max: 1000 })),
});
const settingsOf: fc.Arbitrary<Manners> = fc.record({
  ...Object.fromEntries(Object.entries(defaultManners).map(([name, value]) => [name, fc.constant(value)])),
  limitsInUse: limitSet,
  limitsIdle: limitSet,
  idleAfterMinutes: fc.integer({ min: 1, max: 5 }),
  pauseWhileInUse: fc.constantFrom('nothing', 'gpu', 'cpu', 'all'),
  computeSchedule: week,
  networkSchedule: week,
  pauseOnBattery: fc.boolean(),
  exclusiveApps: fc.constantFrom([], ['blender']),
  mostTempC: fc.integer({ min: 40, max: 110 }),
  othersGpuMemoryPercent: fc.option(fc.integer({ min: 5, max: 100 })),
  othersCpuPercent: fc.option(fc.integer({ min: 5, max: 100 })),
  monthlyNetworkGigabytes: fc.option(fc.constantFrom(1, 100)),
  powerMicroUsdPerKwh: fc.option(fc.integer({ min: -1_000_000, max: 1_000_000 })),
  pauseBelowPowerCost: fc.boolean(),
}) as unknown as fc.Arbitrary<Manners>;

const readingOf: fc.Arbitrary<Partial<Resources>> = fc.record({
  cpu: fc
    .record({ load: figure(1), ownLoad: figure(1), tempC: figure(120) })
    .map((more) => ({ ...sampleReading().cpu, ...more })),
  gpus: fc.array(
    fc
      .record({
        usedBytes: figure(1200),
        tempC: figure(120),
        isUnified: fc.boolean(),
        totalBytes: fc.constantFrom(1000, 0, Number.NaN),
      })
      .map((more) => sampleGpu(more)),
    { maxLength: 2 },
  ),
  disk: fc.option(
    fc.record({ totalBytes: fc.constant(1e12), freeBytes: figure(1e10) as fc.Arbitrary<number> }),
  ),
  network: fc.record({
    monthBytes: figure(2e11) as fc.Arbitrary<number>,
    receivedBytesPerSecond: unknown,
    sentBytesPerSecond: unknown,
  }),
  surroundings: fc.record({
    idleSeconds: figure(400),
    onBattery: flag,
    batteryPercent: figure(100),
    fullScreenApp: fc.constantFrom(null, 'doom'),
    exclusiveApps: fc.constantFrom([], ['blender']),
    isMetered: flag,
    thermalState: fc.constantFrom(null, 'nominal', 'serious', 'critical'),
  }),
});
const device = fc.constantFrom('gpu', 'cpu', 'none');
const look = fc.record({
  waitMs: fc.oneof({ weight: 5, arbitrary: fc.constant(2000) }, fc.integer({ min: 0, max: 400_000 })),
  reading: readingOf,
  uses: fc.record({ serving: device, training: device }) as fc.Arbitrary<PauseInputs['uses']>,
  isInUse: flag,
  isPaused: fc.boolean(),
  pauseUntil: fc.option(fc.integer({ min: -100_000, max: 400_000 })),
  earnAnyway: fc.option(fc.integer({ min: -100_000, max: 400_000 })),
  gateway: fc.option(fc.integer({ min: -100_000, max: 400_000 })),
  lost: fc.option(fc.integer({ min: -100_000, max: 400_000 })),
  balance: fc.option(fc.record({ watts: figure(900), earned: figure(400_000) })),
});
type Look = typeof look extends fc.Arbitrary<infer T> ? T : never;

const inputsOf = (one: Look, settings: Manners, now: number): PauseInputs => ({
  now,
  settings,
  resources: sampleReading({ at: now, ...one.reading }),
  uses: one.uses,
  isInUse: one.isInUse,
  operator: one.isPaused
    ? { since: start, until: one.pauseUntil === null ? null : now + one.pauseUntil }
    : null,
  earnAnywayUntil: one.earnAnyway === null ? null : now + one.earnAnyway,
  lostJobs:
    one.lost === null ? null : { since: start, until: now + one.lost, count: 5, error: 'inference/crashed' },
  gateway: one.gateway === null ? null : { until: now + one.gateway, reason: 'maintenance' },
  balance: one.balance && {
    at: now,
    watts: one.balance.watts,
    source: 'measured',
    costMicroUsdPerHour: null,
    earnedMicroUsdPerHour: one.balance.earned,
    netMicroUsdPerHour: null,
    todayCostMicroUsd: 0,
  },
  local: utc,
});

const never: ReadonlySet<PauseCode> = new Set<PauseCode>(['operator', 'gateway', 'disk-low']);
const ofNetwork: ReadonlySet<PauseCode> = new Set<PauseCode>([
  'network-schedule',
  'metered-network',
  'network-cap',
]);

function checkStanding(standing: Standing, { now, earnAnywayUntil }: PauseInputs): void {
  const { reasons, holds, how } = standing;
  const codes = reasons.map(({ code }) => code);
  if (new Set(codes).size !== codes.length) throw new Error('a reason twice');
  for (const { code, since, until, canOverride, detail } of reasons) {
    if (!(since <= now)) throw new Error(`${code} since later than now`);
    if (until !== undefined && !(until > now)) throw new Error(`${code} until before now`);
    if (never.has(code) && canOverride) throw new Error(`${code} can be overruled`);
    if (earnAnywayUntil !== null && now < earnAnywayUntil && canOverride)
      throw new Error(`${code} not overruled`);
    for (const value of Object.values(detail))
      if (typeof value === 'number' && !Number.isFinite(value)) throw new Error(`${code} tells ${value}`);
  }
  const isAny = holds.serving || holds.training || holds.rounds || holds.downloads;
  if (isAny !== reasons.length > 0 || (how !== null) !== isAny)
    throw new Error('held without a reason, or idle reasons');
  if (holds.training && !holds.rounds) throw new Error('a round may begin that may not compute');
  const full = codes.some((code) => !ofNetwork.has(code) && code !== 'user-active');
  if (full && !(holds.serving && holds.training)) throw new Error('a whole reason holds a part');
  if (codes.some((code) => ofNetwork.has(code)) && !(holds.serving && holds.rounds && holds.downloads))
    throw new Error('the network is not left in peace');
  if (standing.servingHeldBy.length > 0 !== holds.serving) throw new Error('who holds serving is not named');
  const { limitsIdle } = { limitsIdle: standing.limits };
  if (!(limitsIdle.cpuPercent > 0)) throw new Error('no limits');
}

test('whatever the sensors, wishes and limits say, each reason is dated, ends in the future, and holds what it must', () => {
  fc.assert(
    fc.property(settingsOf, fc.array(look, { minLength: 1, maxLength: 12 }), (settings, looks) => {
      let state = freshPauseState;
      let now = start;
      let before = new Map<PauseCode, PauseReason>();
      for (const one of looks) {
        now += one.waitMs;
        const inputs = inputsOf(one, settings, now);
        const judged = pausePolicy(state, inputs);
        state = judged.state;
        checkStanding(judged.standing, inputs);
        const { limits, limitsName, reasons } = judged.standing;
        for (const name of ['cpuPercent', 'ramPercent', 'gpuMemoryPercent'] as const)
          if (limits[name] > settings.limitsIdle[name]) throw new Error(`more than the idle ${name}`);
        if (limitsName === 'in-use' && limits.cpuPercent > settings.limitsInUse.cpuPercent)
          throw new Error('more than in use');
        for (const { code, since } of reasons) {
          const was = before.get(code);
          if (was && was.since !== since) throw new Error(`${code} began again`);
        }
        before = new Map(reasons.map((reason) => [reason.code, reason]));
      }
      const size = JSON.stringify(state).length;
      if (size > 4000) throw new Error(`the state grows: ${size}`);
      for (const code of Object.keys(state.since)) pauseCodeSchema.parse(code);
    }),
    { numRuns: 10_000 },
  );
});

test('sensors that tell nothing or nonsense never pause', () => {
  const blind = fc.oneof(unknown, nonsense);
  const broken: fc.Arbitrary<Partial<Resources>> = fc.record({
    cpu: fc
      .record({ load: blind, ownLoad: blind, tempC: blind })
      .map((more) => ({ ...sampleReading().cpu, ...more })),
    gpus: fc.array(
      fc
        .record({ totalBytes: fc.constantFrom(1000, Number.NaN, 0, -1), usedBytes: blind, tempC: blind })
        .map((more) => sampleGpu(more)),
      { maxLength: 2 },
    ),
    disk: fc.option(fc.record({ totalBytes: nonsense, freeBytes: nonsense })),
    network: fc.record({ monthBytes: nonsense, receivedBytesPerSecond: blind, sentBytesPerSecond: blind }),
    surroundings: fc.constant({ ...sampleReading().surroundings, idleSeconds: Number.NaN }),
    power: fc.constant(null),
  });
  fc.assert(
    fc.property(
      settingsOf,
      fc.array(broken, { minLength: 1, maxLength: 8 }),
      nonsense,
      (settings, readings, watts) => {
        let state = freshPauseState;
        readings.forEach((reading, index) => {
          const calm = { computeSchedule: null, networkSchedule: null, pauseForFullScreen: true };
          const one = {
            reading,
            uses: { serving: 'gpu', training: 'cpu' } as const,
            isInUse: null,
            isPaused: false,
          };
          const rest = { pauseUntil: null, earnAnyway: null, gateway: null, lost: null, waitMs: 0 };
          const balance = { watts, earned: 0 };
          const inputs = inputsOf(
            { ...one, ...rest, balance },
            { ...settings, ...calm },
            start + index * 400_000,
          );
          const judged = pausePolicy(state, inputs);
          state = judged.state;
          expect(judged.standing.reasons).toEqual([]);
        });
      },
    ),
    { numRuns: 2000 },
  );
});

test('once every cause is gone, every reason is gone after its time', () => {
  fc.assert(
    fc.property(settingsOf, fc.array(look, { minLength: 1, maxLength: 8 }), (settings, looks) => {
      const calm = { ...settings, computeSchedule: null, networkSchedule: null };
      let state = freshPauseState;
      let now = start;
      for (const one of looks) {
        now += one.waitMs;
        state = pausePolicy(state, inputsOf(one, calm, now)).state;
      }
      const quiet: Look = {
        waitMs: 0,
        reading: {},
        uses: { serving: 'gpu', training: 'gpu' },
        isInUse: false,
        isPaused: false,
        pauseUntil: null,
        earnAnyway: null,
        gateway: null,
        lost: null,
        balance: null,
      };
      // The longest: an hour for the price of power.
      for (const ms of [2000, 30_000, 300_000, 3_600_000]) {
        now += ms;
        state = pausePolicy(state, inputsOf(quiet, calm, now)).state;
      }
      expect(pausePolicy(state, inputsOf(quiet, calm, now)).standing.reasons).toEqual([]);
      expect(state).toMatchObject({ sensed: {}, price: null, since: {} });
    }),
    { numRuns: 2000 },
  );
});

/** Least time from the beginning of one spell of a reason to the beginning of the next. */
const leastSpellMs: Partial<Record<PauseCode, number>> = {
  'user-active': 60_000,
  'on-battery': 10_000,
  'exclusive-app': 10_000,
  'full-screen': 10_000,
  temperature: 10_000,
  'others-gpu': 40_000,
  'others-cpu': 40_000,
  'metered-network': 10_000,
  'network-cap': 10_000,
  'power-price': 600_000,
  'disk-low': 10_000,
};

test('a reason never comes and goes faster than its time allows, however wild the sensors are', () => {
  fc.assert(
    fc.property(settingsOf, fc.array(look, { minLength: 40, maxLength: 60 }), (settings, looks) => {
      let state = freshPauseState;
      let now = start;
      const began = new Map<PauseCode, number>();
      let held = new Set<PauseCode>();
      // Of what a kind runs on only the machine’s owner decides; that changes at once.
      const uses = looks[0]?.uses ?? { serving: 'gpu', training: 'cpu' };
      for (const one of looks) {
        now += 2000;
        const inputs = inputsOf({ ...one, uses, earnAnyway: null }, settings, now);
        const judged = pausePolicy(state, inputs);
        state = judged.state;
        const codes = new Set(judged.standing.reasons.map(({ code }) => code));
        for (const code of codes) {
          const least = leastSpellMs[code];
          if (least === undefined || held.has(code)) continue;
          const last = began.get(code);
          if (last !== undefined && now - last < least) throw new Error(`${code} after ${now - last} ms`);
          began.set(code, now);
        }
        held = codes;
      }
    }),
    { numRuns: 300 },
  );
});
