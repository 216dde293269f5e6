import type { LoadOptions } from '../../runtime.ts';

/** What one of a model's processes computes with. */
export interface ThreadShare {
  /** At least one. */
  threads: number;
  /** Part of the time in which it computes, above 0 up to 1: below 1 where there are fewer threads than processes. */
  timeShare: number;
}

/** One process's part of the threads that all of a model's processes may use. `auto` leaves a core to everybody else. */
export function threadShare(
  wanted: LoadOptions['threads'],
  processes: number,
  machine: { mathCores: number; cores: number },
): ThreadShare {
  const most = Math.max(1, machine.mathCores);
  // llama.cpp's threads spin while they wait: with one on every core our own processes would stall them.
  const spare = Math.max(1, Math.min(most, machine.cores - 1));
  const all = wanted === 'auto' ? spare : Math.max(1, Math.min(wanted, most));
  return { threads: Math.max(1, Math.floor(all / processes)), timeShare: Math.min(1, all / processes) };
}
