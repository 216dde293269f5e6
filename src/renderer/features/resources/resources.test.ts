import { expect, test } from 'vitest';
import type { Resources } from '#contract/resources.ts';
import { sampleReading } from '#testing/sample-machine.ts';
import { otherPrograms } from './other-programs.ts';
import { withReadings } from './reading-list.ts';

const reading = (at: number, more: Partial<Resources> = {}): Resources => sampleReading({ at, ...more });

test('history and live readings join by time, each once, and ten minutes are kept', () => {
  const list = withReadings([reading(1000), reading(3000)], [reading(3000), reading(2000)]);
  expect(list.map((one) => one.at)).toEqual([1000, 2000, 3000]);
  expect(withReadings(list, [reading(602_000)]).map((one) => one.at)).toEqual([3000, 602_000]);
});

test('other programs are told by name, the largest first, one that hides its size last', () => {
  const one = (name: string, usedBytes: number | null, isOurs = false) => ({
    pid: 1,
    name,
    usedBytes,
    isOurs,
  });
  expect(
    otherPrograms([
      one('gnome-shell', null),
      one('firefox', 100),
      one('node', 900, true),
      one('Xorg', 150),
      one('firefox', 100),
    ]),
  ).toEqual([
    { name: 'firefox', usedBytes: 200 },
    { name: 'Xorg', usedBytes: 150 },
    { name: 'gnome-shell', usedBytes: null },
  ]);
});
