import { AppError } from '#contract/errors.ts';
import type { HardwareMinimum, WireHardware } from '#contract/wire/node-capabilities.ts';

const names: Record<keyof HardwareMinimum, [name: string, unit: string]> = {
  cpu_cores: ['processor cores', ''],
  ram_gb: ['memory', ' GB'],
  storage_gb: ['disk', ' GB'],
  network_speed_mbps: ['network', ' Mbit/s'],
};

/** Throws `link/hardware-below-minimum` naming each figure that this machine misses. */
export function checkRequirements(hardware: WireHardware, minimum: HardwareMinimum): void {
  const missing = (Object.keys(names) as (keyof HardwareMinimum)[]).filter(
    (name) => hardware[name] < minimum[name],
  );
  if (missing.length === 0) return;
  const figures = missing.map((name) => {
    const [words, unit] = names[name];
    return `${words}: ${hardware[name]}${unit} of at least ${minimum[name]}${unit}`;
  });
  throw new AppError(
    'link/hardware-below-minimum',
    `This computer is below the gateway’s minimum. ${figures.join('; ')}.`,
    {
      data: Object.fromEntries(missing.map((name) => [name, { has: hardware[name], needs: minimum[name] }])),
    },
  );
}
