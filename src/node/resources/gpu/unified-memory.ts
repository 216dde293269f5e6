import type { Gpu } from '#contract/resources.ts';
import { figure, loadOf } from '../figure.ts';

const gibi = 2 ** 30;

/** What macOS lets a GPU of unified memory take by default: two thirds, of more than 36 GB three quarters. */
export const appleShareBytes = (ramBytes: number): number =>
  Math.floor(ramBytes > 36 * gibi ? (ramBytes * 3) / 4 : (ramBytes * 2) / 3);

/** What `ioreg -r -d 1 -w 0 -c IOAccelerator` tells of the busiest GPU. Unknown is null. */
export function parseAccelerators(text: string): Pick<Gpu, 'load'> & { usedBytes: number | null } {
  const statistics = [...text.matchAll(/"PerformanceStatistics"\s*=\s*\{([^}]*)\}/g)].map(
    (match) => match[1] ?? '',
  );
  const of = (name: string, most: number) =>
    statistics.flatMap((part) => {
      const cell = new RegExp(`"${name}"\\s*=\\s*(\\d+)`).exec(part)?.[1];
      const value = figure(cell, 0, most);
      return value === null ? [] : [value];
    });
  const loads = of('Device Utilization %', 100);
  const used = of('In use system memory', 2 ** 44);
  return {
    load: loads.length > 0 ? loadOf(Math.max(...loads)) : null,
    usedBytes: used.length > 0 ? Math.max(...used) : null,
  };
}
