import type { Machine } from './machine.ts';

const shortNameLength = 15;
const keptMs = 60_000;

export interface ProgramList {
  /** Distinct names of what runs, sorted; the kernel's own threads are none. */
  names(now: number): string[];
}

/** Programs that run on Linux, by the names the kernel gives them: one cut short is completed by what it was started as. */
export function createProgramList(machine: Machine): ProgramList {
  let known = new Map<string, string | null>();
  let forgottenAt = 0;

  /** What it was started as; a name that a program gave itself is passed over for its file's. */
  function nameOf(pid: string): string | null {
    const words = (machine.text(`/proc/${pid}/cmdline`) ?? '').split('\0').filter((word) => word !== '');
    const name = machine.text(`/proc/${pid}/comm`)?.trim();
    if (words.length === 0 || !name) return null;
    const started = words.map(lastPart).find((part) => part.startsWith(name));
    if (started) return name.length < shortNameLength ? name : started;
    const file = machine.link(`/proc/${pid}/exe`);
    return file ? lastPart(file.replace(/ \(deleted\)$/, '')) : name;
  }

  return {
    names(now) {
      // A process may become another program; its number stays.
      if (Math.abs(now - forgottenAt) > keptMs) {
        known = new Map();
        forgottenAt = now;
      }
      const present = machine.names('/proc').filter((name) => /^\d+$/.test(name));
      const next = new Map(
        present.map((pid) => {
          const name = known.get(pid);
          return [pid, name === undefined ? nameOf(pid) : name];
        }),
      );
      known = next;
      return distinct([...next.values()].filter((name) => name !== null));
    },
  };
}

const lastPart = (path: string): string => path.split(/[/\\]/).at(-1) ?? '';

/** What `tasklist /fo csv /nh` prints on Windows. */
export const parseTasklist = (csv: string): string[] =>
  distinct(
    csv.split(/\r?\n/).flatMap((line) => {
      const name = /^"([^"]{1,200})","\d+"/.exec(line)?.[1];
      return name && !/^(System( Idle Process)?|Registry|Memory Compression)$/i.test(name) ? [name] : [];
    }),
  );

export const distinct = (names: readonly string[]): string[] =>
  [...new Set(names.filter((name) => name !== ''))].sort((one, other) =>
    one.toLowerCase() === other.toLowerCase()
      ? one < other
        ? -1
        : 1
      : one.toLowerCase() < other.toLowerCase()
        ? -1
        : 1,
  );

/** Which of the operator's list run; letters' case and `.exe` make no difference. In the operator's words. */
export function listedOf(listed: readonly string[], running: readonly string[]): string[] {
  const plainName = (name: string) =>
    name
      .trim()
      .toLowerCase()
      .replace(/\.exe$/, '');
  const names = new Set(running.map(plainName));
  return listed.filter((name) => names.has(plainName(name)));
}
