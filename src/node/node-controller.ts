import { AppError } from '#contract/errors.ts';
import type { Engine } from '#contract/model.ts';
import type { LinkState, NodeState, NodeStatus } from '#contract/node-status.ts';
import { type ErrorBody, errorBody, toAppError } from '#contract/result.ts';
import type { Settings, SettingsPatch } from '#contract/settings.ts';
import type { Clock } from './clock.ts';
import { isHealthy, nodeState, type Phase, type StateInputs } from './node-state.ts';
import { pausedError } from './resources/paused-error.ts';
import type { Doing, Standing } from './resources/standing.ts';
import type { SettingsStore } from './settings-store.ts';
import { createSignal, type Signal } from './signal.ts';

/** What earning is made of, in the order in which it starts. Each step may throw an AppError. */
export interface EarningSteps {
  /** Resolves with the gateway's address. */
  openNetwork(settings: Settings, signal: AbortSignal): Promise<string>;
  loadModel(settings: Settings, signal: AbortSignal): Promise<void>;
  listen(settings: Settings): Promise<string>;
  /** Resolves when the gateway has taken the node; keeps the link up until `release`. */
  register(gatewayUrl: string, apiUrl: string, signal: AbortSignal): Promise<void>;
  /** Lets running jobs finish until `untilMs`, then cancels them. */
  drain(untilMs: number): Promise<void>;
  runningJobs(): number;
  /**
   * Takes no more requests and refuses with this error those that wait; with `stop` also those at work on this computer's own
   * models. Null: takes requests again. Tells the gateway of a change at once.
   */
  holdServing(hold: { error: AppError; how: 'drain' | 'stop' } | null): void;
  /** Tells the gateway at once what this node serves now. */
  announce(): void;
  /** Tells the gateway at once whether this node takes work. */
  reportSoon(): void;
  /** Deregisters, closes the port, unloads the model. Safe to call at any point of a start. */
  release(): Promise<void>;
}

/** Settings that the gateway is told of, and that need no new start. */
const announcedSettings: readonly (keyof Settings)[] = ['servedModels', 'takePartInTraining', 'payoutBy'];

/** Settings that take effect by a drain and a new start. */
const restartSettings: readonly (keyof Settings)[] = [
  'network',
  'serveOwnModels',
  'payoutAddress',
  'apiPort',
  'listenOnAllInterfaces',
  'publicUrl',
  'contextSize',
  'parallelRequests',
  'threads',
  'engineProcesses',
  'gpu',
  'pricePerRequestLamports',
  'pricePerMillionTokensLamports',
  'cacheHitPricePercent',
  'declaredNetworkMbps',
];

export interface NodeController {
  status: Signal<NodeStatus>;
  /** Whether requests are taken; `despiteHold`: or would be, were they not held back. */
  healthy(despiteHold?: boolean): boolean;
  /** Why a new job is refused now; null while jobs are taken. */
  gate(): AppError | null;
  start(): Promise<void>;
  /** Ends the work at once for a fault that only the operator can mend. */
  fail(error: AppError): Promise<void>;
  stop(): Promise<void>;
  /** Does a work that needs the machine to itself: where the node works it is drained before and started again after. */
  aside<T>(work: () => Promise<T>): Promise<T>;
  /** Stores a change and, where it needs to and the node works, drains and starts again. */
  changeSettings(patch: SettingsPatch): Settings;
  /** Tells the gateway at once what this node is now. */
  announce(): void;
  refresh(): void;
}

export function createNodeController(options: {
  nodeId: string;
  settings: SettingsStore;
  engine: Signal<Engine>;
  /** Why no work is taken although all runs: memory runs short. */
  obstacle: Signal<ErrorBody | null>;
  /** Why the gateway is not served although all runs: it owes too much. */
  credit: Signal<ErrorBody | null>;
  /** What is earned now is no money. */
  isTestCredits(): boolean;
  link: Signal<LinkState>;
  standing: Signal<Standing>;
  does(): Doing;
  modelName(id: string): string;
  steps: EarningSteps;
  clock: Clock;
  onFault(error: unknown): void;
}): NodeController {
  const { settings, engine, link, standing, steps, clock } = options;
  const startedAt = clock.now();
  let phase: Phase = { phase: 'stopped' };
  let apiUrl: string | null = null;
  let starting: AbortController | null = null;
  /** Starts and stops run one after the other. */
  let turn: Promise<void> = Promise.resolve();

  const inputs = (): StateInputs => ({
    onboarded: settings.current.get().onboarded,
    phase,
    standing: standing.get(),
    does: options.does(),
    link: link.get(),
    engine: engine.get(),
    obstacle: options.obstacle.get(),
    credit: options.credit.get(),
  });
  const status = createSignal(readStatus());

  function readStatus(): NodeStatus {
    const { modelId } = engine.get();
    const linkState = link.get();
    const state = nodeState(inputs());
    const { reasons, earnAnywayUntil, limitsName } = standing.get();
    return {
      state,
      link: linkState,
      nodeId: options.nodeId,
      apiUrl,
      model: modelId === null ? null : { id: modelId, name: options.modelName(modelId) },
      testCredits: options.isTestCredits(),
      heldBack: ['earning', 'starting', 'problem'].includes(state.state) ? reasons : [],
      earnAnywayUntil,
      limits: limitsName,
      startedAt,
    };
  }

  function refresh(): void {
    const next = readStatus();
    if (JSON.stringify(next) !== JSON.stringify(status.get())) status.set(next);
  }

  function enter(next: Phase): void {
    phase = next;
    refresh();
  }

  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = turn.then(work);
    turn = mine.then(
      () => {},
      () => {},
    );
    return mine;
  }

  async function startNow(): Promise<void> {
    if (phase.phase === 'running') return;
    if (!settings.current.get().onboarded)
      throw new AppError('node/not-set-up', 'The setup has not been finished yet.');
    const abort = new AbortController();
    starting = abort;
    const wanted = settings.current.get();
    try {
      enter({ phase: 'starting', step: 'network' });
      const gatewayUrl = await steps.openNetwork(wanted, abort.signal);
      enter({ phase: 'starting', step: 'model' });
      await steps.loadModel(wanted, abort.signal);
      enter({ phase: 'starting', step: 'listening' });
      apiUrl = await steps.listen(wanted);
      enter({ phase: 'starting', step: 'registering' });
      await steps.register(gatewayUrl, apiUrl, abort.signal);
      abort.signal.throwIfAborted();
      enter({ phase: 'running', since: clock.now() });
    } catch (thrown) {
      await steps.release();
      apiUrl = null;
      if (abort.signal.aborted) return enter({ phase: 'stopped' });
      const error = toAppError(thrown);
      if (error.code === 'host/internal') options.onFault(thrown);
      enter({ phase: 'failed', error: errorBody(error) });
      throw error;
    } finally {
      starting = null;
    }
  }

  async function stopNow(): Promise<void> {
    if (phase.phase === 'stopped') return;
    if (phase.phase === 'failed') return enter({ phase: 'stopped' });
    const until = clock.now() + settings.current.get().drainSeconds * 1000;
    enter({ phase: 'draining', running: steps.runningJobs(), until });
    await steps.drain(until);
    await steps.release();
    apiUrl = null;
    enter({ phase: 'stopped' });
  }

  async function failNow(error: AppError): Promise<void> {
    if (phase.phase !== 'running') return;
    await steps.drain(clock.now());
    await steps.release();
    apiUrl = null;
    enter({ phase: 'failed', error: errorBody(error) });
  }

  /** Why requests are refused by the policy; null while they are not. */
  function heldError(): AppError | null {
    const { holds, servingHeldBy } = standing.get();
    return holds.serving ? pausedError(servingHeldBy, clock.now()) : null;
  }

  function follow({ how }: Standing): void {
    const error = heldError();
    steps.holdServing(error === null ? null : { error, how: how ?? 'drain' });
    refresh();
  }

  function changeSettings(patch: SettingsPatch): Settings {
    const before = settings.current.get();
    const after = settings.update(patch);
    const isChanged = (name: keyof Settings) => JSON.stringify(before[name]) !== JSON.stringify(after[name]);
    const needsRestart = restartSettings.some(isChanged);
    if (announcedSettings.some(isChanged)) steps.announce();
    refresh();
    if (needsRestart && (phase.phase === 'running' || phase.phase === 'starting')) {
      starting?.abort();
      inTurn(async () => {
        await stopNow();
        await startNow();
      }).catch(() => {});
    }
    return after;
  }

  function aside<T>(work: () => Promise<T>): Promise<T> {
    return inTurn(async () => {
      const wasRunning = phase.phase === 'running';
      await stopNow();
      try {
        return await work();
      } finally {
        // Why it does not start again stands in its state.
        if (wasRunning) await startNow().catch(() => {});
      }
    });
  }

  link.subscribe(refresh);
  engine.subscribe(refresh);
  options.obstacle.subscribe(refresh);
  options.credit.subscribe(() => {
    refresh();
    steps.reportSoon();
  });
  standing.subscribe(follow);

  return {
    status,
    healthy: (despiteHold) => isHealthy(inputs(), despiteHold),
    gate: () => gateError(nodeState(inputs()), heldError()),
    start: () => inTurn(startNow),
    fail: (error) => inTurn(() => failNow(error)),
    stop() {
      starting?.abort();
      return inTurn(stopNow);
    },
    aside,
    changeSettings,
    announce: () => steps.announce(),
    refresh,
  };
}

/** A link that is away does not close the gate: the operator's own programs are still served. */
function gateError(state: NodeState, held: AppError | null): AppError | null {
  switch (state.state) {
    case 'earning':
    case 'paused':
      return held;
    case 'draining':
      return new AppError('node/draining', 'This node is stopping.', { retryAfterSeconds: 60 });
    case 'starting':
      return state.step === 'registering'
        ? held
        : new AppError('node/stopped', 'This node is still starting.', { retryAfterSeconds: 5 });
    case 'problem':
      // Whom a gateway’s debts concern is looked at with each request.
      if (held || state.error.code.startsWith('link/') || state.error.code === 'payer/credit-limit')
        return held;
      return state.error.code === 'inference/memory-pressure'
        ? new AppError(state.error.code, state.error.message, { retryAfterSeconds: 30 })
        : new AppError('node/stopped', state.error.message, { retryAfterSeconds: 10 });
    case 'not-set-up':
    case 'stopped':
      return new AppError('node/stopped', 'This node is stopped.', { retryAfterSeconds: 60 });
  }
}
