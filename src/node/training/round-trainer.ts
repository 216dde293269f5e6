import { AppError } from '#contract/errors.ts';
import type { TrainProgress, TrainResult } from '#contract/federated/trainer-messages.ts';
import { toAppError } from '#contract/result.ts';
import type { TrainingEngineInfo } from '#contract/training.ts';
import type { DataItem } from '#contract/training-data.ts';
import type { Clock } from '../clock.ts';
import type { MemoryLedger, Reserved } from '../hybrid/memory-ledger.ts';
import type { Memory } from '../inference/pool-policy.ts';
import { createSignal, type Signal } from '../signal.ts';
import type { RoundJob, RoundTrainer, Trained, TrainingProgress } from './round-ports.ts';
import type { LocalData } from './trainer/local-data.ts';
import { openTrainer, type Trainer } from './trainer/open-trainer.ts';
import { createTrainingTurn, type TrainingShare } from './training-turn.ts';

const bytesPerMb = 1024 * 1024;
/** What a trainer is taken to need until one was measured. */
const firstNeedBytes = 512 * bytesPerMb;
/** Above what was measured, for what a batch takes beyond the moment it was looked at. */
const needMargin = 1.25;
/** A checkpoint takes this long at most; a batch that takes longer is lost to the other work's waiting. */
const interruptLimitMs = 15_000;
const noRoomPauseMs = 2000;
/** Changes of threads that are worth a checkpoint and a new start: by two, or to half or double. */
const threadsWorthARestart = 2;
const isWorthARestart = (now: number, next: number): boolean =>
  Math.abs(now - next) >= threadsWorthARestart || Math.max(now, next) >= 2 * Math.min(now, next);

export interface NodeTrainer extends RoundTrainer {
  engine: Signal<TrainingEngineInfo | null>;
  pause(): void;
  resume(): void;
  /** Asks anew what trains here; after an engine was installed. */
  describe(signal?: AbortSignal): Promise<void>;
  /** What training may take from now on; a trainer that has much more or less than that goes on in a new process. */
  grant(share: TrainingShare): Promise<void>;
  /** Writes checkpoints and ends all trainers; rounds stay open and go on at the next grant. Resolves when their memory is free. */
  interrupt(): Promise<void>;
  /** What a trainer needs, by what was measured, within what the operator allows. */
  needs(): Memory;
  /** Resident memory of all trainers, where one has told it. */
  usedBytes(): number;
  /** Process ids of the trainers that live now. */
  pids(): number[];
  dispose(): Promise<void>;
}

interface Session {
  trainer: Trainer;
  reserved: Reserved;
  share: TrainingShare;
  usedBytes: number;
  /** Its process is still starting: nothing is learnt that could be lost. */
  isStarting: boolean;
  isCutOff: boolean;
  ended: Promise<void>;
}

/** Training as rounds want it: a worker process while it is training's turn, data by their id, the part held back evaluated. */
export function createRoundTrainer(options: {
  cacheDir: string;
  /** Where native TensorFlow may have been installed. */
  engineDir: string;
  /** The operator's own limits; what is granted is within them. */
  threads(): number;
  memoryLimitMb(): number;
  dataItem(id: string): DataItem | undefined;
  memory: Pick<MemoryLedger, 'reserve'>;
  clock: Clock;
}): NodeTrainer {
  const engine = createSignal<TrainingEngineInfo | null>(null);
  const sessions = new Set<Session>();
  const turn = createTrainingTurn(null);
  let isPaused = false;
  let peakBytes = 0;

  const usesGpu = () => engine.get()?.usesGpu ?? false;

  function needs(): Memory {
    const most = options.memoryLimitMb() * bytesPerMb;
    const ramBytes = Math.min(most, peakBytes === 0 ? firstNeedBytes : peakBytes * needMargin);
    return { ramBytes, gpuBytes: usesGpu() ? firstNeedBytes : 0 };
  }

  /** What a trainer gets of a share: within the operator's limits, and no GPU memory for one that computes without. */
  function within(share: TrainingShare): TrainingShare {
    return {
      threads: Math.max(1, Math.min(options.threads(), share.threads)),
      ramBytes: Math.min(options.memoryLimitMb() * bytesPerMb, share.ramBytes),
      gpuBytes: usesGpu() ? share.gpuBytes : 0,
    };
  }

  async function withTrainer<T>(
    name: string,
    share: TrainingShare,
    signal: AbortSignal | undefined,
    work: (session: Session) => Promise<T>,
  ): Promise<T> {
    const { ramBytes, gpuBytes, threads } = share;
    const reserved = options.memory.reserve({ owner: 'training', name, ramBytes, gpuBytes });
    const ended = Promise.withResolvers<void>();
    const trainer = openTrainer({
      threads,
      memoryLimitMb: Math.max(64, Math.floor(ramBytes / bytesPerMb)),
      engineDir: options.engineDir,
      ...(signal ? { signal } : {}),
    });
    const session: Session = {
      ...{ trainer, reserved, share, usedBytes: 0, isStarting: true, isCutOff: false },
      ended: ended.promise,
    };
    sessions.add(session);
    if (isPaused) trainer.pause();
    try {
      const facts = await trainer.describe().catch((thrown: unknown) => {
        throw session.isCutOff ? new AppError('training/interrupted', 'It had not begun.') : thrown;
      });
      session.isStarting = false;
      const { device, usesGpu: onGpu } = facts;
      engine.set({ name: nameOf(facts.engine), device, usesGpu: onGpu, threads: facts.threads });
      return await work(session);
    } finally {
      await trainer.dispose();
      sessions.delete(session);
      reserved.release();
      ended.resolve();
    }
  }

  function seen(session: Session, { ramBytes }: TrainProgress): void {
    session.usedBytes = ramBytes;
    peakBytes = Math.max(peakBytes, ramBytes);
    session.reserved.measured({ ramBytes, gpuBytes: null });
    // It was started with a higher limit than it has now.
    if (ramBytes > session.share.ramBytes) session.trainer.interrupt();
  }

  /** In as many processes as it is interrupted, each from where the last one stood. */
  async function train(
    job: RoundJob,
    onProgress: (progress: TrainingProgress) => void,
    signal: AbortSignal,
  ): Promise<Trained> {
    const item = options.dataItem(job.dataId);
    if (!item) throw new AppError('training/no-data', 'The data that this round learns from were removed.');
    const { source } = item;
    const data = (split: LocalData['split']): LocalData => ({ source, split, cacheDir: options.cacheDir });
    const { task, training, weights, control, checkpointFile, seed } = job;
    const request = {
      task,
      training,
      weights,
      data: data('train'),
      seed,
      checkpointPath: checkpointFile,
      ...(control ? { controlVariates: control } : {}),
    };
    let learnt: TrainResult | null = null;
    const steps = { reached: 0, resumedAt: 0, repeated: 0 };

    function follow(session: Session, progress: TrainProgress): void {
      seen(session, progress);
      if (progress.resumedAt !== steps.resumedAt) {
        steps.repeated += Math.max(0, steps.reached - progress.resumedAt);
        steps.resumedAt = progress.resumedAt;
      }
      steps.reached = Math.max(steps.reached, progress.step);
      onProgress(progress);
    }

    for (;;) {
      const share = within(await turn.begins(signal));
      try {
        return await withTrainer(task.name, share, signal, async (session) => {
          learnt ??= await session.trainer.train(request, {
            signal,
            onProgress: (progress) => follow(session, progress),
          });
          const result = learnt;
          const heldBack = await session.trainer.evaluate(
            { task, weights: result.weights, data: data('validation') },
            { signal },
          );
          const { controlDelta = null } = result;
          return {
            delta: result.weights.map((value, index) => value - (weights[index] ?? 0)),
            controlDelta,
            examples: result.examples,
            steps: result.steps,
            repeatedSteps: steps.repeated,
            durationMs: result.durationMs,
            loss: result.loss,
            accuracy: heldBack.examples === 0 ? null : heldBack.accuracy,
          };
        });
      } catch (thrown) {
        signal.throwIfAborted();
        const { code, data: facts } = toAppError(thrown);
        if (code === 'training/interrupted') {
          if (typeof facts?.steps === 'number') steps.reached = Math.max(steps.reached, facts.steps);
        } else if (code === 'resources/no-room') {
          await options.clock.sleep(noRoomPauseMs, signal);
        } else throw thrown;
      }
    }
  }

  /** Takes what a trainer does not use from its reservation; false where it has to go on in another process. */
  function adapt(session: Session, next: TrainingShare): boolean {
    const { share, reserved, usedBytes } = session;
    if (isWorthARestart(share.threads, next.threads)) return false;
    if (usedBytes > next.ramBytes || share.gpuBytes > next.gpuBytes) return false;
    if (next.ramBytes < share.ramBytes)
      reserved.resize({ ramBytes: next.ramBytes, gpuBytes: share.gpuBytes });
    session.share = { ...share, ramBytes: Math.min(share.ramBytes, next.ramBytes) };
    return true;
  }

  /** One that does not answer in time is ended all the same: it goes on from its last epoch. */
  async function endNow(session: Session): Promise<void> {
    session.isCutOff = session.isStarting;
    if (session.isCutOff) session.trainer.kill();
    else session.trainer.interrupt();
    const limit = new AbortController();
    const late = options.clock.sleep(interruptLimitMs, limit.signal).then(
      () => session.trainer.dispose(),
      () => {},
    );
    await session.ended;
    limit.abort();
    await late;
  }

  return {
    engine,
    train,
    pause() {
      isPaused = true;
      for (const { trainer } of sessions) trainer.pause();
    },
    resume() {
      isPaused = false;
      for (const { trainer } of sessions) trainer.resume();
    },
    async describe(signal) {
      const { ramBytes, gpuBytes } = needs();
      try {
        await withTrainer(
          'TensorFlow.js',
          within({ threads: options.threads(), ramBytes, gpuBytes }),
          signal,
          async () => {},
        );
      } catch (thrown) {
        // What trains here is asked again when there is room.
        const { code } = toAppError(thrown);
        if (code !== 'resources/no-room' && code !== 'training/interrupted') throw thrown;
      }
    },
    async grant(share) {
      turn.set(share);
      const next = within(share);
      await Promise.all([...sessions].filter((session) => !adapt(session, next)).map(endNow));
    },
    async interrupt() {
      turn.set(null);
      await Promise.all([...sessions].map(endNow));
    },
    needs,
    usedBytes: () => [...sessions].reduce((sum, { usedBytes }) => sum + usedBytes, 0),
    pids: () => [...sessions].map(({ trainer }) => trainer.pid()).filter((pid) => pid !== undefined),
    async dispose() {
      await Promise.all([...sessions].map(({ trainer }) => trainer.dispose()));
    },
  };
}

const nameOf = (engine: string): TrainingEngineInfo['name'] =>
  engine === 'tensorflow-gpu' ? 'tfjs-node-gpu' : engine === 'tensorflow' ? 'tfjs-node' : 'wasm';
