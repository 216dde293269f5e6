import { readdirSync } from 'node:fs';
import { constants, getPriority, setPriority } from 'node:os';

const { PRIORITY_BELOW_NORMAL, PRIORITY_LOW } = constants.priority;
/** Steps below the programs of the person at the computer. Windows knows classes only. */
const niceness =
  process.platform === 'win32'
    ? { serving: PRIORITY_BELOW_NORMAL, training: PRIORITY_LOW }
    : { serving: 5, training: 15 };

/**
 * Lets the person's own programs come before a child process, right after it was started. What the system refuses, and what
 * comes later already, stays as it is.
 */
export function lowerPriority(pid: number | undefined, work: keyof typeof niceness): void {
  if (pid === undefined) return;
  for (const id of threadsOf(pid))
    try {
      if (getPriority(id) < niceness[work]) setPriority(id, niceness[work]);
    } catch (thrown) {
      const isOver = id !== pid && codeOf(thrown) === 'ESRCH';
      if (!isOver && !refusals.has(codeOf(thrown))) throw thrown;
    }
}

const refusals: ReadonlySet<unknown> = new Set(['EPERM', 'EACCES']);
const codeOf = (thrown: unknown) => (thrown as { info?: { code?: unknown } }).info?.code;

/** On Linux each thread has its own priority: later ones inherit it, and a few may be there already. */
function threadsOf(pid: number): number[] {
  if (process.platform !== 'linux') return [pid];
  try {
    const threads = readdirSync(`/proc/${pid}/task`).map(Number);
    return [pid, ...threads.filter((id) => id !== pid)];
  } catch {
    return [pid];
  }
}
