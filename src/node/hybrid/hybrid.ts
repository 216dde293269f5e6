import type { Allowance, HybridStatus, SharePreview } from '#contract/hybrid.ts';
import { modelNeeds } from '../inference/model-needs.ts';
import { threadsWithin } from '../inference/node-pool.ts';
import type { Memory } from '../inference/pool-policy.ts';
import { engineRamBytes } from '../resources/own-memory.ts';
import { createSignal, type Signal } from '../signal.ts';
import type { Allocation, ArbiterInputs } from './allocation.ts';
import { diskParts } from './allowances.ts';
import { arbitrate, newArbiterState } from './arbiter.ts';
import { ceilingOf } from './ceiling.ts';
import type { HybridParts } from './hybrid-parts.ts';
import { unlimited } from './memory-ledger.ts';
import { kindOf, sumOf } from './memory-plan.ts';
import { createModeController } from './mode-controller.ts';
import { createRecentCount } from './recent-count.ts';
import { isToBeLearnt, type Paces, roundWork } from './round-work.ts';
import { createServingSide } from './serving-side.ts';
import { previewShare } from './share-preview.ts';
import { createWorkLog } from './work-log.ts';

const decideMs = 2000;
const demandWindowMs = 10 * 60_000;
const earningsWindowMs = 15 * 60_000;
const shareWindowMs = 60 * 60_000;
/** Less work than this says nothing of what it brings. */
const leastMeasuredMs = 60_000;
/** Serving waits for its turn no longer than this, by the arbiter's rules, unless the slider leaves it out. */
const longestServingWaitMs = 55 * 60_000;
/** So long what the operator asked for waits for the gateway's tasks, which are not known at once. */
const askStandsMs = 60_000;
/** A model that did not load is tried again after this. */
const servingRestMs = 60_000;

export interface Hybrid {
  status: Signal<HybridStatus>;
  /** What another position of the slider would mean. */
  preview(sharePercent: number): SharePreview;
  /** Threads that serving may use now; null: as its settings say. */
  servingThreads(): number | null;
  /** Whether this computer's models are to be loaded now. */
  serves(): boolean;
  /** Whether training may take on another round. */
  takesRounds(): boolean;
  /** A request for one of this computer's models has come. */
  asked(model: string): void;
  /** Before the node lets everything go: ends training and switches; resolves when their memory is free. */
  rest(): Promise<void>;
  dispose(): void;
}

/** Shares the machine between serving and training: every two seconds, and when something happens, it is decided and made so. */
export function createHybrid(parts: HybridParts): Hybrid {
  const { clock, settings, nodeStatus, standing, resources, memory, pool, models, training } = parts;
  const startedAt = clock.now();
  const demand = createRecentCount(demandWindowMs, startedAt);
  const log = createWorkLog(shareWindowMs);
  const paces: Paces = new Map();
  const ended = new AbortController();
  let state = newArbiterState(startedAt);
  let allocation: Allocation | null = null;
  let servingThreads: number | null = null;
  let servingRestsUntil = 0;
  let askedAt: number | null = null;
  let isResting = false;
  /** From `rest` until the port is closed: the node may look as if it still worked. */
  let isLettingGo = false;
  let servingNeeds: { id: string; memory: Memory } | null = null;

  const serving = createServingSide({
    jobs: parts.jobs,
    pool,
    pause() {
      const { trainingSharePercent: share } = settings.get();
      const backAt = share === 100 ? Number.POSITIVE_INFINITY : clock.now() + longestServingWaitMs;
      const seconds = Math.ceil((state.settledUntil - clock.now()) / 1000);
      return {
        isForTraining: allocation?.mode === 'training',
        backAt,
        retryAfterSeconds: Math.min(60, Math.max(5, seconds)),
      };
    },
    setBusy: parts.setBusy,
    onThreads: allowServing,
  });
  const controller = createModeController({
    serving,
    training: training.turns,
    onAllowance({ mode, allowance }) {
      // Alone serving is bound by the ceiling only: finding out what trains here takes a moment of it. Training's turn is its own.
      const alone = { inference: mode === 'training' ? none : unlimited, training: unlimited };
      memory.setLimits({ allowance: mode === 'both' ? allowance : alone });
    },
    onServingFault(error) {
      servingRestsUntil = clock.now() + servingRestMs;
      parts.onFault(error);
    },
    onFault: parts.onFault,
    clock,
  });

  function allowServing(threads: number | null): void {
    if (threads === servingThreads) return;
    servingThreads = threads;
    pool.threadsChanged();
  }

  /** From the port's opening to the end of the node's work. */
  function isActive(): boolean {
    const { apiUrl, state: node } = nodeStatus.get();
    return apiUrl !== null && !isLettingGo && node.state !== 'draining' && node.state !== 'stopped';
  }

  function measureCeiling(): void {
    const reading = resources.get();
    const { own, gpus } = reading;
    const trainingBytes = Math.max(own.trainingBytes, training.turns.usedBytes());
    memory.setLimits({
      ceiling: ceilingOf({
        limits: standing.get().limits,
        ram: parts.ram(),
        gpus,
        work: {
          ramBytes: engineRamBytes(reading) + trainingBytes,
          gpuBytes: own.engineGpuBytes + own.trainingGpuBytes,
        },
      }),
    });
  }

  /** What serving takes with what is loaded, or would be again. */
  function inferenceNeeds(): Memory {
    const held = memory.reservations.get().filter(({ owner }) => owner === 'model' || owner === 'kv-cache');
    const id = settings.get().servedModels[0] ?? '';
    if (held.length > 0) {
      servingNeeds = { id, memory: sumOf(held) };
      return servingNeeds.memory;
    }
    // What was measured is more than its file says.
    if (servingNeeds?.id === id) return servingNeeds.memory;
    const first = models.get(id);
    return first ? modelNeeds(first, resources.get()) : none;
  }

  function rates(now: number): ArbiterInputs['lamportsPerMinute'] {
    const from = Math.max(startedAt, now - earningsWindowMs);
    const { presentMs } = log.since(from, now);
    const net = parts.ledger.netByKind(from);
    const rate = (kind: 'inference' | 'training') =>
      presentMs[kind] < leastMeasuredMs ? null : Number(net[kind]) / (presentMs[kind] / 60_000);
    return { inference: rate('inference'), training: rate('training') };
  }

  /** A round that is under way is finished when taking part is switched off in it. */
  const canTrain = () => settings.get().takePartInTraining || isToBeLearnt(training.node.status.get().state);

  /** A clock that was set back ends it too. */
  const isServingAtRest = (now: number) =>
    now < servingRestsUntil && servingRestsUntil - now <= servingRestMs;

  function inputs(isAsked = false): ArbiterInputs {
    const now = clock.now();
    const wanted = settings.get();
    const { holds, limits } = standing.get();
    const status = training.node.status.get();
    const hasRounds = status.tasks.some(({ obstacle }) => obstacle === null);
    const threads = threadsWithin(limits);
    const trainingThreads = allocation?.allowance.training.threads ?? 0;
    const round = roundWork(status, paces, { now, threads: { all: threads, now: trainingThreads } });
    const sound = wanted.servedModels.some((id) => models.get(id)?.problem === null);
    return {
      now,
      sharePercent: wanted.trainingSharePercent,
      can: {
        inference: wanted.serveOwnModels && sound && !isServingAtRest(now),
        training: canTrain(),
      },
      held: {
        inference: holds.serving,
        training: holds.training || training.node.isPausedByOperator(),
      },
      demand: {
        running: parts.jobs.running(),
        waiting: parts.jobs.waiting(),
        perMinute: demand.perMinute(now),
      },
      round,
      hasRounds,
      ceiling: memory.ceiling(),
      needs: { inference: inferenceNeeds(), training: training.turns.needs() },
      threads,
      networkMbps: limits.networkMbps,
      disk: parts.disk(),
      lamportsPerMinute: rates(now),
      isAsked,
      random: Math.random(),
    };
  }

  function decide(isAsked = false): void {
    // What a start or a measurement loads keeps to it too.
    measureCeiling();
    if (!isActive()) {
      publish();
      return;
    }
    const now = clock.now();
    // Whoever starts the node asks for what the slider says.
    if (isAsked || allocation === null) askedAt = now;
    const decision = arbitrate(state, inputs(askedAt !== null && Math.abs(now - askedAt) < askStandsMs));
    if (decision.allocation.reason !== 'no-round') askedAt = null;
    const took = allocation?.takesRounds ?? false;
    state = decision.state;
    allocation = decision.allocation;
    // A short rest of both is no reason to let go of what is loaded, unless another program is to have the memory.
    isResting = allocation.mode === 'none' && allocation.reason === 'held' && !parts.leavesMemory();
    if (!isResting) controller.apply(allocation);
    relieve();
    parts.cacheRoom.refresh();
    if (allocation.takesRounds && !took) training.node.wake();
    publish();
  }

  function tryToDecide(): void {
    try {
      decide();
    } catch (thrown) {
      parts.onFault(thrown);
    }
  }

  /** Lets go of what stands above the limits although both kinds may work: caches, then models that nobody uses. */
  function relieve(): void {
    const excess = memory.excess();
    if (excess.some(({ owner }) => owner === 'cache')) parts.cacheRoom.giveBack();
    if (excess.some(({ owner }) => kindOf(owner) === 'inference' && owner !== 'cache'))
      void pool.unloadIdle();
  }

  /** Files are divided while the node is stopped too: models are loaded down then as well. */
  function allowanceNow(): HybridStatus['allowance'] {
    const { inference, training } = allocation?.allowance ?? { inference: nothing, training: nothing };
    const { trainingSharePercent: sharePercent } = settings.get();
    const disk = diskParts({ sharePercent, can: { training: canTrain() }, disk: parts.disk() });
    if (!disk) return { inference, training };
    return {
      inference: { ...inference, diskBytes: disk.inference },
      training: { ...training, diskBytes: disk.training },
    };
  }

  function statusNow(): HybridStatus {
    const now = clock.now();
    const active = isActive() && !isResting;
    const { mode, since, switching } = controller.status.get();
    const trainingPart = shareOfThreads(allocation?.allowance);
    log.note(active ? mode : 'none', trainingPart, now);
    const { inferenceMs, trainingMs } = log.since(now - shareWindowMs, now);
    const worked = inferenceMs + trainingMs;
    return {
      mode: active ? mode : 'none',
      since,
      reason: state.reason,
      switching: active ? switching : null,
      settledUntil: active && state.settledUntil > now ? state.settledUntil : null,
      trainingTimeShare: worked > 0 ? trainingMs / worked : null,
      allowance: allowanceNow(),
      ceiling: memory.ceiling(),
      reservations: memory.reservations.get(),
    };
  }

  const status = createSignal(statusNow());
  function publish(): void {
    const next = statusNow();
    if (JSON.stringify(next) !== JSON.stringify(status.get())) status.set(next);
  }

  measureCeiling();
  let last = settings.get();
  let roundState = '';
  const ends = [
    settings.subscribe((next) => {
      const isMoved = askedSettings.some((name) => next[name] !== last[name]);
      last = next;
      if (isMoved) decide(true);
    }),
    nodeStatus.subscribe(({ apiUrl }) => {
      if (apiUrl === null) isLettingGo = false;
      decide();
    }),
    standing.subscribe(() => {
      // The limits bind what is loaded whether the node works or rests.
      pool.threadsChanged();
      decide();
    }),
    controller.status.subscribe(publish),
    memory.reservations.subscribe(publish),
    training.node.status.subscribe(onTraining),
  ];
  /** Rounds that come and go are decided upon at once; how far one is, at the next turn. */
  function onTraining(): void {
    const { state: round, tasks } = training.node.status.get();
    const next = `${round.state} ${tasks.filter(({ obstacle }) => obstacle === null).length} ${training.node.isPausedByOperator()}`;
    if (next === roundState) return;
    roundState = next;
    decide();
  }

  const loop = async () => {
    for (;;) {
      await clock.sleep(decideMs, ended.signal);
      tryToDecide();
    }
  };
  loop().catch(() => {});

  return {
    status,
    preview: (sharePercent) =>
      previewShare(sharePercent, {
        ...inputs(),
        measuredThreads: {
          inference: allocation?.allowance.inference.threads || null,
          training: allocation?.allowance.training.threads || null,
        },
        loaded: pool.loaded().map((model) => ({ ...model, name: models.get(model.id)?.name ?? model.id })),
      }),
    servingThreads: () => servingThreads,
    serves: () => ['inference', 'both'].includes(controller.status.get().mode),
    takesRounds: () => allocation?.takesRounds ?? false,
    asked(model) {
      if (!pool.offered().includes(model)) return;
      const now = clock.now();
      const isFirst = demand.perMinute(now) === 0;
      demand.add(now);
      // Threads that were lent to training come back with the first request.
      if (isFirst) tryToDecide();
    },
    async rest() {
      isLettingGo = true;
      await controller.rest();
      isResting = false;
      allocation = null;
      allowServing(null);
      servingNeeds = null;
      state = newArbiterState(clock.now());
      measureCeiling();
      memory.setLimits({ allowance: { inference: unlimited, training: unlimited } });
      publish();
    },
    dispose() {
      ended.abort();
      for (const end of ends) end();
    },
  };
}

const askedSettings = ['trainingSharePercent', 'takePartInTraining', 'serveOwnModels'] as const;
const none: Memory = { ramBytes: 0, gpuBytes: 0 };
const nothing: Allowance = { ...none, threads: 0 };

/** Training's part of the threads, 0–1. */
function shareOfThreads(allowance: Allocation['allowance'] | undefined): number {
  const all = (allowance?.inference.threads ?? 0) + (allowance?.training.threads ?? 0);
  return all === 0 ? 0 : (allowance?.training.threads ?? 0) / all;
}
