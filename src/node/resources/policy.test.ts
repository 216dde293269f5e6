import { expect, test } from 'vitest';
import { defaultManners } from '#contract/manners.ts';
import type { PowerBalance, Resources, Surroundings } from '#contract/resources.ts';
import { around, cpuLoad, cpuTemp, inputsOf, machine, start } from '#testing/pausing-machine.ts';
import { sampleGpu, sampleReading } from '#testing/sample-machine.ts';
import { freshPauseState, pausePolicy } from './policy.ts';

const minute = 60_000;
const gb = 1e9;

test('nothing known, nothing held; the limits are those for nobody there', () => {
  expect(machine().look()).toEqual({
    reasons: [],
    servingHeldBy: [],
    holds: { serving: false, training: false, rounds: false, downloads: false },
    how: null,
    limits: defaultManners.limitsIdle,
    limitsName: 'idle',
    earnAnywayUntil: null,
  });
});

test('a user at work pauses what runs on the device of the setting, until three minutes after the last key', () => {
  const uses = { serving: 'gpu', training: 'cpu' } as const;
  const gpu = machine({ pauseWhileInUse: 'gpu' }, { uses });
  const standing = gpu.look(around({ idleSeconds: 10 }));
  expect(standing).toMatchObject({
    reasons: [
      {
        code: 'user-active',
        since: start,
        until: start + 170_000,
        canOverride: true,
        detail: { minutes: 3 },
      },
    ],
    holds: { serving: true, training: false, rounds: false },
    how: 'stop',
    limitsName: 'in-use',
  });
  gpu.wait(169_000);
  expect(gpu.codes(around({ idleSeconds: 179 }))).toEqual(['user-active']);
  gpu.wait(1000);
  expect(gpu.look(around({ idleSeconds: 180 }))).toMatchObject({ reasons: [], limitsName: 'idle' });

  const cpu = machine({ pauseWhileInUse: 'cpu' }, { uses });
  expect(cpu.look(around({ idleSeconds: 0 }))).toMatchObject({
    holds: { serving: false, training: true, rounds: true },
    how: 'drain',
  });
  expect(machine({ pauseWhileInUse: 'all' }, { uses }).look(around({ idleSeconds: 0 })).holds).toMatchObject({
    serving: true,
    training: true,
  });
  expect(machine({ pauseWhileInUse: 'nothing' }, { uses }).codes(around({ idleSeconds: 0 }))).toEqual([]);
  const none = { serving: 'cpu', training: 'none' } as const;
  expect(machine({ pauseWhileInUse: 'gpu' }, { uses: none }).codes(around({ idleSeconds: 0 }))).toEqual([]);
});

test('who only leaves the mouse untouched between readings is shown one end, not a new one each time', () => {
  const it = machine({ pauseWhileInUse: 'all' });
  const first = it.look(around({ idleSeconds: 1 })).reasons[0]?.until;
  it.wait(2000);
  expect(it.look(around({ idleSeconds: 2 })).reasons[0]?.until).toBe(first);
  it.wait(2000);
  expect(it.look(around({ idleSeconds: 0 })).reasons[0]?.until).toBe(start + 4000 + 3 * minute);
});

test('where no reading tells who sits there, what else is known chooses the limits and pauses nothing', () => {
  const it = machine({ pauseWhileInUse: 'all' }, { isInUse: true });
  expect(it.look()).toMatchObject({ reasons: [], limitsName: 'in-use' });
  expect(it.look(around({ idleSeconds: 900 })).limitsName).toBe('idle');
});

test('the limits in use are never larger than those for nobody there', () => {
  const limitsInUse = { cpuPercent: 100, ramPercent: 20, gpuMemoryPercent: 95, networkMbps: null };
  const limitsIdle = { cpuPercent: 60, ramPercent: 80, gpuMemoryPercent: 90, networkMbps: 50 };
  const it = machine({ limitsInUse, limitsIdle });
  expect(it.look(around({ idleSeconds: 0 })).limits).toEqual({
    cpuPercent: 60,
    ramPercent: 20,
    gpuMemoryPercent: 90,
    networkMbps: 50,
  });
});

test('outside the hours for computing all rests until they begin; outside those for the network a round computes on', () => {
  const evenings = Array(7).fill(`${'0'.repeat(40)}${'1'.repeat(8)}`);
  const computing = machine({ computeSchedule: evenings });
  expect(computing.look()).toMatchObject({
    reasons: [{ code: 'schedule', until: Date.UTC(2026, 0, 14, 19) }],
    holds: { serving: true, training: true, rounds: true, downloads: false },
    how: 'drain',
  });
  expect(machine({ networkSchedule: evenings }).look()).toMatchObject({
    reasons: [{ code: 'network-schedule', until: Date.UTC(2026, 0, 14, 19) }],
    holds: { serving: true, training: false, rounds: true, downloads: true },
  });
  const never = machine({ computeSchedule: Array(7).fill('0'.repeat(48)) }).look();
  expect(never.reasons[0]).not.toHaveProperty('until');
  computing.wait(7 * 60 * minute);
  expect(computing.codes()).toEqual([]);
});

test('on battery, a metered network, a program of the list and a full screen pause at once and end 10 s after', () => {
  const causes: [string, Partial<Surroundings>, string][] = [
    ['on-battery', { onBattery: true, batteryPercent: 61.4 }, 'drain'],
    ['metered-network', { isMetered: true }, 'drain'],
    ['exclusive-app', { exclusiveApps: ['blender'] }, 'stop'],
    ['full-screen', { fullScreenApp: 'doom' }, 'stop'],
  ];
  for (const [code, surroundings, how] of causes) {
    const it = machine({ exclusiveApps: ['blender'] });
    expect(it.look(around(surroundings))).toMatchObject({ reasons: [{ code, since: start }], how });
    it.wait(2000);
    expect(it.codes(around({ onBattery: false, isMetered: false }))).toEqual([code]);
    it.wait(10_000);
    expect(it.codes(around({ onBattery: false, isMetered: false }))).toEqual([]);
  }
  const off = machine({ pauseOnBattery: false, pauseOnMetered: false, pauseForFullScreen: false });
  expect(off.codes(around({ onBattery: true, isMetered: true, fullScreenApp: 'x' }))).toEqual([]);
});

test('a reason whose setting is switched off ends at once', () => {
  const settings = { ...defaultManners };
  const on = pausePolicy(freshPauseState, inputsOf(settings, around({ onBattery: true })));
  expect(on.standing.reasons).toHaveLength(1);
  const off = pausePolicy(
    on.state,
    inputsOf({ ...settings, pauseOnBattery: false }, around({ onBattery: true })),
  );
  expect(off.standing.reasons).toEqual([]);
});

test('too hot stops at once, and goes on 8 °C below the limit', () => {
  const it = machine({ mostTempC: 80 });
  expect(it.codes(cpuTemp(79))).toEqual([]);
  expect(it.look(cpuTemp(81))).toMatchObject({
    reasons: [
      { code: 'temperature', canOverride: true, detail: { tempC: 81, device: 'CPU', limitC: 80, coolC: 72 } },
    ],
    how: 'stop',
  });
  for (const tempC of [79, 75, 73]) {
    it.wait(60_000);
    expect(it.codes(cpuTemp(tempC))).toEqual(['temperature']);
  }
  expect(it.codes(cpuTemp(72))).toEqual(['temperature']);
  it.wait(10_000);
  expect(it.codes(cpuTemp(72))).toEqual([]);
});

test('critical heat is nobody’s to overrule, until it has passed', () => {
  const it = machine({ mostTempC: 80 }, { earnAnywayUntil: start + 60 * minute });
  expect(it.codes(cpuTemp(85))).toEqual([]);
  it.wait(2000);
  expect(it.look(cpuTemp(96)).reasons).toMatchObject([
    { code: 'temperature', canOverride: false, since: start },
  ]);
  it.wait(2000);
  expect(it.codes(cpuTemp(90))).toEqual(['temperature']);
  expect(machine().look(around({ thermalState: 'critical' })).reasons).toMatchObject([
    { code: 'temperature', canOverride: false },
  ]);
  expect(machine().look(around({ thermalState: 'serious' })).reasons).toMatchObject([{ canOverride: true }]);
});

test('other programs pause the node after 10 s above the limit, and it goes on after 30 s below', () => {
  const it = machine();
  expect(it.codes(cpuLoad(0.95))).toEqual([]);
  it.wait(8000);
  expect(it.codes(cpuLoad(0.5))).toEqual([]);
  expect(it.codes(cpuLoad(0.95))).toEqual([]);
  it.wait(10_000);
  expect(it.look(cpuLoad(0.95))).toMatchObject({
    reasons: [{ code: 'others-cpu', detail: { percent: 85, limit: 75 } }],
    how: 'drain',
  });
  it.wait(29_000);
  expect(it.codes(cpuLoad(0.2))).toEqual(['others-cpu']);
  expect(it.codes(cpuLoad(0.2))).toEqual(['others-cpu']);
  it.wait(29_000);
  expect(it.codes(cpuLoad(0.2))).toEqual(['others-cpu']);
  it.wait(1000);
  expect(it.codes(cpuLoad(0.2))).toEqual([]);
  // The node's own work is not others'.
  const own = machine();
  own.codes(cpuLoad(1, 0.9));
  own.wait(60_000);
  expect(own.codes(cpuLoad(1, 0.9))).toEqual([]);
});

test('others’ GPU memory counts by process where the driver tells, else as what is not ours; a GPU that vanishes ends it', () => {
  const uses = { serving: 'gpu', training: 'none' } as const;
  const gpus = (processes: Resources['gpus'][number]['processes'], usedBytes: number | null) => ({
    gpus: [sampleGpu({ totalBytes: 10 * gb, usedBytes, processes })],
    own: { ...sampleReading().own, engineGpuBytes: 3 * gb },
  });
  const byProcess = gpus(
    [
      { pid: 1, name: 'node', usedBytes: 3 * gb, isOurs: true },
      { pid: 2, name: 'browser', usedBytes: gb, isOurs: false },
      { pid: 3, name: 'blender', usedBytes: 6 * gb, isOurs: false },
    ],
    10 * gb,
  );
  for (const [reading, detail] of [
    [byProcess, { percent: 70, limit: 60, program: 'blender', device: 'gpu' }],
    [gpus(null, 9.5 * gb), { percent: 65, limit: 60, device: 'gpu' }],
  ] as const) {
    const it = machine({}, { uses });
    it.look(reading);
    it.wait(10_000);
    expect(it.look(reading)).toMatchObject({ reasons: [{ code: 'others-gpu', detail }], how: 'stop' });
    it.wait(2000);
    expect(it.codes({ gpus: [] })).toEqual(['others-gpu']);
    it.wait(30_000);
    expect(it.codes({ gpus: [] })).toEqual([]);
  }
  const unused = machine();
  unused.look(byProcess);
  unused.wait(60_000);
  expect(unused.codes(byProcess)).toEqual([]);
});

test('a month’s traffic that is used up pauses the network until the first of the next', () => {
  const network = { ...sampleReading().network, monthBytes: 100 * gb };
  const it = machine({ monthlyNetworkGigabytes: 100 });
  expect(it.look({ network })).toMatchObject({
    reasons: [{ code: 'network-cap', until: Date.UTC(2026, 0, 31, 23), detail: { limit: 100 } }],
    holds: { serving: true, training: false, rounds: true, downloads: true },
  });
});

const balance = (at: number, watts: number, earned: number | null): PowerBalance => ({
  at,
  watts,
  source: 'measured',
  costMicroUsdPerHour: null,
  earnedMicroUsdPerHour: earned,
  netMicroUsdPerHour: null,
  todayCostMicroUsd: 0,
});

test('work that costs more than it earns rests after 5 min, and is tried again after an hour', () => {
  const it = machine({ pauseBelowPowerCost: true, powerMicroUsdPerKwh: 400_000 });
  // 300 W at $0.40 are $0.12 an hour.
  const loss = () => ({ balance: balance(it.now(), 300, 40_000) });
  expect(it.codes({}, loss())).toEqual([]);
  it.wait(5 * minute);
  expect(it.look({}, loss()).reasons).toMatchObject([
    {
      code: 'power-price',
      since: start + 5 * minute,
      until: start + 65 * minute,
      detail: { costMicroUsd: 120_000, earnedMicroUsd: 40_000 },
    },
  ]);
  // Who rests neither earns nor takes power.
  it.wait(30 * minute);
  expect(it.codes({}, { balance: balance(it.now(), 5, 0) })).toEqual(['power-price']);
  it.wait(30 * minute);
  expect(it.codes({}, loss())).toEqual([]);
});

test('a negative price, an unknown one and unknown earnings never pause', () => {
  for (const [price, watts, earned] of [
    [-50_000, 300, 0],
    [null, 300, 0],
    [400_000, 300, null],
    [400_000, Number.NaN, 0],
  ] as const) {
    const it = machine({ pauseBelowPowerCost: true, powerMicroUsdPerKwh: price });
    it.look({}, { balance: balance(it.now(), watts, earned) });
    it.wait(6 * minute);
    expect(it.codes({}, { balance: balance(it.now(), watts, earned) })).toEqual([]);
  }
});

test('the operator’s pause ends by itself or is resumed, and is not overruled', () => {
  const it = machine(
    {},
    { operator: { since: start - 1000, until: start + minute }, earnAnywayUntil: start + 9e6 },
  );
  expect(it.look().reasons).toEqual([
    { code: 'operator', since: start - 1000, until: start + minute, canOverride: false, detail: {} },
  ]);
  it.wait(minute);
  expect(it.codes()).toEqual([]);
  expect(machine({}, { operator: { since: start, until: null } }).look().reasons[0]).not.toHaveProperty(
    'until',
  );
});

test('a gateway’s wish, lost jobs and a full disk', () => {
  const it = machine(
    {},
    {
      gateway: { until: start + minute, reason: 'new disk' },
      lostJobs: {
        since: start - 5000,
        until: start + 10 * minute - 5000,
        count: 5,
        error: 'inference/crashed',
      },
    },
  );
  const disk = { totalBytes: 500 * gb, freeBytes: 4.26 * gb };
  expect(it.look({ disk }).reasons).toEqual([
    {
      code: 'gateway',
      since: start,
      until: start + minute,
      canOverride: false,
      detail: { reason: 'new disk' },
    },
    { code: 'disk-low', since: start, canOverride: false, detail: { gigabytes: 4.2, limit: 5 } },
    {
      code: 'lost-jobs',
      since: start - 5000,
      until: start + 10 * minute - 5000,
      canOverride: true,
      detail: { count: 5, error: 'inference/crashed', minutes: 10 },
    },
  ]);
  expect(it.look({ disk }).holds.downloads).toBe(true);
  it.wait(10 * minute);
  // A little space more is not enough: it would be gone at once.
  expect(it.codes({ disk: { ...disk, freeBytes: 5.2 * gb } })).toEqual(['disk-low']);
  expect(it.codes({ disk: { ...disk, freeBytes: 6 * gb } })).toEqual(['disk-low']);
  it.wait(10_000);
  expect(it.codes({ disk: { ...disk, freeBytes: 6 * gb } })).toEqual([]);
});

test('a reserve that the disk does not even have is left out', () => {
  expect(machine().codes({ disk: { totalBytes: 4e6, freeBytes: 1000 } })).toEqual([]);
});

test('“earn anyway” passes over what may be overruled, for its time', () => {
  const it = machine({}, { earnAnywayUntil: start + minute });
  const disk = { totalBytes: 500 * gb, freeBytes: gb };
  expect(it.look({ ...around({ onBattery: true }), disk })).toMatchObject({
    reasons: [{ code: 'disk-low' }],
    earnAnywayUntil: start + minute,
  });
  it.wait(minute);
  expect(it.look({ ...around({ onBattery: true }), disk })).toMatchObject({
    reasons: [{ code: 'disk-low' }, { code: 'on-battery', since: start }],
    earnAnywayUntil: null,
  });
});

test('a clock that is set back leaves no reason of the future', () => {
  const it = machine({ pauseWhileInUse: 'all' });
  it.look(around({ onBattery: true, idleSeconds: 0 }));
  it.wait(-60 * minute);
  for (const { since, until = Number.POSITIVE_INFINITY } of it.look(around({ onBattery: true })).reasons) {
    expect(since).toBeLessThanOrEqual(it.now());
    expect(until).toBeLessThanOrEqual(Number.POSITIVE_INFINITY);
  }
  it.wait(3 * minute);
  expect(it.codes(around({ onBattery: false }))).not.toContain('user-active');
});
