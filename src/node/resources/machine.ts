import { execFile, spawn } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';

/** A graphics card as the system names it; `memoryBytes` of its own, null where it has or tells none. */
export interface GraphicsCard {
  vendor: string;
  model: string;
  /** `0000:01:00.0`, where there is such a thing. */
  busAddress: string | null;
  memoryBytes: number | null;
}

export interface FollowedOutput {
  onLine(line: string): void;
  /** The tool has ended by itself, or (`isAbsent`) there is none of that name. */
  onEnd(isAbsent: boolean): void;
}

/** What probes ask of the computer. Tests give them one that is recorded in fixtures. */
export interface Machine {
  readonly platform: NodeJS.Platform;
  readonly env: NodeJS.ProcessEnv;
  readonly cores: number;
  readonly ramBytes: number;
  /** A file that the kernel answers from memory; null where it is not there. */
  text(path: string): string | null;
  /** A file whose device is asked for it, off the thread: it may take its time. */
  device(path: string): Promise<string | null>;
  names(dir: string): string[];
  /** Where a link leads; null where it may not be seen. */
  link(path: string): string | null;
  /** When somebody last typed into a terminal, in Unix ms, and the user it belongs to; null where there is none. */
  terminal(path: string): { at: number; user: number } | null;
  /** What a tool prints. Rejects where it is absent, fails or takes longer than `limitMs`; then it is killed. */
  run(tool: string, args: readonly string[], limitMs: number): Promise<string>;
  /** A tool that goes on printing; the returned function ends it. */
  follow(tool: string, args: readonly string[], output: FollowedOutput): () => void;
  graphics(): Promise<GraphicsCard[]>;
}

/** Tools are read in English, whatever the user's language. */
const toolEnv = () => ({ ...process.env, LC_ALL: 'C', LANGUAGE: 'C' });
const mostOutputBytes = 8e6;
const mostLineLength = 100_000;

export const realMachine: Machine = {
  platform: process.platform,
  env: process.env,
  cores: Math.max(1, cpus().length),
  ramBytes: totalmem(),
  text(path) {
    try {
      return readFileSync(path, 'utf8');
    } catch {
      return null;
    }
  },
  device: (path) => readFile(path, 'utf8').catch(() => null),
  names(dir) {
    try {
      return readdirSync(dir);
    } catch {
      return [];
    }
  },
  link(path) {
    try {
      return readlinkSync(path);
    } catch {
      return null;
    }
  },
  terminal(path) {
    try {
      const { atimeMs, uid } = statSync(path);
      return { at: atimeMs, user: uid };
    } catch {
      return null;
    }
  },
  run: (tool, args, limitMs) =>
    new Promise((resolve, reject) => {
      const child = execFile(
        tool,
        args,
        { env: toolEnv(), windowsHide: true, maxBuffer: mostOutputBytes, killSignal: 'SIGKILL' },
        (error, stdout) => {
          clearTimeout(limit);
          if (error) reject(error);
          else resolve(stdout);
        },
      );
      // A tool that a driver holds does not die of its kill: whoever asked is told all the same.
      const limit = setTimeout(() => {
        child.kill('SIGKILL');
        child.stdout?.destroy();
        child.stderr?.destroy();
        reject(new Error(`${tool} took longer than ${limitMs} ms.`));
      }, limitMs);
      limit.unref();
    }),
  follow(tool, args, { onLine, onEnd }) {
    const child = spawn(tool, args, {
      env: toolEnv(),
      stdio: ['ignore', 'pipe', 'ignore'],
      windowsHide: true,
    });
    let rest = '';
    let isOver = false;
    const end = (isAbsent: boolean) => {
      if (isOver) return;
      isOver = true;
      onEnd(isAbsent);
    };
    child.stdout.setEncoding('utf8').on('data', (piece: string) => {
      const lines = (rest + piece).split(/\r?\n/);
      rest = lines.pop() ?? '';
      if (rest.length > mostLineLength) rest = '';
      if (!isOver) for (const line of lines) onLine(line);
    });
    child.stdout.on('error', () => {});
    child.once('error', (error: NodeJS.ErrnoException) => end(error.code === 'ENOENT'));
    child.once('exit', () => end(false));
    child.unref();
    return () => {
      isOver = true;
      child.kill('SIGKILL');
      child.stdout.destroy();
    };
  },
  async graphics() {
    const { default: system } = await import('systeminformation');
    const { controllers } = await system.graphics();
    return controllers.map(({ vendor, model, busAddress, vram, vramDynamic }) => ({
      vendor,
      model,
      busAddress: busAddress || null,
      memoryBytes: typeof vram === 'number' && vram > 0 && !vramDynamic ? vram * 2 ** 20 : null,
    }));
  },
};
