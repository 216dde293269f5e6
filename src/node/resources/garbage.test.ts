import { readdirSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Gpu } from '#contract/resources.ts';
import { createRecordedMachine, recorded } from '#testing/recorded-machine.ts';
import { parsePmset, readBattery } from './battery.ts';
import {
  parseActiveWindow,
  parseFullScreenWindow,
  parseGnomeIdle,
  parseMacFullScreen,
  parseMetered,
  parseXprintidle,
} from './desktop.ts';
import { parseComputeApps, parseGpuLines, parseProcessMonitor } from './gpu/nvidia-smi.ts';
import { parseRocmSmi } from './gpu/rocm-smi.ts';
import { parseAccelerators } from './gpu/unified-memory.ts';
import {
  defaultInterface,
  defaultInterface6,
  parseNetDev,
  parseNetstat,
  parseRouteGet,
} from './interface-rates.ts';
import { parsePs, parseStat } from './own-processes.ts';
import { parseTasklist } from './programs.ts';
import { parseWindowsWord } from './windows-watch.ts';

const fixtures = readdirSync(new URL('fixtures/', import.meta.url)).map(recorded);
const oddNumbers = [
  '-1',
  '1e99',
  'NaN',
  'Infinity',
  '99999999999999999999',
  '0x10',
  '3.5.1',
  '',
  '[N/A]',
  '−5',
  '300',
];

/** Noise, and real answers in which numbers were swapped, lines cut and characters lost. */
const damaged = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 400 }),
  fc
    .tuple(
      fc.constantFrom(...fixtures),
      fc.array(fc.tuple(fc.nat(40), fc.constantFrom(...oddNumbers)), { maxLength: 6 }),
      fc.nat(2000),
    )
    .map(([text, swaps, cut]) => {
      let place = 0;
      const swapped = text.replace(/-?\d+(\.\d+)?/g, (number) => {
        const swap = swaps.find(([at]) => at === place % 41);
        place += 1;
        return swap ? swap[1] : number;
      });
      return swapped.slice(0, swapped.length - (cut % 3 === 0 ? cut % (swapped.length + 1) : 0));
    }),
);

const inRange = (value: number | null, least: number, most: number) =>
  value === null || (Number.isFinite(value) && value >= least && value <= most);

function expectSane(gpu: Gpu): void {
  expect(gpu.totalBytes).toBeGreaterThan(0);
  expect(Number.isFinite(gpu.totalBytes)).toBe(true);
  expect(inRange(gpu.usedBytes, 0, gpu.totalBytes)).toBe(true);
  expect(inRange(gpu.load, 0, 1)).toBe(true);
  expect(inRange(gpu.tempC, 1, 130)).toBe(true);
  expect(inRange(gpu.powerWatts, 0, 3000)).toBe(true);
  expect(inRange(gpu.powerLimitWatts, 0, 3000)).toBe(true);
  expect(inRange(gpu.fanPercent, 0, 100)).toBe(true);
}

test('whatever a GPU’s tool prints, no figure is out of its range and nothing is thrown', () => {
  fc.assert(
    fc.property(damaged, (text) => {
      const lines = text.split('\n');
      for (const gpu of parseGpuLines(lines, 2 ** 36) ?? []) expectSane(gpu);
      for (const gpu of parseRocmSmi(text) ?? []) expectSane(gpu);
      const { load, usedBytes } = parseAccelerators(text);
      expect(inRange(load, 0, 1) && inRange(usedBytes, 0, 2 ** 44)).toBe(true);
      for (const { pid, usedBytes: used } of [
        ...parseComputeApps(text),
        ...(parseProcessMonitor(lines, '# gpu pid type fb command') ?? []),
        ...(parseProcessMonitor(lines, lines[0] ?? null) ?? []),
      ])
        expect(inRange(pid, 1, 2 ** 31) && inRange(used, 0, 2 ** 44)).toBe(true);
    }),
    { numRuns: 1500 },
  );
});

test('whatever the system’s tools and files say, no figure is out of its range and nothing is thrown', () => {
  fc.assert(
    fc.property(damaged, (text) => {
      const idle = [parseXprintidle(text), parseGnomeIdle(text), parseWindowsWord(text)?.idleSeconds ?? null];
      for (const seconds of idle) expect(inRange(seconds, 0, 366 * 86_400)).toBe(true);
      const files = Object.fromEntries(
        ['type', 'status', 'capacity', 'online'].map((file, at) => [
          `/sys/class/power_supply/BAT0/${file}`,
          text.split(/\s/)[at] ?? '',
        ]),
      );
      const percents = [
        parsePmset(text)?.batteryPercent ?? null,
        parseWindowsWord(text)?.batteryPercent ?? null,
        readBattery(createRecordedMachine({ files }).machine).batteryPercent,
      ];
      for (const percent of percents) expect(inRange(percent, 0, 100)).toBe(true);
      for (const row of [...parsePs(text), ...(parseWindowsWord(text)?.processes ?? [])])
        expect(row.cpuSeconds >= 0 && row.residentBytes >= 0).toBe(true);
      const row = parseStat(text);
      expect(row === null || (row.cpuSeconds >= 0 && row.residentBytes >= 0)).toBe(true);
      for (const count of [parseNetDev(text, 'eth0'), parseNetstat(text, 'en0')])
        expect(count === null || Math.min(count.receivedBytes, count.sentBytes) >= 0).toBe(true);
      for (const parse of [
        parseActiveWindow,
        parseFullScreenWindow,
        parseMacFullScreen,
        parseMetered,
        parseTasklist,
      ])
        parse(text);
      for (const parse of [defaultInterface, defaultInterface6, parseRouteGet]) parse(text);
    }),
    { numRuns: 1500 },
  );
});
