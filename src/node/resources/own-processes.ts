import { plain } from './figure.ts';
import type { Machine } from './machine.ts';

const ticksPerSecond = 100;
/** Of the kernel's `stat` of a process, counted from behind its name. */
const statFields = { userTicks: 11, systemTicks: 12, startTicks: 19, residentPages: 21 };
const pageBytes = 4096;
const mostOwn = 256;

/** A process as the system lists it. `startedAt` tells a number that was given again from the first. */
export interface ProcessRow {
  pid: number;
  parentPid: number;
  cpuSeconds: number;
  residentBytes: number;
  startedAt: string;
  name: string;
}

/** This process and all that it has started, from /proc; null where the kernel does not tell who started whom. */
export function readOwnProcesses(machine: Machine, rootPid: number): ProcessRow[] | null {
  const rows: ProcessRow[] = [];
  const toRead = [{ pid: rootPid, parentPid: 0 }];
  for (let next = toRead.pop(); next; next = toRead.pop()) {
    const { pid, parentPid } = next;
    const row = parseStat(machine.text(`/proc/${pid}/stat`));
    const children = machine.text(`/proc/${pid}/task/${pid}/children`);
    if (pid === rootPid && (!row || children === null)) return null;
    if (row) rows.push({ pid, parentPid, ...row });
    for (const child of children?.trim().split(/\s+/) ?? [])
      if (/^\d+$/.test(child) && rows.length + toRead.length < mostOwn)
        toRead.push({ pid: Number(child), parentPid: pid });
  }
  return rows;
}

export function parseStat(text: string | null): Omit<ProcessRow, 'pid' | 'parentPid'> | null {
  const behind = text?.lastIndexOf(')') ?? -1;
  if (!text || behind < 0) return null;
  const fields = text.slice(behind + 2).split(' ');
  const ticks = [statFields.userTicks, statFields.systemTicks].map((field) => plain(fields[field]));
  const pages = plain(fields[statFields.residentPages]);
  const [user, system] = ticks;
  if (user == null || system == null || pages === null || user < 0 || system < 0 || pages < 0) return null;
  return {
    cpuSeconds: (user + system) / ticksPerSecond,
    residentBytes: pages * pageBytes,
    startedAt: fields[statFields.startTicks] ?? '',
    name: text.slice(text.indexOf('(') + 1, behind),
  };
}

/** What `ps -axo pid=,ppid=,time=,rss=,comm=` prints on macOS: `[[dd-]hh:]mm:ss.cc`, resident kB, the program's path. */
export function parsePs(text: string): ProcessRow[] {
  return text.split('\n').flatMap((line): ProcessRow[] => {
    const found =
      /^\s*(\d+)\s+(\d+)\s+(?:(\d+)-)?(?:(\d+):)?(\d+):(\d+(?:\.\d+)?)\s+(\d+)\s+(\S.*?)\s*$/.exec(line);
    if (!found) return [];
    const [, pid, parentPid, days, hours, minutes, seconds, kilobytes, path = ''] = found;
    return [
      {
        pid: Number(pid),
        parentPid: Number(parentPid),
        cpuSeconds:
          Number(days ?? 0) * 86_400 + Number(hours ?? 0) * 3600 + Number(minutes) * 60 + Number(seconds),
        residentBytes: Number(kilobytes) * 1024,
        startedAt: '',
        name: path.split('/').at(-1) ?? path,
      },
    ];
  });
}

/** Of all processes this one and all that it has started. */
export function descendants(rows: readonly ProcessRow[], rootPid: number): ProcessRow[] {
  const own = new Set([rootPid]);
  // A list is in no order of birth: it is gone through until nothing is added.
  for (let size = 0; size !== own.size; ) {
    size = own.size;
    for (const { pid, parentPid } of rows) if (own.has(parentPid)) own.add(pid);
  }
  return rows.filter(({ pid }) => own.has(pid));
}

/** The share of all cores that the processes took between two lists, 0–1; what ended in between is left out. */
export function ownLoadBetween(
  before: readonly ProcessRow[],
  now: readonly ProcessRow[],
  ms: number,
  cores: number,
): number | null {
  if (ms <= 0 || before.length === 0) return null;
  const last = new Map(before.map((row) => [`${row.pid} ${row.startedAt}`, row.cpuSeconds]));
  const seconds = now.reduce(
    (sum, row) => sum + Math.max(0, row.cpuSeconds - (last.get(`${row.pid} ${row.startedAt}`) ?? 0)),
    0,
  );
  return Math.min(1, seconds / (ms / 1000) / cores);
}
