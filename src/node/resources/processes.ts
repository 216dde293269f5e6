import type { Clock } from '../clock.ts';
import type { Machine } from './machine.ts';
import { descendants, ownLoadBetween, type ProcessRow, parsePs, readOwnProcesses } from './own-processes.ts';
import { paced } from './paced.ts';
import { createProgramList, distinct, parseTasklist } from './programs.ts';
import type { WindowsWord } from './windows-watch.ts';

const psEveryMs = 10_000;
const toolLimitMs = 5000;

export interface ProcessProbe {
  /** Takes the node's own processes anew: once a reading. */
  update(): void;
  /** Their share of all cores since the list before, 0–1. */
  ownLoad(): number | null;
  isOwn(pid: number): boolean;
  residentBytes(pids: readonly number[]): number;
  /** Distinct names of all programs that run, sorted. */
  programs(): Promise<string[]>;
}

/** The node's own processes and everybody's programs: from /proc, on macOS from ps, on Windows from what watches it. */
export function createProcessProbe(parts: {
  machine: Machine;
  clock: Clock;
  pid: number;
  windows(): WindowsWord | null;
}): ProcessProbe {
  const { machine, clock } = parts;
  const list = createProgramList(machine);
  let own: { rows: ProcessRow[]; of: unknown; at: number } = { rows: [], of: null, at: clock.now() };
  let load: number | null = null;

  const ps = () => machine.run('ps', ['-axo', 'pid=,ppid=,time=,rss=,comm='], toolLimitMs);
  const all = paced<ProcessRow[] | null>({
    clock,
    everyMs: psEveryMs,
    unknown: null,
    read: async () => parsePs(await ps()),
    isWanted: () => machine.platform === 'darwin',
  });

  return {
    update() {
      const isLinux = machine.platform === 'linux';
      const everybody = isLinux ? null : (all() ?? parts.windows()?.processes ?? null);
      const of = isLinux ? readOwnProcesses(machine, parts.pid) : everybody;
      // The same list again says nothing new.
      if (of === own.of && of !== null) return;
      const now = clock.now();
      const rows = of === null ? [] : isLinux ? of : descendants(of, parts.pid);
      load = of === null ? null : ownLoadBetween(own.rows, rows, now - own.at, machine.cores);
      own = { rows, of, at: now };
    },
    ownLoad: () => load,
    isOwn: (pid) => pid === parts.pid || own.rows.some((row) => row.pid === pid),
    residentBytes: (pids) =>
      own.rows.reduce((sum, { pid, residentBytes }) => sum + (pids.includes(pid) ? residentBytes : 0), 0),
    async programs() {
      if (machine.platform === 'linux') return list.names(clock.now());
      if (machine.platform === 'darwin') return distinct(parsePs(await ps()).map(({ name }) => name));
      const watched = parts.windows()?.processes;
      if (watched) return distinct(watched.map(({ name }) => name));
      return parseTasklist(await machine.run('tasklist', ['/fo', 'csv', '/nh'], toolLimitMs));
    },
  };
}
