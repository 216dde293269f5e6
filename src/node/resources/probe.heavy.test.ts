import { chmodSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { type Resources, resourcesSchema } from '#contract/resources.ts';
import { recorded } from '#testing/recorded-machine.ts';
import { systemClock } from '../clock.ts';
import { type ResourceProbe, startResourceProbe } from './probe.ts';

const pathBefore = process.env.PATH;
let probe: ResourceProbe | null = null;
afterEach(() => {
  probe?.dispose();
  process.env.PATH = pathBefore;
});

/** The clock of the readings goes faster, the tools' own does not. */
const start = async (exclusiveApps: string[] = []) => {
  probe = await startResourceProbe({
    clock: { now: systemClock.now, sleep: (ms, signal) => systemClock.sleep(ms / 10, signal) },
    engines: () => ({ ramBytes: 0, gpuBytes: 0 }),
    modelsDir: tmpdir(),
    settings: () => ({ exclusiveApps, pauseForFullScreen: true, assumedWatts: null }),
  });
  return probe;
};

async function until(wanted: (reading: Resources) => boolean, limitMs = 25_000): Promise<Resources> {
  for (const end = Date.now() + limitMs; Date.now() < end; await wait(50)) {
    const reading = probe?.current.get();
    if (reading && wanted(reading)) return reading;
  }
  throw new Error(`It did not come: ${JSON.stringify(probe?.current.get().gpus)}`);
}

/** An `nvidia-smi` at the front of the path that does what `mode` says when it is asked. */
function standIn() {
  const dir = mkdtempSync(join(tmpdir(), 'tools-'));
  const mode = join(dir, 'mode');
  const starts = join(dir, 'starts');
  writeFileSync(join(dir, 'line'), recorded('nvidia-smi-565-rtx-4070.txt'));
  writeFileSync(starts, '');
  const script = `#!/bin/bash
echo "$1" >> ${starts}
case "$1" in pmon) echo 'Not supported on the device(s)'; exit 3;; --query-compute-apps*) exit 0;; esac
while true; do
  case "$(cat ${mode})" in
    works) cat ${dir}/line;;
    hangs) exec sleep 1000;;
    dies) exit 9;;
    garbage) head -c 300 /dev/urandom; echo;;
  esac
  [[ "$*" == *" -l "* ]] || exit 0
  sleep 0.2
done
`;
  writeFileSync(join(dir, 'nvidia-smi'), script);
  chmodSync(join(dir, 'nvidia-smi'), 0o755);
  process.env.PATH = `${dir}:${pathBefore}`;
  return {
    set: (next: 'works' | 'hangs' | 'dies' | 'garbage') => writeFileSync(mode, next),
    starts: () =>
      readFileSync(starts, 'utf8')
        .split('\n')
        .filter((line) => line.startsWith('--query-gpu')).length,
  };
}

function numbersOf(value: unknown): number[] {
  if (typeof value === 'number') return [value];
  return value && typeof value === 'object' ? Object.values(value).flatMap(numbersOf) : [];
}

test('this computer’s own figures are finite and can be true', async () => {
  await start(['node', 'no-such-program']);
  const end = Date.now() + 300;
  while (Date.now() < end) Math.sqrt(end);
  const reading = await until(
    ({ cpu, surroundings }) => cpu.ownLoad !== null && surroundings.exclusiveApps.length > 0,
  );
  resourcesSchema.parse(reading);
  for (const number of numbersOf(reading)) expect(Number.isFinite(number) && number >= 0).toBe(true);
  const { cpu, ram, disk, own, surroundings } = reading;
  expect(cpu.load).toBeLessThanOrEqual(1);
  expect(cpu.ownLoad).toBeLessThanOrEqual(1);
  expect(ram.usedBytes).toBeLessThan(ram.totalBytes);
  expect(own.hostBytes).toBeGreaterThan(10e6);
  expect(disk?.freeBytes).toBeLessThanOrEqual(disk?.totalBytes ?? 0);
  expect(surroundings.exclusiveApps).toEqual(['node']);
  const programs = await probe?.programs();
  expect(programs).toContain('node');
  expect(programs).toEqual([...new Set(programs)]);
  expect(probe?.history().length).toBeGreaterThan(1);
});

test('a GPU’s tool that prints garbage, hangs or dies leaves figures unknown, and they come back', async () => {
  const tool = standIn();
  tool.set('works');
  await start();
  const [gpu] = (await until(({ gpus }) => gpus[0]?.tempC === 61)).gpus;
  expect(gpu).toMatchObject({ name: 'NVIDIA GeForce RTX 4070', powerWatts: 142.1, load: 0.37 });
  expect(probe?.current.get().power).toEqual({ watts: expect.any(Number), source: 'measured' });

  tool.set('garbage');
  const unknown = await until(({ gpus }) => gpus[0]?.tempC === null);
  expect(unknown.gpus[0]).toMatchObject({ name: 'NVIDIA GeForce RTX 4070', usedBytes: null, load: null });
  tool.set('works');
  await until(({ gpus }) => gpus[0]?.tempC === 61);

  tool.set('dies');
  await until(({ gpus }) => gpus[0]?.tempC === null);
  tool.set('works');
  await until(({ gpus }) => gpus[0]?.tempC === 61);

  const before = tool.starts();
  tool.set('hangs');
  await until(({ gpus }) => gpus[0]?.tempC === null);
  tool.set('works');
  await until(({ gpus }) => gpus[0]?.tempC === 61);
  expect(tool.starts()).toBeGreaterThan(before);
}, 120_000);

test('a tool that hangs from the first does not keep the node from starting', async () => {
  const tool = standIn();
  tool.set('hangs');
  const begun = Date.now();
  await start();
  expect(Date.now() - begun).toBeLessThan(8000);
  expect(probe?.current.get().gpus).toEqual([]);
  tool.set('works');
  await until(({ gpus }) => gpus[0]?.tempC === 61, 40_000);
}, 60_000);
