import type { Gpu } from '#contract/resources.ts';
import { fanPercent, loadOf, memoryBytes, plain, temperatureC, times, usedOf, watts } from '../figure.ts';
import type { Machine } from '../machine.ts';
import { unknownFigures } from './unknown-figures.ts';

const root = '/sys/class/drm';
const micro = 1e-6;
const vendors = { '0x1002': 'amd', '0x8086': 'intel' } as const;
/** The kernel's files of an Intel card's own memory, by driver and age. */
const intelMemoryFiles = [
  'device/tile0/physical_vram_size_bytes',
  'lmem_total_bytes',
  'device/lmem_total_bytes',
];

/** A card of the Linux kernel's; NVIDIA's own driver tells nothing here. */
export interface DrmCard {
  path: string;
  vendor: 'amd' | 'intel';
  /** `0000:03:00.0`. */
  busAddress: string | null;
  hwmon: string | null;
}

/** Which AMD and Intel cards there are. */
export function listDrmCards(machine: Machine): DrmCard[] {
  return machine
    .names(root)
    .filter((name) => /^card\d+$/.test(name))
    .sort((one, other) => Number(one.slice(4)) - Number(other.slice(4)))
    .flatMap((name): DrmCard[] => {
      const path = `${root}/${name}`;
      const vendor = vendors[machine.text(`${path}/device/vendor`)?.trim() as keyof typeof vendors];
      if (!vendor) return [];
      const slot = /^PCI_SLOT_NAME=([\da-f:.]+)$/m.exec(machine.text(`${path}/device/uevent`) ?? '');
      const monitor = machine.names(`${path}/device/hwmon`).find((entry) => entry.startsWith('hwmon'));
      return [
        {
          path,
          vendor,
          busAddress: slot?.[1] ?? null,
          hwmon: monitor ? `${path}/device/hwmon/${monitor}` : null,
        },
      ];
    });
}

/** Energy that a card's counter stood at, for the power between two readings. */
export interface EnergyMark {
  microjoules: number;
  at: number;
}

/**
 * What amdgpu, i915 and xe tell of a card. One that sleeps is left asleep: its figures are unknown. Null when the card has gone.
 * `totalBytes` is 0 where the system does not tell it.
 */
export async function readDrmCard(
  machine: Machine,
  card: DrmCard,
  name: string,
  energy: { before: EnergyMark | null; at: number },
): Promise<{ gpu: Gpu; energy: EnergyMark | null } | null> {
  const { path, vendor, hwmon } = card;
  const number = async (file: string) => plain(await machine.device(file));
  const sensor = async (file: string) => (hwmon ? number(`${hwmon}/${file}`) : null);
  if ((await machine.device(`${path}/device/vendor`)) === null) return null;

  const isAsleep = (await machine.device(`${path}/device/power/runtime_status`))?.trim() === 'suspended';
  const totalBytes =
    (vendor === 'amd'
      ? memoryBytes(await number(`${path}/device/mem_info_vram_total`))
      : await intelMemory()) ?? 0;
  const blank: Gpu = {
    ...unknownFigures,
    id: card.busAddress ?? path.slice(root.length + 1),
    vendor,
    name,
    totalBytes,
  };
  if (isAsleep) return { gpu: blank, energy: null };

  const fanTurns = await sensor('fan1_input');
  const mark = times(await sensor('energy1_input'), 1);
  const counted = mark === null ? null : { microjoules: mark, at: energy.at };
  const drawn = (await sensor('power1_average')) ?? (await sensor('power1_input'));
  const limit = (await sensor('power1_cap')) ?? (await sensor('power1_max'));
  const gpu: Gpu = {
    ...blank,
    tempC: temperatureC(times((await sensor('temp1_input')) ?? (await sensor('temp2_input')), 1e-3)),
    powerWatts: watts(times(drawn, micro)) ?? powerBetween(energy.before, counted),
    powerLimitWatts: watts(times(limit, micro)) || null,
    fanPercent: await fan(fanTurns),
  };
  if (vendor === 'intel') return { gpu: { ...gpu, isUnified: totalBytes === 0 }, energy: counted };
  const bandwidth = await machine.device(`${path}/device/mem_busy_percent`);
  return {
    gpu: {
      ...gpu,
      usedBytes: usedOf(await number(`${path}/device/mem_info_vram_used`), totalBytes),
      load: loadOf(await number(`${path}/device/gpu_busy_percent`)),
      // Of a processor's own graphics the kernel tells neither; every card of its own has one of them.
      isUnified: bandwidth === null && fanTurns === null,
    },
    energy: counted,
  };

  async function intelMemory(): Promise<number | null> {
    for (const file of intelMemoryFiles) {
      const bytes = memoryBytes(await number(`${path}/${file}`));
      if (bytes) return bytes;
    }
    return null;
  }

  async function fan(turns: number | null): Promise<number | null> {
    const most = await sensor('fan1_max');
    if (turns !== null && most !== null && most > 0) return fanPercent((turns / most) * 100);
    const pulse = await sensor('pwm1');
    return pulse === null ? null : fanPercent((pulse / 255) * 100);
  }
}

function powerBetween(before: EnergyMark | null, now: EnergyMark | null): number | null {
  if (!before || !now || now.at <= before.at) return null;
  return watts(((now.microjoules - before.microjoules) * micro) / ((now.at - before.at) / 1000));
}
