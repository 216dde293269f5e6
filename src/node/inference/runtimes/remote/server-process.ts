import { type ChildProcess, spawn } from 'node:child_process';
import { AppError } from '#contract/errors.ts';
import { lowerPriority } from '../../../child-priority.ts';
import { type Clock, systemClock } from '../../../clock.ts';

const firstBackoffMs = 1000;
const mostBackoffMs = 60_000;
const endLimitMs = 10_000;
const keptLines = 20;

export interface ServerProcess {
  /** The last lines that it wrote, newest last. */
  lines(): string[];
  /** Ends it and what it started: kindly at first, by force after 10 s. */
  end(): Promise<void>;
}

/**
 * Runs a server and starts it again, with backoff, when it ends by itself. Rejects with `inference/load-failed` where the program is not
 * there.
 */
export async function startServerProcess(
  { program, args }: { program: string; args: string[] },
  { clock = systemClock }: { clock?: Clock } = {},
): Promise<ServerProcess> {
  const ended = new AbortController();
  const lines: string[] = [];
  let child: ChildProcess;
  let exited: Promise<void>;

  async function start(): Promise<void> {
    // A group of its own: such servers start workers, which must end with them.
    child = spawn(program, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: process.platform !== 'win32',
    });
    lowerPriority(child.pid, 'serving');
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (bytes: Buffer) => {
        lines.push(...bytes.toString().split('\n').filter(Boolean));
        lines.splice(0, lines.length - keptLines);
      });
    exited = new Promise((resolve) => child.once('exit', () => resolve()));
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', (cause) =>
        reject(
          new AppError('inference/load-failed', `The program “${program}” is not on this computer.`, {
            cause,
          }),
        ),
      );
    });
  }

  async function keepRunning(): Promise<void> {
    for (let backoffMs = firstBackoffMs; ; backoffMs = Math.min(backoffMs * 2, mostBackoffMs)) {
      await exited;
      if (ended.signal.aborted) return;
      await clock.sleep(backoffMs, ended.signal);
      await start();
    }
  }

  function signal(name: NodeJS.Signals): void {
    try {
      if (process.platform === 'win32') child.kill(name);
      else if (child.pid !== undefined) process.kill(-child.pid, name);
    } catch {
      // It has ended already.
    }
  }

  await start();
  keepRunning().catch(() => {});
  return {
    lines: () => [...lines],
    async end() {
      ended.abort();
      signal('SIGTERM');
      const force = setTimeout(() => signal('SIGKILL'), endLimitMs);
      await exited;
      clearTimeout(force);
      // Workers that outlived it.
      signal('SIGKILL');
    },
  };
}
