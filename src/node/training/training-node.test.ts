import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { AppError } from '#contract/errors.ts';
import { defaultSettings } from '#contract/settings.ts';
import type { PastRound, TrainingEngineInfo, TrainingStatus } from '#contract/training.ts';
import { noTraining } from '#testing/no-training.ts';
import { createRoundGateway } from '#testing/round-gateway.ts';
import { newKey } from '#testing/scripted-api.ts';
import { slowTrainer, trained, trainsAtOnce } from '#testing/short-training.ts';
import { type Clock, systemClock } from '../clock.ts';
import type { FederatedCalls } from '../link/federated-calls.ts';
import { createSignal } from '../signal.ts';
import { openRoundLog, type RoundLog } from './round-log.ts';
import type { RoundTrainer } from './round-ports.ts';
import {
  createTrainingNode,
  type RoundGateway,
  type TrainingNode,
  type TrainingParts,
} from './training-node.ts';

let dir: string;
let log: RoundLog;
let node: TrainingNode;
/** Pauses that the node made, in ms. */
let pauses: number[];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'training-node-'));
  log = openRoundLog(join(dir, 'rounds.db'), { clock: systemClock });
  pauses = [];
});
afterEach(async () => {
  await node.stop();
  log.close();
  rmSync(dir, { recursive: true, force: true });
});

/** Real time, in which a pause between two tries passes at once; a round's deadline is farther away. */
const hasty: Clock = {
  now: () => Date.now(),
  sleep(ms, signal) {
    if (ms > 300_000) return systemClock.sleep(ms, signal);
    pauses.push(ms);
    return systemClock.sleep(2, signal);
  },
};
const key = { ...newKey(), nodeId: 'slm-test' };
const gatewayKey = newKey();
const createGateway = () =>
  createRoundGateway({ key, signer: gatewayKey, knows: (roundId) => log.knows(roundId) });

const roundGateway = (calls: FederatedCalls, url = 'http://127.0.0.1:9'): RoundGateway => ({
  url,
  publicKey: gatewayKey.publicKey,
  network: 'test-credits',
  calls,
});

function open(change: { train?: RoundTrainer['train'] } & Partial<TrainingParts> = {}) {
  const { train = trainsAtOnce, ...rest } = change;
  const heard: string[] = [];
  const faults: unknown[] = [];
  const settings = createSignal({ ...defaultSettings, takePartInTraining: true });
  node = createTrainingNode({
    dir,
    key,
    clock: hasty,
    log,
    settings,
    trainer: {
      engine: createSignal<TrainingEngineInfo | null>(null),
      pause: () => void heard.push('pause'),
      describe: async () => {},
      resume: () => void heard.push('resume'),
      train,
    },
    gpuEngine: createSignal(noTraining.gpuEngine),
    privacy: { check: () => {}, spend: () => null, fault: () => null, status: () => noTraining.privacy },
    data: { dataFor: () => ({ id: 'data', examples: 40 }), onChange: () => () => {} },
    books: { book: () => {} },
    openSecure: () => {
      throw new Error('this round is plain');
    },
    onFault: (error) => void faults.push(error),
    random: () => 1,
    ...rest,
  });
  return { heard, faults, settings };
}

type Shown = TrainingStatus & { history: PastRound[] };

function until(wanted: (shown: Shown) => boolean): Promise<Shown> {
  return new Promise((resolve) => {
    let end = () => {};
    end = node.status.subscribe((status) => {
      const shown = { ...status, history: node.history.get() };
      if (!wanted(shown)) return;
      queueMicrotask(() => end());
      resolve(shown);
    });
  });
}
const isAt = (state: TrainingStatus['state']['state']) => (status: TrainingStatus) =>
  status.state.state === state;
/** Lets the node ask so many more times. */
async function asked(gateway: { asks: number }, times: number) {
  const wanted = gateway.asks + times;
  while (gateway.asks < wanted) await systemClock.sleep(2);
}

test('joins, is selected, and shows each state of its round in order, to the reward', async () => {
  const gateway = createGateway();
  const { faults } = open();
  const seen: string[] = [];
  node.status.subscribe(({ state }) => {
    if (seen.at(-1) !== state.state) seen.push(state.state);
  });
  node.start(roundGateway(gateway.calls));
  const waiting = await until((status) => status.state.state === 'idle' && status.tasks.length > 0);
  expect(waiting.tasks).toMatchObject([{ taskId: 'small', dataId: 'data', examples: 40, obstacle: null }]);
  const { history, earned } = await until(
    (status) => status.history.length > 0 && status.state.state === 'idle',
  );
  expect(seen).toEqual([
    'off',
    'idle',
    'selected',
    'downloading',
    'training',
    'uploading',
    'rewarded',
    'idle',
  ]);
  expect(history).toMatchObject([
    {
      roundId: 'round-1',
      taskName: 'Small',
      result: 'rewarded',
      examples: 40,
      priceLamports: '1000',
      feeLamports: '30',
    },
  ]);
  expect(earned).toEqual({ rounds: 1, netLamports: '970' });
  expect(gateway.update()?.head.examples).toBe(40);
  await node.stop();
  expect(node.status.get().state).toEqual({ state: 'off' });
  expect(faults).toEqual([]);
});

test('a bad offer leaves nothing behind, says why, and its task rests', async () => {
  const gateway = createGateway();
  gateway.signer = newKey();
  open();
  node.start(roundGateway(gateway.calls));
  const { state } = await until(isAt('failed'));
  expect(state).toMatchObject({ roundId: 'round-1', error: { code: 'training/bad-offer' } });
  if (state.state === 'failed') expect(state.until - Date.now()).toBeGreaterThan(50_000);
  const { joins } = gateway;
  await asked(gateway, 5);
  expect(gateway.joins).toBe(joins);
  expect([log.current(), log.ended(1), log.knows('round-1'), existsSync(join(dir, 'rounds'))]).toEqual([
    null,
    [],
    false,
    false,
  ]);
});

test('with new rounds held nothing is asked for, and the round that is under way computes on to its end', async () => {
  const gateway = createGateway();
  const slow = slowTrainer();
  const { heard } = open({ train: slow.train });
  node.hold({ computing: false, rounds: true });
  node.start(roundGateway(gateway.calls));
  while (pauses.length < 5) await systemClock.sleep(2);
  expect(gateway.asks).toBe(0);
  node.hold({ computing: false, rounds: false });
  await until(({ state }) => state.state === 'training' && state.epoch === 1);
  node.hold({ computing: false, rounds: true });
  expect(node.status.get().state).toMatchObject({ state: 'training', isPaused: false });
  expect(heard).toEqual([]);
  slow.letGo();
  await until(({ history }) => history.length > 0);
  const { asks } = gateway;
  const looked = pauses.length;
  while (pauses.length < looked + 5) await systemClock.sleep(2);
  expect(gateway.asks).toBe(asks);
  await node.stop();
});

test('while it is paused nothing is asked for; a round that is under way shows it', async () => {
  const gateway = createGateway();
  const slow = slowTrainer();
  const { heard } = open({ train: slow.train });
  node.pause();
  node.hold({ computing: true, rounds: true });
  node.start(roundGateway(gateway.calls));
  while (pauses.length < 5) await systemClock.sleep(2);
  expect(gateway.asks).toBe(0);
  node.resume();
  while (pauses.length < 10) await systemClock.sleep(2);
  expect(gateway.asks).toBe(0);
  node.hold({ computing: false, rounds: false });
  await until(({ state }) => state.state === 'training' && state.epoch === 1);
  node.pause();
  expect(node.status.get().state).toMatchObject({ state: 'training', isPaused: true });
  node.resume();
  expect(node.status.get().state).toMatchObject({ state: 'training', isPaused: false });
  expect(heard).toEqual(['pause', 'resume', 'pause', 'resume']);
  slow.letGo();
  await until(({ history }) => history.length > 0);
});

test('a round that is given up ends as left, and its task rests for longest; without one there is nothing to give up', async () => {
  const gateway = createGateway();
  open({ train: slowTrainer().train });
  const none = expect.objectContaining({ code: 'training/not-in-round' });
  expect(() => node.giveUp()).toThrow(none);
  node.start(roundGateway(gateway.calls));
  await until(({ state }) => state.state === 'training' && state.epoch === 1);
  node.giveUp();
  const { state, history } = await until(({ history }) => history.length > 0);
  expect(history).toMatchObject([{ result: 'failed', error: { code: 'training/left' }, priceLamports: '0' }]);
  expect(state).toMatchObject({ state: 'failed', error: { code: 'training/left' } });
  if (state.state === 'failed') expect(state.until - Date.now()).toBeGreaterThan(9 * 60_000);
  expect(gateway.hasLeft()).toBe(true);
  expect(existsSync(join(dir, 'rounds/round-1'))).toBe(false);
  await asked(gateway, 2);
  expect(() => node.giveUp()).toThrow(none);
});

test('stopped in the middle and started again, the round goes on', async () => {
  const gateway = createGateway();
  const slow = slowTrainer();
  open({ train: slow.train });
  node.start(roundGateway(gateway.calls));
  await until(isAt('training'));
  await node.stop();
  expect(node.status.get().state).toEqual({ state: 'off' });
  expect(log.current()?.state).toBe('training');
  expect(gateway.hasLeft()).toBe(false);
  slow.letGo();
  node.start(roundGateway(gateway.calls));
  const { history } = await until((status) => status.history.length > 0);
  expect(history).toMatchObject([{ roundId: 'round-1', result: 'rewarded' }]);
  expect(slow.begun()).toBe(2);
});

test('a node that works for another gateway gives the round up', async () => {
  const gateway = createGateway();
  open({ train: slowTrainer().train });
  node.start(roundGateway(gateway.calls));
  await until(isAt('training'));
  await node.stop();
  node.start(roundGateway(gateway.calls, 'http://127.0.0.1:10'));
  const { history } = await until((status) => status.history.length > 0);
  expect(history).toMatchObject([{ result: 'failed', error: { code: 'training/round-failed' } }]);
  expect(history[0]?.error?.message).toMatch(/another gateway/);
  expect(existsSync(join(dir, 'rounds/round-1'))).toBe(false);
});

test.each([
  ['training/privacy-budget', 'privacy-budget'],
  ['training/privacy-ledger', 'privacy-ledger'],
] as const)('with %s a task is shown with that obstacle, and not joined', async (code, obstacle) => {
  const gateway = createGateway();
  let fault: AppError | null = new AppError(code, 'It may not.');
  const { settings } = open({
    privacy: { check: () => {}, spend: () => null, fault: () => fault, status: () => noTraining.privacy },
  });
  node.start(roundGateway(gateway.calls));
  await asked(gateway, 3);
  expect(node.status.get()).toMatchObject({
    state: { state: 'idle', waitingFor: [] },
    tasks: [{ obstacle: { code: obstacle } }],
  });
  expect(gateway.joins).toBe(0);
  fault = null;
  settings.set({ ...settings.get(), privacyBudgetEpsilon: 100 });
  await until(({ history }) => history.length > 0);
});

test('tasks that the operator switched off, or has no data for, are not joined', async () => {
  const gateway = createGateway();
  let examples = 0;
  const { settings } = open({
    data: { dataFor: () => (examples > 0 ? { id: 'data', examples } : null), onChange: () => () => {} },
  });
  node.start(roundGateway(gateway.calls));
  await asked(gateway, 2);
  expect(node.status.get().tasks).toMatchObject([{ obstacle: { code: 'no-data' } }]);
  examples = 40;
  settings.set({ ...settings.get(), trainingTasks: ['another'] });
  await asked(gateway, 2);
  expect(node.status.get().tasks).toMatchObject([{ obstacle: { code: 'switched-off' } }]);
  expect(gateway.joins).toBe(0);
});

test('a gateway that is away is asked again with growing pauses, and shortly again once it was there', async () => {
  const gateway = createGateway();
  gateway.isAway = true;
  const { faults } = open({ data: { dataFor: () => null, onChange: () => () => {} } });
  node.start(roundGateway(gateway.calls));
  await asked(gateway, 6);
  expect(pauses.slice(0, 5)).toEqual([1000, 2000, 4000, 8000, 16_000]);
  gateway.isAway = false;
  await until(({ tasks }) => tasks.length > 0);
  gateway.isAway = true;
  await asked(gateway, 3);
  const after = pauses.slice(pauses.lastIndexOf(30_000) + 1);
  expect(after.slice(0, 2)).toEqual([1000, 2000]);
  expect(faults).toEqual([]);
});

test('the curve of a long round keeps its whole course', async () => {
  const gateway = createGateway();
  open({
    async train({ weights }, onProgress) {
      for (let step = 0; step < 5000; step += 1)
        onProgress({
          epoch: 1,
          epochs: 1,
          step,
          steps: 5000,
          loss: 1 - step / 5000,
          examplesPerSecond: null,
        });
      return trained(weights.length);
    },
  });
  node.start(roundGateway(gateway.calls));
  await until(({ history }) => history.length > 0);
  const points = node.curve.get();
  expect(points.length).toBeLessThanOrEqual(200);
  for (const share of [0, 0.25, 0.5, 0.75, 1])
    expect(points.some(({ step }) => Math.abs(step - share * 5000) <= 60)).toBe(true);
});

test('the history is told when a round has ended, and not with each step of one', async () => {
  const gateway = createGateway();
  const told = { status: 0, history: [] as number[] };
  open({
    async train({ weights }, onProgress) {
      for (let step = 0; step < 100; step += 1)
        onProgress({ epoch: 1, epochs: 1, step, steps: 100, loss: 1, examplesPerSecond: null });
      return trained(weights.length);
    },
  });
  node.status.subscribe(() => {
    told.status += 1;
  });
  node.history.subscribe(({ length }) => told.history.push(length));
  node.start(roundGateway(gateway.calls));
  await until(({ history, state }) => history.length > 0 && state.state === 'idle');
  expect(told.status).toBeGreaterThan(100);
  expect(told.history).toEqual([0, 1]);
  expect(node.status.get()).not.toHaveProperty('history');
});

test('a round whose end could not be written down is ended later, before another one begins', async () => {
  const gateway = createGateway();
  let isFull = true;
  const { faults } = open({
    train: async () => {
      throw new AppError('training/diverged', 'The loss is no number.');
    },
    log: {
      ...log,
      append(roundId, step) {
        if (step.state === 'failed' && isFull) {
          isFull = false;
          throw new AppError('disk/full', 'The disk is full.');
        }
        return log.append(roundId, step);
      },
    },
  });
  node.start(roundGateway(gateway.calls));
  const { history } = await until((status) => status.history.length > 0);
  expect(history).toMatchObject([
    { roundId: 'round-1', result: 'failed', error: { code: 'training/diverged' } },
  ]);
  expect(isFull).toBe(false);
  expect(log.current()).toBeNull();
  expect(faults).toEqual([]);
});
