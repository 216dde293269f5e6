import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import type { LoadOptions, Runtime } from '../../runtime.ts';
import { createWorkerGroup } from '../worker/worker-group.ts';
import { createWorkerRuntime, type WorkerRuntime } from '../worker/worker-runtime.ts';

const path = new URL('../../../../../resources/models/tiny-chat-Q8_0.gguf', import.meta.url).pathname;
const options: LoadOptions = {
  modelId: 'tiny',
  path,
  contextSize: 512,
  parallelRequests: 2,
  threads: 2,
  gpu: 'off',
};
const windowMs = 2500;
const sampleMs = 12;
const ticksPerSecond = 100;
const canMeasure = process.platform === 'linux' && availableParallelism() >= 2;

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

/** Reads long prompts one after the other, which is the work that takes the processor, until the test ends. */
function keepBusy(runtime: Runtime, requests: number): void {
  const abort = new AbortController();
  const loop = async () => {
    while (!abort.signal.aborted) {
      const prompt = Array.from({ length: 200 }, () => Math.random().toString(36).slice(2, 6)).join(' ');
      await runtime.generate(
        {
          prompt: { kind: 'completion', prompt: prompt.slice(0, 400) },
          sampling: { temperature: 1 },
          maxTokens: 8,
          stop: [],
        },
        {},
        abort.signal,
      );
    }
  };
  const loops = Promise.all(Array.from({ length: requests }, loop));
  ends.unshift(async () => {
    abort.abort();
    await loops;
    await runtime.dispose();
  });
}

/** Fields of a stat file behind the name, which may have spaces. */
function statFields(file: string): string[] {
  const stat = readFileSync(file, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

/** Processor time of a process so far, in seconds. */
function processorSeconds(pid: number): number {
  const fields = statFields(`/proc/${pid}/stat`);
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

/** Threads of a process that compute, or would if other programs let them; its first one only speaks with the host. */
function runnableThreads(pid: number): number {
  const threads = `/proc/${pid}/task`;
  return readdirSync(threads).filter((thread) => {
    try {
      return Number(thread) !== pid && statFields(`${threads}/${thread}/stat`)[0] === 'R';
    } catch {
      // It ended between the list and the look.
      return false;
    }
  }).length;
}

/** Over a window: cores that processes keep busy together, and those they would on a machine of their own. */
async function loadOf(pids: readonly number[]): Promise<{ cores: number; wanted: number }> {
  const sum = (of: (pid: number) => number) => pids.reduce((total, pid) => total + of(pid), 0);
  const [before, startedAt] = [sum(processorSeconds), performance.now()];
  const seen: number[] = [];
  while (performance.now() - startedAt < windowMs) {
    await sleep(sampleMs);
    seen.push(sum(runnableThreads));
  }
  const cores = ((sum(processorSeconds) - before) * 1000) / (performance.now() - startedAt);
  return { cores, wanted: seen.reduce((total, count) => total + count, 0) / seen.length };
}

const pidOf = (runtime: WorkerRuntime) => runtime.workerPid() as number;

test.skipIf(!canMeasure)(
  'somebody sits down: a model that is generating takes one core from the next batch on, and two again later',
  { timeout: 90_000 },
  async () => {
    const runtime = createWorkerRuntime('llama.cpp', 'llama-worker');
    await runtime.load(options);
    const pids = [pidOf(runtime)];
    keepBusy(runtime, 2);
    await sleep(500);
    runtime.setThreads(1);
    await expect.poll(() => runtime.engine.get().threads).toBe(1);
    const one = await loadOf(pids);
    expect(one.cores).toBeLessThanOrEqual(1.2);
    expect(one.wanted).toBeGreaterThan(0.3);
    expect(one.wanted).toBeLessThanOrEqual(1.4);
    runtime.setThreads(2);
    await expect.poll(() => runtime.engine.get().threads).toBe(2);
    const two = await loadOf(pids);
    expect(two.wanted).toBeGreaterThan(one.wanted + 0.4);
    runtime.setThreads(1);
    await expect.poll(() => runtime.engine.get().threads).toBe(1);
    const again = await loadOf(pids);
    expect(again.cores).toBeLessThanOrEqual(1.2);
    expect(again.wanted).toBeLessThanOrEqual(1.4);
    expect(pids).toEqual([pidOf(runtime)]);
  },
);

test.skipIf(!canMeasure)(
  'two processes that share one thread take one core together',
  { timeout: 90_000 },
  async () => {
    const members: WorkerRuntime[] = [];
    const group = createWorkerGroup(() => {
      const runtime = createWorkerRuntime('llama.cpp', 'llama-worker');
      members.push(runtime);
      return runtime;
    });
    await group.load({ ...options, processes: 2 });
    keepBusy(group, 4);
    group.setThreads(1);
    await expect.poll(() => members.map(({ engine }) => engine.get().threads)).toEqual([0.5, 0.5]);
    expect(group.engine.get().threads).toBe(1);
    const load = await loadOf(members.map(pidOf));
    expect(load.cores).toBeLessThanOrEqual(1.2);
    expect(load.wanted).toBeLessThanOrEqual(1.4);
  },
);

test('threads that change while a model is loaded, or its process is started again, count when it is ready', {
  timeout: 60_000,
}, async () => {
  const runtime = createWorkerRuntime('llama.cpp', 'llama-worker');
  ends.push(() => runtime.dispose());
  const loading = runtime.load(options);
  await expect.poll(() => runtime.engine.get().state).toBe('loading');
  runtime.setThreads(1);
  await loading;
  await expect.poll(() => runtime.engine.get().threads).toBe(1);

  process.kill(pidOf(runtime), 'SIGKILL');
  await expect.poll(() => runtime.engine.get().state).toBe('restarting');
  runtime.setThreads(2);
  await expect.poll(() => runtime.engine.get()).toMatchObject({ state: 'ready', restarts: 1 });
  await expect.poll(() => runtime.engine.get().threads).toBe(Math.min(2, availableParallelism()));
});
