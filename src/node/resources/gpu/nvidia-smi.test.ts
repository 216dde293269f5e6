import { expect, test } from 'vitest';
import { recorded } from '#testing/recorded-machine.ts';
import { isWholeGpuBatch, parseComputeApps, parseGpuLines, parseProcessMonitor } from './nvidia-smi.ts';

const gib = 2 ** 30;
const mib = 2 ** 20;
const lines = (name: string) => recorded(name).split('\n');
const gpus = (name: string) => parseGpuLines(lines(name), 128 * gib);
const processes = (name: string) => parseProcessMonitor(lines(name), lines(name)[0] ?? null);

test('every figure of a GPU is read, with its driver’s own name for it', () => {
  expect(gpus('nvidia-smi-565-rtx-4070.txt')).toEqual([
    {
      index: 0,
      id: 'GPU-5f1c3a52-1b7e-4c0d-9a55-0d1f6be0c2a9',
      vendor: 'nvidia',
      name: 'NVIDIA GeForce RTX 4070',
      totalBytes: 12282 * mib,
      usedBytes: 4403 * mib,
      isUnified: false,
      load: 0.37,
      tempC: 61,
      powerWatts: 142.1,
      powerLimitWatts: 200,
      fanPercent: 41,
      driverVersion: '565.77',
      processes: null,
    },
  ]);
});

test('a figure that the driver withholds is unknown, not zero', () => {
  expect(gpus('nvidia-smi-550-two-gpus-one-withholds.txt')).toMatchObject([
    { name: 'NVIDIA GeForce RTX 3090', load: 0.11, powerWatts: 24.13, fanPercent: 0 },
    {
      name: 'Tesla T4',
      usedBytes: 0,
      load: null,
      tempC: 40,
      powerWatts: null,
      powerLimitWatts: null,
      fanPercent: null,
    },
  ]);
  expect(gpus('nvidia-smi-390-older-words.txt')).toMatchObject([
    { name: 'GeForce GT 1030', totalBytes: 2002 * mib, load: null, fanPercent: 33, driverVersion: '390.157' },
  ]);
});

test('a GPU without memory of its own has the computer’s', () => {
  expect(gpus('nvidia-smi-580-gb10-unified-memory.txt')).toMatchObject([
    { name: 'NVIDIA GB10', isUnified: true, totalBytes: 128 * gib, usedBytes: null, tempC: 43 },
  ]);
});

test('figures that cannot be are unknown', () => {
  expect(gpus('nvidia-smi-550-impossible-figures.txt')).toMatchObject([
    { usedBytes: null, load: null, tempC: null, powerWatts: null, powerLimitWatts: null, fanPercent: null },
  ]);
});

test('a lost GPU is not in the reading, and nonsense is none at all', () => {
  expect(gpus('nvidia-smi-535-one-of-two-is-lost.txt')).toHaveLength(1);
  expect(gpus('nvidia-smi-535-gpu-is-lost.txt')).toEqual([]);
  expect(gpus('nvidia-smi-560-no-devices.txt')).toEqual([]);
  expect(gpus('nvidia-smi-470-driver-does-not-answer.txt')).toBeNull();
  expect(parseGpuLines([''], gib)).toBeNull();
});

test('a batch is whole when every GPU has its line', () => {
  const both = lines('nvidia-smi-550-two-gpus-one-withholds.txt');
  expect([both.slice(0, 1), both.slice(0, 2)].map(isWholeGpuBatch)).toEqual([false, true]);
  expect(isWholeGpuBatch(lines('nvidia-smi-470-driver-does-not-answer.txt'))).toBe(false);
});

test('programs that compute and programs that draw, whatever columns the driver has', () => {
  expect(processes('nvidia-smi-pmon-550-compute-and-graphics.txt')).toEqual([
    { gpu: 0, pid: 1604, name: 'Xorg', usedBytes: 157 * mib },
    { gpu: 0, pid: 3432889, name: 'node', usedBytes: 10120 * mib },
    { gpu: 0, pid: 3433103, name: 'gnome-shell', usedBytes: 295 * mib },
  ]);
  expect(processes('nvidia-smi-pmon-470-without-ccpm.txt')).toEqual([
    { gpu: 0, pid: 25985, name: 'python3.7', usedBytes: 893 * mib },
    { gpu: 0, pid: 92760, name: 'python3.7', usedBytes: 893 * mib },
  ]);
  expect(processes('nvidia-smi-pmon-565-windows-withholds-memory.txt')).toMatchObject([
    { name: 'dwm.exe', usedBytes: null },
    { name: 'node.exe', usedBytes: null },
  ]);
  expect(processes('nvidia-smi-pmon-450-not-supported.txt')).toBeNull();
});

test('where programs are not watched, those that compute are asked for', () => {
  expect(parseComputeApps(recorded('nvidia-smi-compute-apps-550-two-programs.txt'))).toEqual([
    { gpu: 'GPU-0b6f0f4c-52b5-9a10-7c8b-7a3a44cc8b21', pid: 3432889, name: 'node', usedBytes: 10120 * mib },
    { gpu: 'GPU-0b6f0f4c-52b5-9a10-7c8b-7a3a44cc8b21', pid: 4711, name: '', usedBytes: null },
  ]);
});
