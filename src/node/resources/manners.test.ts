import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, test, vi } from 'vitest';
import type { Resources } from '#contract/resources.ts';
import { defaultSettings, type Settings } from '#contract/settings.ts';
import { createFakeClock } from '#testing/fake-clock.ts';
import { sampleReading, unknownSurroundings } from '#testing/sample-machine.ts';
import { createSignal } from '../signal.ts';
import { createManners } from './manners.ts';

const minute = 60_000;
let file: string;
let time: ReturnType<typeof createFakeClock>;
const faults: unknown[] = [];

function open(more: Partial<Settings> = {}) {
  const settings = createSignal<Settings>({ ...defaultSettings, ...more });
  const resources = createSignal<Resources>(sampleReading());
  const manners = createManners({
    clock: time.clock,
    settings,
    resources,
    uses: () => ({ serving: 'cpu', training: 'none' }),
    isInUse: () => null,
    file,
    onFault: (error) => faults.push(error),
  });
  return {
    manners,
    settings,
    codes: () => manners.standing.get().reasons.map(({ code }) => code),
    read: (surroundings: Partial<Resources['surroundings']>) =>
      resources.set(
        sampleReading({ at: time.clock.now(), surroundings: { ...unknownSurroundings, ...surroundings } }),
      ),
  };
}

beforeEach(() => {
  file = join(mkdtempSync(join(tmpdir(), 'solanalm-manners-')), 'manners.json');
  time = createFakeClock();
  faults.length = 0;
});

test('a pause for an hour ends by itself, without a new reading', async () => {
  const { manners, codes } = open();
  manners.pause(60);
  expect(codes()).toEqual(['operator']);
  time.advance(59 * minute);
  expect(codes()).toEqual(['operator']);
  time.advance(minute);
  await vi.waitFor(() => expect(codes()).toEqual([]));
});

test('a pause and “earn anyway” outlive a restart; a resumed pause does not come back', () => {
  const before = open();
  before.manners.pause();
  before.manners.dispose();
  const after = open();
  expect(after.codes()).toEqual(['operator']);
  after.manners.resume();
  after.manners.earnAnyway(30);
  after.manners.dispose();
  const last = open();
  expect(last.codes()).toEqual([]);
  last.read({ onBattery: true });
  expect(last.codes()).toEqual([]);
  expect(last.manners.standing.get().earnAnywayUntil).toBe(time.clock.now() + 30 * minute);
});

test('“earn anyway” ends after its time, when it is taken back, and with a pause', async () => {
  const { manners, codes, read } = open();
  read({ onBattery: true });
  expect(codes()).toEqual(['on-battery']);
  manners.earnAnyway(10);
  expect(codes()).toEqual([]);
  time.advance(10 * minute);
  await vi.waitFor(() => expect(codes()).toEqual(['on-battery']));
  manners.earnAnyway(10);
  manners.earnAnyway(0);
  expect(codes()).toEqual(['on-battery']);
  manners.earnAnyway(10);
  manners.pause(1);
  expect(codes()).toEqual(['operator', 'on-battery']);
});

test('a setting that is changed counts at once', () => {
  const { settings, codes, read } = open();
  read({ onBattery: true });
  settings.set({ ...settings.get(), pauseOnBattery: false });
  expect(codes()).toEqual([]);
});

test('five lost jobs pause, one that is done in between does not; the gateway’s wish comes and goes', async () => {
  const { manners, codes } = open();
  const lose = (times: number) => {
    for (let turn = 0; turn < times; turn += 1) {
      time.advance(1000);
      manners.lostJob('inference/crashed', time.clock.now());
    }
  };
  lose(4);
  manners.finishedJob();
  lose(4);
  expect(codes()).toEqual([]);
  lose(1);
  expect(manners.standing.get().reasons).toMatchObject([
    { code: 'lost-jobs', detail: { count: 5, error: 'inference/crashed', minutes: 10 } },
  ]);
  manners.gatewayAsks({ until: time.clock.now() + minute, reason: 'new disk' });
  expect(codes()).toEqual(['gateway', 'lost-jobs']);
  manners.gatewayAsks(null);
  expect(codes()).toEqual(['lost-jobs']);
  time.advance(10 * minute);
  await vi.waitFor(() => expect(codes()).toEqual([]));
});

test('what is stored and cannot be read is no wish; a disk that takes nothing does not keep the pause from holding', () => {
  writeFileSync(file, '{"operator": 7');
  const first = open();
  expect(first.codes()).toEqual([]);
  first.manners.pause();
  expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ operator: { until: null } });
  file = join(file, 'no-folder', 'manners.json');
  const second = open();
  second.manners.pause();
  expect(second.codes()).toEqual(['operator']);
  expect(faults).toHaveLength(1);
});

test('the same reading again tells nobody anything', () => {
  const { manners, read } = open();
  let told = 0;
  manners.standing.subscribe(() => {
    told += 1;
  });
  for (let turn = 0; turn < 5; turn += 1) {
    time.advance(2000);
    read({ onBattery: true, idleSeconds: 100 + 2 * turn });
  }
  expect(told).toBe(2);
});
