import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Model } from '#contract/model.ts';
import type { NodeState, NodeStatus } from '#contract/node-status.ts';
import type { Resources } from '#contract/resources.ts';
import { defaultSettings, type Settings } from '#contract/settings.ts';
import type { TrainingStatus } from '#contract/training.ts';
import { createFakeClock } from '#testing/fake-clock.ts';
import { noTraining } from '#testing/no-training.ts';
import { sampleGpu, sampleReading } from '#testing/sample-machine.ts';
import { engineOff } from '../inference/engine-off.ts';
import type { Standing } from '../resources/standing.ts';
import { createSignal } from '../signal.ts';
import type { ArbiterInputs } from './allocation.ts';
import { createHybrid, type Hybrid } from './hybrid.ts';
import { createMemoryLedger, unlimited } from './memory-ledger.ts';

const gb = 1e9;
const start = Date.UTC(2026, 0, 1);
const minute = 60_000;
const earning: NodeState = { state: 'earning', since: start };
const nodeStatus = (state: NodeState, apiUrl: string | null): NodeStatus => ({
  state,
  link: { state: 'off' },
  nodeId: 'node',
  apiUrl,
  model: null,
  testCredits: true,
  heldBack: [],
  earnAnywayUntil: null,
  limits: 'idle',
  startedAt: start,
});
const unheld: Standing = {
  reasons: [],
  servingHeldBy: [],
  holds: { serving: false, training: false, rounds: false, downloads: false },
  how: null,
  limits: defaultSettings.limitsIdle,
  limitsName: 'idle',
  earnAnywayUntil: null,
};
/** All of it lies on the GPU where there is one. */
const model = { id: 'm', name: 'Model', problem: null, needsBytes: gb } as Model;
const task = {
  ...{ taskId: 'digits', name: 'Digits', obstacle: null, dataId: 'd', examples: 100 },
} as TrainingStatus['tasks'][number];
const round = (progress: number): TrainingStatus['state'] => ({
  ...{ state: 'training', roundId: 'r', taskId: 'digits', taskName: 'Digits', isSecure: false },
  ...{ participants: 1, since: start, deadline: start + 60 * minute, epoch: 1, epochs: 2 },
  ...{ progress, loss: null, examplesPerSecond: null, isPaused: false },
});

/** A node of 16 GB that serves one model of 1 GB; `log` has what its parts were told, `ram` what all programs take. */
function node(patch: Partial<Settings> = {}, reading: Partial<Resources> = {}) {
  const time = createFakeClock(start);
  const log: string[] = [];
  const faults: unknown[] = [];
  const settings = createSignal<Settings>({ ...defaultSettings, servedModels: ['m'], ...patch });
  const status = createSignal(nodeStatus({ state: 'stopped' }, null));
  const standing = createSignal<Standing>(unheld);
  const resources = createSignal<Resources>(sampleReading(reading));
  const training = createSignal<TrainingStatus>({ ...noTraining, tasks: [task] });
  const memory = createMemoryLedger({ ceiling: unlimited, clock: time.clock });
  const needsGpuBytes = resources.get().gpus.length > 0 ? gb : 0;
  const state = {
    disk: null as ArbiterInputs['disk'],
    ramUsed: 2 * gb,
    demand: 0,
    loadFault: null as Error | null,
  };
  const gates: { interrupt: Promise<void> | null } = { interrupt: null };
  const hybrid = createHybrid({
    clock: time.clock,
    settings,
    nodeStatus: status,
    standing,
    leavesMemory: () => false,
    resources,
    ram: () => ({ totalBytes: 16 * gb, usedBytes: state.ramUsed }),
    memory,
    disk: () => state.disk,
    cacheRoom: { bytes: () => 0, giveBack: () => false, refresh: () => {} },
    jobs: {
      ...{ running: () => state.demand, waiting: () => 0, held: () => 0 },
      ...{ hold: () => log.push('hold'), unhold: () => log.push('unhold'), quiet: async () => {} },
      expect: () => {},
    },
    pool: {
      offered: () => settings.get().servedModels,
      loaded: () => [],
      threadsChanged: () => {},
      foremost: createSignal(engineOff),
      quiet: async () => {},
      unloadIdle: async () => [],
      async unloadAll() {
        log.push('unload');
      },
      async load(id) {
        log.push(`load ${id}`);
        if (state.loadFault) throw state.loadFault;
      },
    },
    models: { get: (id) => (id === 'm' ? { ...model, needsGpuBytes } : undefined) },
    training: {
      node: { status: training, isPausedByOperator: () => false, wake: () => {} },
      turns: {
        async grant() {
          log.push('grant');
        },
        async interrupt() {
          log.push('interrupt');
          await gates.interrupt;
        },
        needs: () => ({ ramBytes: gb, gpuBytes: 0 }),
        usedBytes: () => 0,
      },
    },
    ledger: { netByKind: () => ({ inference: 0n, training: 0n }) },
    setBusy: () => {},
    onFault: (error) => faults.push(error),
  });
  const settle = async () => {
    for (let turn = 0; turn < 10; turn += 1) await new Promise(setImmediate);
  };
  return {
    ...{ hybrid, time, log, faults, settings, standing, status, training, memory, state, gates, settle },
    /** One turn of deciding. */
    async tick(ms = 2000) {
      time.advance(ms);
      await settle();
    },
    async open() {
      status.set(nodeStatus(earning, 'http://127.0.0.1:1'));
      await settle();
    },
  };
}

let made: Hybrid[] = [];
const aNode = (...args: Parameters<typeof node>) => {
  const one = node(...args);
  made.push(one.hybrid);
  return one;
};
beforeEach(() => {
  made = [];
});
afterEach(() => {
  for (const hybrid of made) hybrid.dispose();
  vi.restoreAllMocks();
});

test('what may be taken follows other programs while the node is stopped too, so that it starts with what is free then', async () => {
  const { memory, state, tick } = aNode();
  state.ramUsed = 15 * gb;
  await tick();
  expect(memory.room('model').ramBytes).toBeLessThan(gb);
  state.ramUsed = 2 * gb;
  await tick();
  expect(memory.room('model').ramBytes).toBeGreaterThan(10 * gb);
});

test('after a stop in short memory a model has all the room that has come since', async () => {
  const { hybrid, memory, state, status, open, tick, settle } = aNode();
  await open();
  state.ramUsed = 15 * gb;
  await tick();
  await hybrid.rest();
  status.set(nodeStatus({ state: 'stopped' }, null));
  state.ramUsed = 2 * gb;
  await tick();
  await settle();
  expect(memory.room('model').ramBytes).toBeGreaterThan(10 * gb);
});

test('a round that is under way keeps its turns when taking part is switched off in it', async () => {
  const { hybrid, training, settings, open, tick } = aNode({ takePartInTraining: true });
  training.set({ ...training.get(), state: round(0.5) });
  await open();
  expect(hybrid.status.get().mode).toBe('both');
  settings.set({ ...settings.get(), takePartInTraining: false });
  await tick();
  expect(hybrid.status.get().mode).toBe('both');
  training.set({ ...training.get(), state: { state: 'off' } });
  await tick(7 * minute);
  await tick();
  expect(hybrid.status.get().mode).toBe('inference');
});

test('while the node lets everything go nothing is begun anew, whatever its state says meanwhile', async () => {
  const { hybrid, log, training, gates, open, tick, settle, status } = aNode({ takePartInTraining: true });
  training.set({ ...training.get(), state: round(0.5) });
  await open();
  expect(log).toContain('grant');
  const checkpoint = Promise.withResolvers<void>();
  gates.interrupt = checkpoint.promise;
  log.length = 0;
  const resting = hybrid.rest();
  await tick();
  await tick();
  checkpoint.resolve();
  await resting;
  await tick();
  expect(log).not.toContain('grant');
  status.set(nodeStatus({ state: 'stopped' }, null));
  await settle();
  await open();
  await tick();
  expect(log).toContain('grant');
});

test('a model that did not load is tried again after a minute, also when the clock was set back meanwhile', async () => {
  const { hybrid, state, settings, open, tick, log, training } = aNode({
    ...{ takePartInTraining: true, trainingSharePercent: 100 },
  });
  training.set({ ...training.get(), state: round(0.1) });
  await open();
  await tick();
  expect(hybrid.status.get().mode).toBe('training');
  state.loadFault = new Error('broken');
  settings.set({ ...settings.get(), trainingSharePercent: 0 });
  await tick();
  expect(log).toContain('load m');
  state.loadFault = null;
  await tick(-24 * 60 * minute);
  await open();
  expect(hybrid.status.get().mode).toBe('inference');
});

test('where the GPU shares main memory a model and a round are side by side only if both fit into it', async () => {
  const gpus = (isUnified: boolean) => ({
    gpus: [sampleGpu({ totalBytes: 16 * gb, usedBytes: 0, isUnified })],
  });
  const modeWith = async (isUnified: boolean) => {
    const one = aNode({ takePartInTraining: true }, gpus(isUnified));
    // 1.2 GB are left for the node's work; each of the two needs 1 GB.
    one.state.ramUsed = 14 * gb;
    await one.open();
    return one.hybrid.status.get().mode;
  };
  expect(await modeWith(false)).toBe('both');
  expect(await modeWith(true)).not.toBe('both');
});

test('what the operator asked for before the gateway’s tasks were known is done as soon as they are', async () => {
  const { hybrid, training, settings, open, tick } = aNode({ takePartInTraining: true });
  const none = { ...training.get(), tasks: [] };
  training.set(none);
  await open();
  expect(hybrid.status.get()).toMatchObject({ mode: 'inference', reason: 'no-round' });
  await tick();
  training.set({ ...none, tasks: [task] });
  await tick();
  expect(hybrid.status.get().mode).toBe('both');
  // The machine's own change of mind waits.
  settings.set({ ...settings.get(), trainingSharePercent: 100 });
  await tick();
  expect(hybrid.status.get().mode).toBe('training');
  training.set(none);
  await tick(7 * minute);
  await tick();
  expect(hybrid.status.get().mode).toBe('inference');
  training.set({ ...none, tasks: [task] });
  await tick();
  expect(hybrid.status.get().mode).toBe('inference');
});

test('what a model took once is forgotten with a stop: it may be loaded otherwise next time', async () => {
  const { hybrid, memory, state, status, open, tick } = aNode();
  await open();
  const reserved = memory.reserve({ owner: 'model', name: 'Model', ramBytes: 12 * gb, gpuBytes: 0 });
  await tick();
  reserved.release();
  await hybrid.rest();
  status.set(nodeStatus({ state: 'stopped' }, null));
  state.ramUsed = 8 * gb;
  await tick();
  await open();
  expect(hybrid.preview(0)).toMatchObject({ obstacle: null });
});

test('side by side each kind has its part of the network; without a limit none is told, and alone one has all', async () => {
  const { hybrid, standing, settings, open, tick } = aNode({
    takePartInTraining: true,
    trainingSharePercent: 40,
  });
  const parts = () => {
    const { mode, allowance } = hybrid.status.get();
    return [mode, allowance.inference.networkMbps, allowance.training.networkMbps];
  };
  await open();
  expect(parts()).toEqual(['both', undefined, undefined]);
  standing.set({ ...unheld, limits: { ...unheld.limits, networkMbps: 50 } });
  await tick();
  expect(parts()).toEqual(['both', 30, 20]);
  expect(hybrid.preview(20).allowance.inference.networkMbps).toBe(40);
  settings.set({ ...settings.get(), trainingSharePercent: 0 });
  await tick();
  expect(parts()).toEqual(['inference', 50, 0]);
});

test('the disk is divided by the slider while the node is stopped too, and training that is off keeps what it has', async () => {
  const { hybrid, state, settings, open, tick } = aNode({
    takePartInTraining: true,
    trainingSharePercent: 40,
  });
  const parts = () => {
    const { inference, training } = hybrid.status.get().allowance;
    return [inference.diskBytes, training.diskBytes];
  };
  await tick();
  expect(parts()).toEqual([undefined, undefined]);
  state.disk = { totalBytes: 30 * gb, storedBytes: { inference: 10 * gb, training: gb } };
  await tick();
  expect(parts()).toEqual([18 * gb, 12 * gb]);
  await open();
  await tick();
  expect(parts()).toEqual([18 * gb, 12 * gb]);
  settings.set({ ...settings.get(), takePartInTraining: false });
  await tick();
  expect(parts()).toEqual([29 * gb, gb]);
  // On a large disk training's part stays small, wherever the slider stands: models that have room stay.
  settings.set({ ...settings.get(), takePartInTraining: true, trainingSharePercent: 100 });
  state.disk = { ...state.disk, totalBytes: 500 * gb };
  await tick();
  expect(parts()).toEqual([500 * gb - 20e9, 20e9]);
});
