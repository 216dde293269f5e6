import { plain, temperatureC, watts, within } from './figure.ts';
import type { Machine } from './machine.ts';

const hwmonRoot = '/sys/class/hwmon';
const zoneRoot = '/sys/class/thermal';
const powercapRoot = '/sys/class/powercap';
const throttleFile = '/sys/devices/system/cpu/cpu0/thermal_throttle/package_throttle_count';
/** Sensors of processors by the kernel's name for their driver, and the labels of the whole package's. */
const sensorDrivers = ['k10temp', 'coretemp', 'zenpower', 'cpu_thermal', 'soc_thermal'];
const packageLabels = [/^Package id 0$/, /^Tdie$/, /^Tctl$/];
const zoneTypes = ['x86_pkg_temp', 'cpu-thermal', 'cpu_thermal', 'soc-thermal', 'TCPU'];

/** Times of all cores in ms, as `os.cpus()` counts them. */
export interface CpuTimes {
  busy: number;
  total: number;
}

export function cpuTimesOf(cores: readonly { times: Record<string, number> }[]): CpuTimes {
  let busy = 0;
  let total = 0;
  for (const { times } of cores) {
    const sum = Object.values(times).reduce((all, one) => all + one, 0);
    total += sum;
    busy += sum - (times.idle ?? 0);
  }
  return { busy, total };
}

/** Share of all cores between two readings, 0–1; null where no time went by, or a core left. */
export const loadBetween = (before: CpuTimes, now: CpuTimes): number | null =>
  now.total > before.total ? within((now.busy - before.busy) / (now.total - before.total), 0, 1) : null;

/** The file with the temperature of the processor's package in thousandths of °C; null where Linux has none. */
export function findCpuSensor(machine: Machine): string | null {
  const monitors = machine.names(hwmonRoot).map((name) => `${hwmonRoot}/${name}`);
  for (const driver of sensorDrivers) {
    const path = monitors.find((monitor) => machine.text(`${monitor}/name`)?.trim() === driver);
    if (!path) continue;
    const inputs = machine.names(path).filter((file) => /^temp\d+_input$/.test(file));
    const labelled = (file: string) =>
      machine.text(`${path}/${file.replace('_input', '_label')}`)?.trim() ?? '';
    for (const label of packageLabels) {
      const input = inputs.find((file) => label.test(labelled(file)));
      if (input) return `${path}/${input}`;
    }
    if (inputs.includes('temp1_input')) return `${path}/temp1_input`;
  }
  const zones = machine.names(zoneRoot).filter((name) => name.startsWith('thermal_zone'));
  for (const type of zoneTypes) {
    const zone = zones.find((name) => machine.text(`${zoneRoot}/${name}/type`)?.trim() === type);
    if (zone) return `${zoneRoot}/${zone}/temp`;
  }
  return null;
}

export function readCpuTemp(machine: Machine, sensor: string | null): number | null {
  const thousandths = sensor ? plain(machine.text(sensor)) : null;
  return thousandths === null ? null : temperatureC(thousandths / 1000);
}

/** A counter of a package's energy, which begins anew at its range. */
export interface EnergyCounter {
  microjoules: number;
  rangeMicrojoules: number;
}

/** The counters of all packages (RAPL); most kernels show them to the administrator alone, then there are none. */
export function readPackageEnergy(machine: Machine): Map<string, EnergyCounter> {
  const counters = new Map<string, EnergyCounter>();
  for (const zone of machine.names(powercapRoot)) {
    if (!/^intel-rapl:\d+$/.test(zone)) continue;
    const path = `${powercapRoot}/${zone}`;
    if (!machine.text(`${path}/name`)?.startsWith('package')) continue;
    const microjoules = plain(machine.text(`${path}/energy_uj`));
    const rangeMicrojoules = plain(machine.text(`${path}/max_energy_range_uj`));
    if (microjoules !== null && rangeMicrojoules !== null)
      counters.set(path, { microjoules, rangeMicrojoules });
  }
  return counters;
}

/** Watts of all packages between two readings; null where there is no counter, or not the same ones. */
export function packageWatts(
  before: ReadonlyMap<string, EnergyCounter>,
  now: ReadonlyMap<string, EnergyCounter>,
  ms: number,
): number | null {
  if (now.size === 0 || ms <= 0) return null;
  let microjoules = 0;
  for (const [path, counter] of now) {
    const last = before.get(path);
    if (!last) return null;
    const spent = counter.microjoules - last.microjoules;
    microjoules += spent >= 0 ? spent : spent + counter.rangeMicrojoules;
  }
  return watts(microjoules / (ms * 1000));
}

/** How often the package has slowed down for its heat since the start; null where the kernel does not count. */
export const readThrottleCount = (machine: Machine): number | null => {
  const count = plain(machine.text(throttleFile));
  return count !== null && count >= 0 ? count : null;
};
