import { expect, test } from 'vitest';
import { createFakeClock } from '#testing/fake-clock.ts';
import { createRecordedMachine, recorded, type ToolAnswer } from '#testing/recorded-machine.ts';
import { createNvidiaProbe } from './nvidia.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));
const figuresOf = 'nvidia-smi --query-gpu';
const monitorOf = 'nvidia-smi pmon';
const appsOf = 'nvidia-smi --query-compute-apps';

function start(tools: Record<string, ToolAnswer>) {
  const time = createFakeClock();
  const recording = createRecordedMachine({ tools });
  const probe = createNvidiaProbe({
    machine: recording.machine,
    clock: time.clock,
    isOurs: (pid) => pid === 3432889,
  });
  /** Readings every 2 s, as the probe of the machine takes them. */
  async function read(seconds = 2) {
    let gpus = probe.gpus();
    for (let passed = 0; passed < seconds; passed += 2) {
      time.advance(2000);
      await turn();
      gpus = probe.gpus();
    }
    return gpus;
  }
  const started = (line: string) => recording.asked.filter((one) => one.startsWith(line)).length;
  const running = (line: string) => recording.followers.findLast((one) => one.line.startsWith(line));
  return { ...recording, probe, read, started, running };
}

const two = recorded('nvidia-smi-550-two-gpus-one-withholds.txt');
const [firstOfTwo = ''] = two.split('\n');

test('one tool that is kept running gives every reading, and a second one who uses the memory', async () => {
  const pmon = recorded('nvidia-smi-pmon-550-compute-and-graphics.txt');
  const { probe, read, started, running } = start({ [figuresOf]: two, [monitorOf]: pmon });
  await read(4);
  await new Promise((resolve) => setTimeout(resolve, 600));
  const gpus = await read();
  expect(gpus.map(({ name }) => name)).toEqual(['NVIDIA GeForce RTX 3090', 'Tesla T4']);
  expect(gpus[0]?.processes?.map(({ name, isOurs }) => [name, isOurs])).toEqual([
    ['Xorg', false],
    ['node', true],
    ['gnome-shell', false],
  ]);
  expect(gpus[1]?.processes).toEqual([]);
  running(figuresOf)?.say(two.replace('28, 24.13', '71, 301.00'));
  expect(probe.gpus()[0]).toMatchObject({ tempC: 71, powerWatts: 301 });
  expect([started(figuresOf), started(monitorOf), started(appsOf)]).toEqual([1, 1, 0]);
  probe.dispose();
});

test('a GPU that falls off its bus is simply not in the next reading', async () => {
  const { probe, read, running } = start({ [figuresOf]: two });
  expect(await read()).toHaveLength(2);
  running(figuresOf)?.say(firstOfTwo.replace(/^2/, '1'));
  expect(probe.gpus()).toHaveLength(1);
  probe.dispose();
});

test('a tool that falls silent is killed: the GPU stays, its figures are unknown, and they come back', async () => {
  const { tools, probe, read, killed, running } = start({ [figuresOf]: two });
  expect((await read())[0]?.tempC).toBe(28);
  tools[figuresOf] = 'hangs';
  const gpus = await read(20);
  expect(killed.some((line) => line.startsWith(figuresOf))).toBe(true);
  expect(gpus[0]).toMatchObject({
    name: 'NVIDIA GeForce RTX 3090',
    tempC: null,
    usedBytes: null,
    load: null,
  });
  tools[figuresOf] = two;
  expect((await read(60))[0]?.tempC).toBe(28);
  expect(running(figuresOf)).toBeDefined();
  probe.dispose();
});

test('a tool that fails again and again is asked less and less often', async () => {
  const { probe, read, started } = start({ [figuresOf]: new Error('driver mismatch') });
  expect(await read(60)).toEqual([]);
  const inTheFirstMinute = started(figuresOf);
  await read(3600);
  expect(inTheFirstMinute).toBeLessThanOrEqual(5);
  expect(started(figuresOf)).toBeLessThanOrEqual(15);
  probe.dispose();
});

test('garbage gives no figure, and what comes after it counts', async () => {
  const { probe, read, running } = start({ [figuresOf]: two });
  await read();
  running(figuresOf)?.say('\u0000\u0001 segfault at 0 ip 00007f');
  await new Promise((resolve) => setTimeout(resolve, 600));
  expect(probe.gpus()[0]).toMatchObject({ tempC: null, powerWatts: null });
  running(figuresOf)?.say(two);
  expect(probe.gpus()[0]?.tempC).toBe(28);
  probe.dispose();
});

test('without NVIDIA’s tool there is none of its GPUs, and it is hardly looked for', async () => {
  const { probe, read, started } = start({});
  expect(await read(1200)).toEqual([]);
  expect(started(figuresOf)).toBeLessThanOrEqual(3);
  expect(started(monitorOf)).toBe(0);
  probe.dispose();
});

test('where programs cannot be watched, those that compute are asked for now and then', async () => {
  const { probe, read, started } = start({
    [figuresOf]: two,
    [monitorOf]: new Error('Not supported on the device(s)'),
    [appsOf]: recorded('nvidia-smi-compute-apps-550-two-programs.txt'),
  });
  const gpus = await read(20);
  expect(gpus[0]?.processes).toMatchObject([
    { pid: 3432889, isOurs: true },
    { pid: 4711, isOurs: false },
  ]);
  expect(started(appsOf)).toBe(1);
  probe.dispose();
});

test('a refresh asks at once', async () => {
  const { tools, probe, read } = start({ [figuresOf]: two });
  await read();
  tools[figuresOf] = two.replace('24576, 1481', '24576, 20000');
  await probe.refresh();
  expect(probe.gpus()[0]?.usedBytes).toBe(20000 * 2 ** 20);
  probe.dispose();
});
