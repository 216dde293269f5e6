import { AppError } from '#contract/errors.ts';
import type { TrainingEngineInfo } from '#contract/training.ts';
import type { DataItem } from '#contract/training-data.ts';
import { createSignal, type Signal } from '../signal.ts';
import type { RoundTrainer, Trained } from './round-ports.ts';
import type { LocalData } from './trainer/local-data.ts';
import { openTrainer, type Trainer } from './trainer/open-trainer.ts';

export interface NodeTrainer extends RoundTrainer {
  engine: Signal<TrainingEngineInfo | null>;
  pause(): void;
  resume(): void;
  /** Asks anew what trains here; after an engine was installed. */
  describe(signal?: AbortSignal): Promise<void>;
  /** Process ids of the trainers that live now. */
  pids(): number[];
  dispose(): Promise<void>;
}

/** Training as rounds want it: a worker process for the time of a round, data by their id, the part held back evaluated. */
export function createRoundTrainer(options: {
  cacheDir: string;
  /** Where native TensorFlow may have been installed. */
  engineDir: string;
  threads(): number;
  memoryLimitMb(): number;
  dataItem(id: string): DataItem | undefined;
}): NodeTrainer {
  const engine = createSignal<TrainingEngineInfo | null>(null);
  const running = new Set<Trainer>();
  let isPaused = false;

  async function withTrainer<T>(
    signal: AbortSignal | undefined,
    work: (trainer: Trainer) => Promise<T>,
  ): Promise<T> {
    const trainer = openTrainer({
      threads: options.threads(),
      memoryLimitMb: options.memoryLimitMb(),
      engineDir: options.engineDir,
      ...(signal ? { signal } : {}),
    });
    running.add(trainer);
    if (isPaused) trainer.pause();
    try {
      const { engine: name, device, usesGpu, threads } = await trainer.describe();
      engine.set({ name: nameOf(name), device, usesGpu, threads });
      return await work(trainer);
    } finally {
      running.delete(trainer);
      await trainer.dispose();
    }
  }

  return {
    engine,
    async train(job, onProgress, signal): Promise<Trained> {
      const item = options.dataItem(job.dataId);
      if (!item) throw new AppError('training/no-data', 'The data that this round learns from were removed.');
      const { source } = item;
      const data = (split: LocalData['split']): LocalData => ({ source, split, cacheDir: options.cacheDir });
      const { task, training, weights, control, checkpointFile, seed } = job;
      return withTrainer(signal, async (trainer) => {
        const result = await trainer.train(
          {
            task,
            training,
            weights,
            data: data('train'),
            seed,
            checkpointPath: checkpointFile,
            ...(control ? { controlVariates: control } : {}),
          },
          { signal, onProgress },
        );
        const heldBack = await trainer.evaluate(
          { task, weights: result.weights, data: data('validation') },
          { signal },
        );
        const { controlDelta = null } = result;
        return {
          delta: result.weights.map((value, index) => value - (weights[index] ?? 0)),
          controlDelta,
          examples: result.examples,
          steps: result.steps,
          durationMs: result.durationMs,
          loss: result.loss,
          accuracy: heldBack.examples === 0 ? null : heldBack.accuracy,
        };
      });
    },
    pause() {
      isPaused = true;
      for (const trainer of running) trainer.pause();
    },
    resume() {
      isPaused = false;
      for (const trainer of running) trainer.resume();
    },
    describe: (signal) => withTrainer(signal, async () => {}),
    pids: () => [...running].map((trainer) => trainer.pid()).filter((pid) => pid !== undefined),
    async dispose() {
      await Promise.all([...running].map((trainer) => trainer.dispose()));
    },
  };
}

const nameOf = (engine: string): TrainingEngineInfo['name'] =>
  engine === 'tensorflow-gpu' ? 'tfjs-node-gpu' : engine === 'tensorflow' ? 'tfjs-node' : 'wasm';
