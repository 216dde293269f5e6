import { join } from 'node:path';
import { canonicalJson } from '#contract/canonical-json.ts';
import { AppError, type ErrorCode } from '#contract/errors.ts';
import type { OfferedTask, RoundOffer } from '#contract/federated/rounds.ts';
import type { TrainingTask } from '#contract/federated/task.ts';
import { errorBody, toAppError } from '#contract/result.ts';
import type { Settings } from '#contract/settings.ts';
import type {
  PastRound,
  PrivacyStatus,
  TrainingEngineInfo,
  TrainingState,
  TrainingStatus,
} from '#contract/training.ts';
import type { Receipt } from '#contract/wire/receipt.ts';
import type { Clock } from '../clock.ts';
import { sha256Hex } from '../link/ed25519.ts';
import type { FederatedCalls } from '../link/federated-calls.ts';
import type { NodeKey } from '../link/node-key.ts';
import { createSignal, type Signal } from '../signal.ts';
import { createLossCurve, type LossPoint } from './loss-curve.ts';
import { checkOffer } from './offer-check.ts';
import { openOwnControls } from './own-control.ts';
import { pastRound } from './past-round.ts';
import { retryPauseMs } from './retry.ts';
import { openRoundFolder } from './round-folder.ts';
import type { RoundLog } from './round-log.ts';
import type { RoundBooks, RoundPrivacy, RoundTrainer } from './round-ports.ts';
import type { RoundRecord } from './round-record.ts';
import { runRound } from './round-run.ts';
import { freshLife, type RoundLife, roundView } from './round-view.ts';
import type { OpenSecureClient } from './secure-client.ts';
import { type TaskContext, taskViews } from './task-views.ts';

const keptRounds = 200;
const curvePoints = 200;
const quietPauseMs = 30_000;
/** How long a task is left alone after its round failed: a passing cause rests it shortly, the operator's own wish for longest. */
const usualRestMs = 60_000;
const restMs: Partial<Record<ErrorCode, number>> = {
  'training/round-failed': 3000,
  'training/deadline-passed': 3000,
  'training/left': 10 * 60_000,
  // How many examples are held back, and so what a round spends, shows when it is done: the node would learn for nothing again.
  'training/privacy-budget': 60 * 60_000,
};

/** The gateway that rounds come from. */
export interface RoundGateway {
  url: string;
  /** Null of a plain gateway. */
  publicKey: string | null;
  network: Receipt['network'] | null;
  calls: FederatedCalls;
}

export interface TrainingParts {
  dir: string;
  key: NodeKey;
  clock: Clock;
  log: RoundLog;
  settings: Signal<Settings>;
  trainer: RoundTrainer & {
    engine: Signal<TrainingEngineInfo | null>;
    pause(): void;
    resume(): void;
    /** Finds out what trains here. */
    describe(signal: AbortSignal): Promise<void>;
  };
  gpuEngine: Signal<TrainingStatus['gpuEngine']>;
  privacy: RoundPrivacy & {
    fault(task: OfferedTask, examples: number): AppError | null;
    status(names: ReadonlyMap<string, string>): PrivacyStatus;
  };
  /** Tells when the data have changed too. */
  data: { dataFor: TaskContext['dataFor']; onChange(listener: () => void): () => void };
  books: RoundBooks;
  openSecure: OpenSecureClient;
  onFault(error: unknown): void;
  random?: () => number;
}

export interface TrainingNode {
  status: Signal<TrainingStatus>;
  /** Newest first. */
  history: Signal<PastRound[]>;
  curve: Signal<LossPoint[]>;
  /**
   * Looks at this gateway's tasks until `stop` and takes part where the operator wants to. A round that is under way goes on, also when
   * taking part is switched off in it.
   */
  start(gateway: RoundGateway): void;
  /** Stops at once; the round goes on at the next start, if its deadline allows. */
  stop(): Promise<void>;
  /** The operator's own pause of training. */
  pause(): void;
  resume(): void;
  /** Holds training while the whole node is paused. */
  hold(isHeld: boolean): void;
  /** A task of the gateway; undefined where it has none of that id. */
  task(taskId: string): TrainingTask | undefined;
  /** Throws `training/not-in-round`. */
  giveUp(): void;
}

/** The training node: asks for rounds, runs one at a time, and says where it stands. */
export function createTrainingNode(parts: TrainingParts): TrainingNode {
  const { clock, log, settings, trainer } = parts;
  const random = parts.random ?? Math.random;
  const controls = openOwnControls(join(parts.dir, 'control'));
  let offered: OfferedTask[] = [];
  let state: TrainingState = { state: 'off' };
  let running: { abort: AbortController; done: Promise<void> } | null = null;
  let leave: AbortController | null = null;
  const paused = { byOperator: false, withNode: false };
  const takesPart = () => settings.get().takePartInTraining;
  const isPaused = () => paused.byOperator || paused.withNode;
  let hurry = new AbortController();
  const restUntil = new Map<string, number>();
  const curve = createLossCurve(curvePoints);
  /** Both change with the end of a round alone, and hundreds of rounds take a while to read. */
  const history = createSignal(readHistory());
  let earned = readEarned();
  const status = createSignal(readStatus());

  function views() {
    return taskViews(offered, {
      chosen: settings.get().trainingTasks,
      dataFor: parts.data.dataFor,
      privacyFault: parts.privacy.fault,
    });
  }

  function readHistory(): PastRound[] {
    return log.ended(keptRounds).map(pastRound);
  }

  function readEarned(): TrainingStatus['earned'] {
    const { rounds, netLamports } = log.earned();
    return { rounds, netLamports: `${netLamports}` };
  }

  /** After a round has ended. */
  function refreshPast(): void {
    earned = readEarned();
    history.set(readHistory());
    refresh();
  }

  function readStatus(): TrainingStatus {
    const names = new Map([
      ...history.get().map(({ taskId, taskName }) => [taskId, taskName] as const),
      ...offered.map(({ task }) => [task.taskId, task.name] as const),
    ]);
    return {
      state,
      engine: trainer.engine.get(),
      gpuEngine: parts.gpuEngine.get(),
      tasks: views(),
      privacy: parts.privacy.status(names),
      earned,
    };
  }

  /** All that is shown, anew; while only the state moves, `show` is enough. */
  const refresh = () => status.set(readStatus());

  function show(next: TrainingState): void {
    state = next;
    status.set({ ...status.get(), state });
  }

  async function work(gateway: RoundGateway, signal: AbortSignal): Promise<void> {
    const { calls } = gateway;
    for (let failures = 0; ; ) {
      signal.throwIfAborted();
      hurry = new AbortController();
      let pauseMs = quietPauseMs;
      try {
        // One from before a restart, or whose end could not be written down.
        const left = log.current();
        const asked = left || isPaused() ? null : await ask(gateway, calls, signal);
        const record = left ?? asked?.record;
        if (record) await finish(record, gateway, calls, signal);
        failures = 0;
        if (record) continue;
        pauseMs = asked?.pollMs ?? quietPauseMs;
      } catch (thrown) {
        signal.throwIfAborted();
        const error = toAppError(thrown);
        if (error.code === 'host/internal') parts.onFault(thrown);
        pauseMs = retryPauseMs(failures++, random());
      }
      await clock.sleep(pauseMs, AbortSignal.any([signal, hurry.signal])).catch(() => {});
    }
  }

  /** Asks to take part in each task that has no obstacle; the first round that the node is selected for is its own. */
  async function ask(
    gateway: RoundGateway,
    calls: FederatedCalls,
    signal: AbortSignal,
  ): Promise<{ record: RoundRecord | null; pollMs: number }> {
    // The gateway is told of the engine and its threads when the node joins.
    if (takesPart() && !trainer.engine.get()) await trainer.describe(signal).catch(onUnknownEngine);
    offered = await calls.tasks(signal);
    refresh();
    if (!takesPart()) {
      show({ state: 'off' });
      return { record: null, pollMs: quietPauseMs };
    }
    const now = clock.now();
    const open = status
      .get()
      .tasks.filter(({ taskId, obstacle }) => !obstacle && (restUntil.get(taskId) ?? 0) <= now);
    if (state.state !== 'failed' || state.until <= now)
      show({ state: 'idle', waitingFor: open.map(({ name }) => name) });
    const rests = [...restUntil.values()].filter((until) => until > now).map((until) => until - now);
    let pollMs = Math.min(quietPauseMs, ...rests);
    for (const { taskId, dataId, examples } of open) {
      const one = offered.find(({ task }) => task.taskId === taskId);
      if (!one || dataId === null) continue;
      const engine = trainer.engine.get();
      const request = {
        task_id: taskId,
        task_sha256: sha256Hex(canonicalJson(one.task)),
        examples,
        engine: engine?.name ?? 'wasm',
        threads: engine?.threads ?? 1,
      };
      let offer: RoundOffer;
      try {
        const answer = await calls.join(request, signal);
        if (answer.status === 'waiting') {
          pollMs = Math.min(pollMs, answer.poll_seconds * 1000);
          continue;
        }
        offer = answer.offer;
        checkOffer(offer, answer.signature, {
          gatewayKey: gateway.publicKey,
          nodeKey: parts.key.publicKey,
          offered: one,
          nowMs: now,
          knows: log.knows,
        });
      } catch (thrown) {
        const error = toAppError(thrown);
        if (error.code !== 'training/bad-offer') throw error;
        // A bad offer is no round: nothing of it is kept, and the task rests.
        rest(taskId, `${error.data?.roundId ?? ''}`, error);
        continue;
      }
      const record = log.append(offer.round_id, {
        state: 'selected',
        gatewayUrl: gateway.url,
        gatewayKey: gateway.publicKey,
        network: gateway.network,
        offer,
        task: one.task,
        dataId,
        examples,
      });
      return { record, pollMs };
    }
    return { record: null, pollMs };
  }

  function onUnknownEngine(thrown: unknown): void {
    if (toAppError(thrown).code !== 'node/stopped') parts.onFault(thrown);
  }

  function rest(taskId: string, roundId: string, error: AppError): void {
    const until = clock.now() + (restMs[error.code] ?? usualRestMs);
    restUntil.set(taskId, until);
    show({ state: 'failed', roundId, error: errorBody(error), until });
  }

  async function finish(
    record: RoundRecord,
    gateway: RoundGateway,
    calls: FederatedCalls,
    signal: AbortSignal,
  ): Promise<void> {
    const { roundId, selected } = record;
    const folder = openRoundFolder(parts.dir, roundId);
    if (selected.gatewayUrl !== gateway.url || selected.gatewayKey !== gateway.publicKey) {
      const error = new AppError('training/round-failed', 'The node now works for another gateway.');
      log.append(roundId, { state: 'failed', error: errorBody(error) });
      folder.remove();
      return refreshPast();
    }
    leave = new AbortController();
    let shown = record;
    let life: RoundLife = { ...freshLife, isPaused: isPaused() };
    curve.clear();
    const update = (change: Partial<RoundLife>) => {
      life = { ...life, ...change, isPaused: isPaused() };
      show(roundView(shown, life));
    };
    try {
      const end = await runRound(
        record,
        {
          calls,
          folder,
          log,
          nodeKey: parts.key.publicKey,
          trainer,
          controls,
          privacy: parts.privacy,
          books: parts.books,
          openSecure: parts.openSecure,
          clock,
          random,
        },
        {
          onDownload: (download) => update({ download }),
          onTraining(training) {
            if (training.loss !== null) curve.add(training.step, training.loss);
            update({ training });
          },
          onUpload: (upload) => update({ upload }),
          onRetry: (retryAt) => update({ retryAt }),
          onStep(next) {
            shown = next;
            update({});
          },
        },
        { signal, leave: leave.signal },
      );
      if (end.end?.state === 'failed')
        rest(selected.task.taskId, roundId, new AppError(end.end.error.code, end.end.error.message));
    } finally {
      leave = null;
      refreshPast();
    }
  }

  function setPaused(change: Partial<typeof paused>): void {
    const before = isPaused();
    Object.assign(paused, change);
    if (isPaused() === before) return;
    if (before) trainer.resume();
    else trainer.pause();
    if (state.state === 'training') show({ ...state, isPaused: isPaused() });
    hurry.abort();
  }

  settings.subscribe(() => refreshSoon());
  trainer.engine.subscribe(() => refresh());
  parts.gpuEngine.subscribe(() => refresh());
  parts.data.onChange(() => refreshSoon());

  function refreshSoon(): void {
    refresh();
    hurry.abort();
  }

  return {
    status,
    history,
    curve: curve.points,
    start(gateway) {
      if (running) return;
      const abort = new AbortController();
      if (takesPart()) show({ state: 'idle', waitingFor: [] });
      const done = work(gateway, abort.signal).catch((thrown: unknown) => {
        if (!abort.signal.aborted) parts.onFault(thrown);
      });
      running = { abort, done };
    },
    async stop() {
      if (!running) return;
      const { abort, done } = running;
      abort.abort(new AppError('node/stopped', 'The node was stopped.'));
      await done;
      running = null;
      show({ state: 'off' });
    },
    pause: () => setPaused({ byOperator: true }),
    resume: () => setPaused({ byOperator: false }),
    hold: (withNode) => setPaused({ withNode }),
    task: (taskId) => offered.find(({ task }) => task.taskId === taskId)?.task,
    giveUp() {
      if (!leave) throw new AppError('training/not-in-round', 'The node is in no round.');
      leave.abort();
    },
  };
}
