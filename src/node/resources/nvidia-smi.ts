import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Gpu } from '#contract/resources.ts';

const run = promisify(execFile);
const fields = 'name,memory.total,memory.used,utilization.gpu,temperature.gpu,power.draw';

/** One line a GPU; memory in MiB, power in watts. A figure the driver does not give is null. */
export function parseNvidiaSmi(csv: string): Gpu[] {
  return csv.split('\n').flatMap((line, place) => {
    const [name, total, used, load, temp, power] = line.split(',').map((cell) => cell.trim());
    const totalMiB = figure(total);
    if (!name || totalMiB === null || totalMiB <= 0) return [];
    const usedMiB = figure(used);
    const loadPercent = figure(load);
    return [
      {
        id: `${place}`,
        vendor: 'nvidia',
        name,
        totalBytes: totalMiB * 2 ** 20,
        usedBytes: usedMiB === null ? null : usedMiB * 2 ** 20,
        load: loadPercent === null ? null : loadPercent / 100,
        tempC: figure(temp),
        powerWatts: figure(power),
        isUnified: false,
        powerLimitWatts: null,
        fanPercent: null,
        driverVersion: null,
        processes: null,
      },
    ];
  });
}

function figure(cell: string | undefined): number | null {
  return cell !== undefined && /^\d+(\.\d+)?$/.test(cell) ? Number(cell) : null;
}

/** Null when there is no nvidia-smi on this machine; an empty list when it hangs or fails. */
export async function readNvidiaSmi(): Promise<Gpu[] | null> {
  try {
    const { stdout } = await run('nvidia-smi', [`--query-gpu=${fields}`, '--format=csv,noheader,nounits'], {
      timeout: 3000,
      windowsHide: true,
    });
    return parseNvidiaSmi(stdout);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? null : [];
  }
}
