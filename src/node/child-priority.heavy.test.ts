import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { constants, getPriority, setPriority } from 'node:os';
import { afterEach, expect, test } from 'vitest';
import { lowerPriority } from './child-priority.ts';
import { createWorkerRuntime } from './inference/runtimes/worker/worker-runtime.ts';
import { openTrainer } from './training/trainer/open-trainer.ts';

const path = new URL('../../resources/models/tiny-chat-Q8_0.gguf', import.meta.url).pathname;
const { PRIORITY_BELOW_NORMAL, PRIORITY_LOW } = constants.priority;
const isWindows = process.platform === 'win32';

let ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends) await end();
  ends = [];
});

/** Of a process, and where each thread has its own one, of all its threads. */
function prioritiesOf(pid: number): number[] {
  const threads = process.platform === 'linux' ? readdirSync(`/proc/${pid}/task`).map(Number) : [];
  return [...new Set([pid, ...threads].map((id) => getPriority(id)))];
}

test('an engine’s process, all its threads, comes after the person’s own programs', async () => {
  const runtime = createWorkerRuntime('llama.cpp', 'llama-worker');
  ends.push(() => runtime.dispose());
  await runtime.load({
    ...{ modelId: 'tiny', path, contextSize: 256, parallelRequests: 1, threads: 2, gpu: 'off' },
  });
  expect(prioritiesOf(runtime.workerPid() as number)).toEqual([isWindows ? PRIORITY_BELOW_NORMAL : 5]);
});

test('the trainer comes after everything else, serving included', async () => {
  const trainer = openTrainer({ threads: 1, memoryLimitMb: 512 });
  ends.push(() => trainer.dispose());
  await trainer.describe();
  expect(prioritiesOf(trainer.pid() as number)).toEqual([isWindows ? PRIORITY_LOW : 15]);
});

test('a process that is not there is an error; without an id there is nothing to do', async () => {
  const child: ChildProcess = spawn(process.execPath, ['--eval', '']);
  const { pid } = child;
  await new Promise((resolve) => child.once('close', resolve));
  expect(() => lowerPriority(pid, 'serving')).toThrow(/no such process/i);
  expect(() => lowerPriority(undefined, 'serving')).not.toThrow();
});

/** A process that does nothing, with a priority of its own. */
function sleeper(priority: number): number {
  const child = spawn(process.execPath, ['--eval', 'setInterval(() => {}, 1000)']);
  ends.push(() => child.kill());
  setPriority(child.pid as number, priority);
  return child.pid as number;
}

test('one that comes later still keeps its place', () => {
  const pid = sleeper(PRIORITY_LOW);
  lowerPriority(pid, 'serving');
  expect(getPriority(pid)).toBe(PRIORITY_LOW);
});

test.skipIf(isWindows || process.getuid?.() !== 0)('what the system refuses is left as it is', () => {
  const pid = sleeper(1);
  process.seteuid?.(65_534);
  try {
    expect(() => lowerPriority(pid, 'serving')).not.toThrow();
  } finally {
    process.seteuid?.(0);
  }
  expect(getPriority(pid)).toBe(1);
});
