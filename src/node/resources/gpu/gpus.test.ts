import { expect, test } from 'vitest';
import { createFakeClock } from '#testing/fake-clock.ts';
import { createRecordedMachine, recorded } from '#testing/recorded-machine.ts';
import { sampleGpu } from '#testing/sample-machine.ts';
import { withEngineWord } from './engine-word.ts';
import { createGpuProbe } from './gpus.ts';
import { parseRocmSmi } from './rocm-smi.ts';
import { appleShareBytes, parseAccelerators } from './unified-memory.ts';

const gib = 2 ** 30;
const card = '/sys/class/drm/card1';

/** An RX 7900 XTX as Linux 6.8 shows it. */
const radeon = {
  [`${card}/device/vendor`]: '0x1002\n',
  [`${card}/device/uevent`]: 'DRIVER=amdgpu\nPCI_CLASS=30000\nPCI_SLOT_NAME=0000:03:00.0\n',
  [`${card}/device/power/runtime_status`]: 'active\n',
  [`${card}/device/mem_info_vram_total`]: `${24 * gib}\n`,
  [`${card}/device/mem_info_vram_used`]: `${6 * gib}\n`,
  [`${card}/device/gpu_busy_percent`]: '88\n',
  [`${card}/device/mem_busy_percent`]: '41\n',
  [`${card}/device/hwmon/hwmon4/temp1_input`]: '62000\n',
  [`${card}/device/hwmon/hwmon4/power1_average`]: '301000000\n',
  [`${card}/device/hwmon/hwmon4/power1_cap`]: '339000000\n',
  [`${card}/device/hwmon/hwmon4/fan1_input`]: '1500\n',
  [`${card}/device/hwmon/hwmon4/fan1_max`]: '3000\n',
};
const named = [
  { vendor: 'AMD', model: 'Navi 31 [Radeon RX 7900 XTX]', busAddress: '03:00.0', memoryBytes: null },
];

async function readGpus(
  given: Parameters<typeof createRecordedMachine>[0],
  word: Parameters<typeof withEngineWord>[1] = null,
) {
  const time = createFakeClock();
  const recording = createRecordedMachine(given);
  const probe = createGpuProbe({
    machine: recording.machine,
    clock: time.clock,
    isOurs: () => false,
    engineWord: () => word,
  });
  await probe.first();
  const again = async (ms: number) => {
    time.advance(ms);
    probe.gpus();
    await new Promise((resolve) => setTimeout(resolve, 10));
    return probe.gpus();
  };
  await again(2000);
  return { gpus: await again(2000), again, files: recording.files, asked: recording.asked };
}

test('an AMD card tells its figures to the kernel, and no tool is started for them', async () => {
  const { gpus, asked } = await readGpus({ files: radeon, cards: named });
  expect(gpus).toMatchObject([
    {
      id: '0000:03:00.0',
      vendor: 'amd',
      name: 'Radeon RX 7900 XTX',
      totalBytes: 24 * gib,
      usedBytes: 6 * gib,
      isUnified: false,
      load: 0.88,
      tempC: 62,
      powerWatts: 301,
      powerLimitWatts: 339,
      fanPercent: 50,
      processes: null,
    },
  ]);
  expect(asked.some((line) => line.startsWith('rocm-smi'))).toBe(false);
});

test('a card that sleeps is left asleep, one that is pulled is gone', async () => {
  const { again, files } = await readGpus({ files: radeon, cards: named });
  files[`${card}/device/power/runtime_status`] = 'suspended\n';
  expect(await again(2000)).toMatchObject([{ totalBytes: 24 * gib, usedBytes: null, tempC: null }]);
  for (const path of Object.keys(files)) delete files[path];
  expect(await again(2000)).toEqual([]);
});

test('a processor’s own AMD graphics is known by what the kernel leaves out', async () => {
  const files = Object.fromEntries(
    Object.entries(radeon).filter(([path]) => !/mem_busy|fan1|power1_cap/.test(path)),
  );
  expect((await readGpus({ files })).gpus).toMatchObject([{ isUnified: true, fanPercent: null }]);
});

test('an Intel card’s power is what its counter of energy went up by', async () => {
  const path = '/sys/class/drm/card0';
  const files = {
    [`${path}/device/vendor`]: '0x8086\n',
    [`${path}/device/uevent`]: 'DRIVER=i915\nPCI_SLOT_NAME=0000:00:02.0\n',
    [`${path}/lmem_total_bytes`]: `${16 * gib}\n`,
    [`${path}/device/hwmon/hwmon2/energy1_input`]: '1000000\n',
    [`${path}/device/hwmon/hwmon2/power1_max`]: '190000000\n',
  };
  const cards = [
    { vendor: 'Intel Corporation', model: 'DG2 [Arc A770]', busAddress: '00:02.0', memoryBytes: null },
  ];
  const { again, files: present } = await readGpus({ files, cards });
  present[`${path}/device/hwmon/hwmon2/energy1_input`] = '181000000\n';
  expect(await again(2000)).toMatchObject([
    {
      vendor: 'intel',
      name: 'Intel DG2 [Arc A770]',
      totalBytes: 16 * gib,
      powerWatts: 90,
      powerLimitWatts: 190,
    },
  ]);
});

test('of Intel’s graphics in a processor the name is known and the memory is not, until an engine tells it', async () => {
  const path = '/sys/class/drm/card0';
  const files = {
    [`${path}/device/vendor`]: '0x8086\n',
    [`${path}/device/uevent`]: 'PCI_SLOT_NAME=0000:00:02.0\n',
  };
  expect((await readGpus({ files })).gpus).toMatchObject([
    { name: 'Intel Graphics', totalBytes: 0, usedBytes: null, isUnified: true },
  ]);
  const word = {
    names: ['Intel(R) UHD Graphics 770'],
    totalBytes: 15 * gib,
    usedBytes: 2 * gib,
    isUnified: true,
  };
  expect((await readGpus({ files }, word)).gpus).toMatchObject([
    { totalBytes: 15 * gib, usedBytes: 2 * gib },
  ]);
});

test('in a container without the kernel’s files rocm-smi is asked, now and then', async () => {
  const tools = { 'rocm-smi': recorded('rocm-smi-6.1.2-rx-6700-xt.txt') };
  const { gpus, again, asked } = await readGpus({ tools });
  expect(gpus).toMatchObject([{ name: 'Radeon RX 6700/6700 XT / 6800M' }]);
  for (let turn = 0; turn < 30; turn += 1) await again(2000);
  expect(asked.filter((line) => line.startsWith('rocm-smi'))).toHaveLength(1);
});

test('rocm-smi of four versions', () => {
  expect(parseRocmSmi(recorded('rocm-smi-6.1.2-rx-6700-xt.txt'))).toMatchObject([
    {
      id: '0000:07:00.0',
      totalBytes: 12868124672,
      usedBytes: 1572745216,
      tempC: 45,
      powerWatts: 6,
      powerLimitWatts: 211,
    },
  ]);
  expect(parseRocmSmi(recorded('rocm-smi-6.0.2-two-mi100.txt'))).toMatchObject([
    { id: '0000:83:00.0', name: 'Instinct MI100', load: 0 },
    { id: '0000:a3:00.0', load: 0.97, powerWatts: 44, driverVersion: '6.3.6' },
  ]);
  expect(parseRocmSmi(recorded('rocm-smi-4.0-vega-10-with-fan.txt'))).toMatchObject([
    { name: 'AMD GPU', fanPercent: 13, tempC: 39 },
  ]);
  expect(parseRocmSmi(recorded('rocm-smi-6.4-mi300x-socket-power.txt'))).toMatchObject([
    { name: 'AMD Instinct MI300X', tempC: 72, powerWatts: 550, powerLimitWatts: null, fanPercent: null },
  ]);
  expect(parseRocmSmi('ERROR: GPU[0] : Unable to get power')).toBeNull();
  expect(
    parseRocmSmi('{"card0": {"VRAM Total Memory (B)": "8000", "VRAM Total Used Memory (B)": "9000"}}'),
  ).toMatchObject([{ totalBytes: 8000, usedBytes: null }]);
});

test('an Apple GPU has its share of the computer’s memory', async () => {
  expect([16, 36, 64, 128].map((size) => appleShareBytes(size * gib) / gib)).toEqual([
    expect.closeTo(10.67, 1),
    24,
    48,
    96,
  ]);
  const { gpus } = await readGpus({
    platform: 'darwin',
    ramBytes: 128 * gib,
    tools: { ioreg: recorded('ioreg-macos-15-apple-m4-max.txt') },
    cards: [{ vendor: 'Apple', model: 'Apple M4 Max', busAddress: null, memoryBytes: null }],
  });
  expect(gpus).toMatchObject([
    {
      vendor: 'apple',
      name: 'Apple M4 Max',
      isUnified: true,
      totalBytes: 96 * gib,
      usedBytes: 2363801600,
      load: 0.16,
    },
  ]);
  expect(parseAccelerators('"Device Utilization %"=12')).toEqual({ load: null, usedBytes: null });
});

test('what the engine says fills in what the system does not tell, and nothing else', () => {
  const word = {
    names: ['NVIDIA GeForce RTX 3060'],
    totalBytes: 12 * gib,
    usedBytes: 3 * gib,
    isUnified: false,
  };
  expect(withEngineWord([], word)).toMatchObject([
    { vendor: 'nvidia', name: 'NVIDIA GeForce RTX 3060', totalBytes: 12 * gib, usedBytes: 3 * gib },
  ]);
  const told = sampleGpu({ totalBytes: 8 * gib, usedBytes: gib });
  expect(withEngineWord([told], word)).toEqual([told]);
  expect(withEngineWord([sampleGpu({ totalBytes: 8 * gib })], word)).toMatchObject([
    { totalBytes: 8 * gib, usedBytes: 3 * gib },
  ]);
  const two = [
    sampleGpu({ totalBytes: 0, name: 'Intel UHD' }),
    sampleGpu({ totalBytes: 0, name: 'GeForce RTX 3060' }),
  ];
  expect(withEngineWord(two, word).map(({ totalBytes }) => totalBytes)).toEqual([0, 12 * gib]);
  expect(withEngineWord([told], { ...word, names: ['a', 'b'], totalBytes: 99 * gib })).toEqual([told]);
  expect(withEngineWord([], { ...word, totalBytes: Number.NaN })).toEqual([]);
  expect(withEngineWord([], { ...word, usedBytes: 99 * gib })).toMatchObject([{ usedBytes: null }]);
});
