import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Allowance, WorkMode } from '#contract/hybrid.ts';
import { createFakeClock } from '#testing/fake-clock.ts';
import { createModeController, type Wanted } from './mode-controller.ts';

const one: Allowance = { ramBytes: 1, gpuBytes: 0, threads: 1 };
const wanted = (mode: WorkMode, threads = 1): Wanted => ({
  mode,
  allowance: { inference: { ...one, threads }, training: one },
});
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** A machine whose parts say in `log` what they were told, and answer when the test lets them. */
function machine() {
  const log: string[] = [];
  const faults: unknown[] = [];
  const state = { jobs: 0, isLoaded: true, isOpen: true, isTraining: false, lostJobs: 0, most: 0 };
  let onQuiet: (() => void)[] = [];
  const gates: Record<string, PromiseWithResolvers<void> | undefined> = {};
  const pass = async (name: string) => {
    log.push(name);
    await gates[name]?.promise;
  };
  const both = () => {
    state.most = Math.max(state.most, Number(state.isLoaded) + Number(state.isTraining));
  };
  const { clock } = createFakeClock();
  const controller = createModeController({
    serving: {
      close() {
        state.isOpen = false;
        log.push('close');
      },
      running: () => state.jobs,
      async quiet(signal) {
        if (state.jobs === 0) return;
        await new Promise<void>((resolve, reject) => {
          onQuiet.push(resolve);
          signal.addEventListener('abort', () => reject(signal.reason), { once: true });
        });
      },
      async unload() {
        // What is at work on a model that is unloaded is lost.
        state.lostJobs += state.jobs;
        await pass('unload');
        state.isLoaded = false;
      },
      async load(_, onProgress) {
        onProgress(0.5);
        await pass('load');
        state.isLoaded = true;
        both();
      },
      open() {
        if (!state.isLoaded) log.push('opened without a model');
        state.isOpen = true;
        log.push('open');
      },
      allow: () => {},
    },
    training: {
      async grant({ threads }) {
        await pass('grant');
        log.push(`train ${threads}`);
        state.isTraining = true;
        both();
      },
      async interrupt() {
        await pass('interrupt');
        state.isTraining = false;
      },
    },
    onAllowance: () => {},
    onServingFault: (error) => {
      faults.push(error);
      log.push('serving fault');
    },
    onFault: (error) => faults.push(error),
    clock,
  });
  return {
    controller,
    log,
    faults,
    state,
    finishJobs() {
      state.jobs = 0;
      for (const tell of onQuiet.splice(0)) tell();
      onQuiet = [];
    },
    hold(name: string) {
      gates[name] = Promise.withResolvers();
      return {
        go: () => gates[name]?.resolve(),
        fail: (error: Error) => {
          const gate = gates[name];
          gates[name] = undefined;
          gate?.reject(error);
        },
      };
    },
    modeNow: () => controller.status.get().mode,
    step: () => controller.status.get().switching?.step ?? null,
  };
}

test('from serving to training: no new jobs, those at work finish, models go, then it trains', async () => {
  const { controller, log, state, finishJobs, step, modeNow } = machine();
  state.jobs = 2;
  controller.apply(wanted('training'));
  await turn();
  expect(step()).toBe('draining');
  expect(log).toEqual(['close']);
  finishJobs();
  await controller.settled();
  expect(log).toEqual(['close', 'unload', 'grant', 'train 1']);
  expect([modeNow(), step()]).toEqual(['training', null]);
});

test('from training to serving: the checkpoint is written and the process gone before a model is loaded', async () => {
  const { controller, log, hold, step, modeNow } = machine();
  controller.apply(wanted('training'));
  await controller.settled();
  log.length = 0;
  const checkpoint = hold('interrupt');
  const load = hold('load');
  controller.apply(wanted('inference'));
  await turn();
  expect([step(), modeNow(), log]).toEqual(['checkpointing', 'training', ['interrupt']]);
  checkpoint.go();
  await turn();
  expect(controller.status.get().switching).toMatchObject({
    from: 'training',
    to: 'inference',
    step: 'loading',
    progress: 0.5,
  });
  expect(log).toEqual(['interrupt', 'load']);
  load.go();
  await controller.settled();
  expect(log).toEqual(['interrupt', 'load', 'open']);
  expect(modeNow()).toBe('inference');
});

test('a slider that goes back while jobs drain opens at once again, and nothing was unloaded', async () => {
  const { controller, log, state, modeNow } = machine();
  state.jobs = 1;
  controller.apply(wanted('training'));
  await turn();
  controller.apply(wanted('inference'));
  await controller.settled();
  expect(log).toEqual(['close', 'open']);
  expect(modeNow()).toBe('inference');
});

test('a model that does not load leaves serving off, and training goes on when that is decided', async () => {
  const { controller, log, faults, hold, modeNow, step } = machine();
  controller.apply(wanted('training'));
  await controller.settled();
  const load = hold('load');
  controller.apply(wanted('inference'));
  await turn();
  load.fail(new Error('no such file'));
  await controller.settled();
  expect([modeNow(), step(), faults]).toEqual(['none', null, [new Error('no such file')]]);
  expect(log).not.toContain('opened without a model');
  log.length = 0;
  controller.apply(wanted('training'));
  await controller.settled();
  expect([log, modeNow()]).toEqual([['grant', 'train 1'], 'training']);
  controller.apply(wanted('inference'));
  await controller.settled();
  expect(modeNow()).toBe('inference');
});

test('a trainer that fails while it is stopped keeps serving from nothing', async () => {
  const { controller, faults, hold, modeNow } = machine();
  controller.apply(wanted('training'));
  await controller.settled();
  const checkpoint = hold('interrupt');
  controller.apply(wanted('inference'));
  await turn();
  checkpoint.fail(new Error('crashed'));
  await controller.settled();
  expect([modeNow(), faults]).toEqual(['inference', [new Error('crashed')]]);
});

test('the same again does nothing; other threads reach what runs without a switch', async () => {
  const { controller, log } = machine();
  controller.apply(wanted('both'));
  await controller.settled();
  log.length = 0;
  controller.apply(wanted('both'));
  await controller.settled();
  expect(log).toEqual([]);
  controller.apply({ mode: 'both', allowance: { inference: one, training: { ...one, threads: 3 } } });
  await controller.settled();
  expect(log).toEqual(['grant', 'train 3']);
});

test('a node that stops ends training and is ready for the next start', async () => {
  const { controller, state } = machine();
  controller.apply(wanted('both'));
  await controller.settled();
  await controller.rest();
  expect([state.isTraining, state.isOpen]).toEqual([false, true]);
  controller.apply(wanted('both'));
  await controller.settled();
  expect(controller.status.get().mode).toBe('both');
});

test('in whatever order modes are wanted and jobs end, no job is lost, memory is never taken twice, and the last wish comes true', async () => {
  const event = fc.oneof(
    fc.record({
      kind: fc.constant('mode'),
      mode: fc.constantFrom<WorkMode>('none', 'inference', 'training'),
    }),
    fc.record({ kind: fc.constantFrom('come', 'end', 'turn') }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(event, { maxLength: 25 }), async (events) => {
      const { controller, state, finishJobs, log } = machine();
      let last: WorkMode = 'inference';
      for (const next of events) {
        if ('mode' in next) {
          last = next.mode;
          controller.apply(wanted(last));
        } else if (next.kind === 'come' && state.isOpen && state.isLoaded) state.jobs += 1;
        else if (next.kind === 'end') finishJobs();
        else await turn();
      }
      finishJobs();
      controller.apply(wanted(last));
      await controller.settled();
      expect(state.lostJobs).toBe(0);
      expect(state.most).toBeLessThanOrEqual(1);
      expect(log).not.toContain('opened without a model');
      expect(controller.status.get()).toMatchObject({ mode: last, switching: null });
      expect([state.isOpen, state.isTraining]).toEqual([last === 'inference', last === 'training']);
    }),
    { numRuns: 500 },
  );
});
