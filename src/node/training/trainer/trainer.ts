import { setImmediate as nextTurn } from 'node:timers/promises';
import { dispose } from '@tensorflow/tfjs-core';
import type { z } from 'zod';
import { AppError } from '#contract/errors.ts';
import { planModel } from '#contract/federated/model-plan.ts';
import type { ModelSpec } from '#contract/federated/model-spec.ts';
import { checkWeights, initialWeights } from '#contract/federated/parameters.ts';
import type { TrainingTask } from '#contract/federated/task.ts';
import {
  type EvaluateRequest,
  type Evaluation,
  memoryDataSchema,
  type TrainerFacts,
  type TrainProgress,
  type TrainRequest,
  type TrainResult,
  type trainerOptionsSchema,
} from '#contract/federated/trainer-messages.ts';
import { createAugmenter } from '../data/augmentation.ts';
import type { Examples } from '../data/examples.ts';
import type { Engine } from '../engine/engine.ts';
import { createLearner } from '../engine/gradients.ts';
import { createModel, type Model } from '../engine/model.ts';
import { threadsPay } from '../engine/work.ts';
import { createBatchReader, memoryExamples } from './batches.ts';
import { checkpointKey, readCheckpoint, writeCheckpoint } from './checkpoint.ts';
import { toTensors } from './flat-weights.ts';
import { type PrivateRandom, trainLocally } from './local-training.ts';
import { createMemoryGuard } from './memory-guard.ts';
import { openTeam, type Team } from './team.ts';

export interface TrainerParts {
  engine: Engine;
  options: z.output<typeof trainerOptionsSchema>;
  /** Opens data other than those that come with a request. */
  open(data: unknown, task: TrainingTask): Promise<Examples> | Examples;
  privateRandom: PrivateRandom;
}

export interface Hooks {
  signal: AbortSignal;
  /** Resolves when training may go on. */
  whenRunning(): Promise<void>;
  onProgress(progress: TrainProgress): void;
}

export interface Trainer {
  facts: TrainerFacts;
  initialise(spec: ModelSpec, seed: number | string): Float32Array;
  train(request: TrainRequest, hooks: Hooks): Promise<TrainResult>;
  evaluate(request: EvaluateRequest, hooks: Hooks): Promise<Evaluation>;
}

/** Turns of the event loop are given at most this seldom, so that messages come through and small steps stay fast. */
const turnIntervalMs = 20;
const rowsOfEvaluation = 256;

/** What the trainer process does, on an engine. */
export function createTrainer({ engine, options, open, privateRandom }: TrainerParts): Trainer {
  const { ops } = engine;
  const guard = createMemoryGuard(options.memoryLimitMb);

  const examplesOf = async (data: unknown, task: TrainingTask): Promise<Examples> => {
    const inMemory = memoryDataSchema.safeParse(data);
    return inMemory.success ? memoryExamples(inMemory.data, task.model) : open(data, task);
  };

  function stepGate({ signal, whenRunning }: Hooks): () => Promise<void> {
    let turnAt = performance.now();
    return async () => {
      if (performance.now() - turnAt > turnIntervalMs) {
        await nextTurn();
        turnAt = performance.now();
      }
      await whenRunning();
      if (signal.aborted) throw new AppError('training/cancelled', 'Training was cancelled.');
      guard.check();
    };
  }

  return {
    facts: { engine: engine.name, device: engine.device, usesGpu: engine.usesGpu, threads: options.threads },
    initialise: initialWeights,
    async train(request, hooks) {
      const { task, training, weights, seed, controlVariates, checkpointPath } = request;
      for (const numbers of [weights, controlVariates?.global, controlVariates?.own])
        if (numbers) checkWeights(task.model, numbers);
      const plan = planModel(task.model);
      guard.checkModel(plan, training);
      const augment = createAugmenter(task, training);
      const examples = await examplesOf(request.data, task);
      let model: Model | null = null;
      let team: Team | null = null;
      try {
        const batches = createBatchReader(task.model, examples, augment);
        const threads =
          engine.name === 'wasm' && threadsPay(plan, training.batchSize, options.threads)
            ? options.threads
            : 1;
        const keptNumbers = guard.keptNumbers(threads);
        model = createModel(ops, task.model);
        const learner = createLearner(ops, model, keptNumbers);
        if (threads > 1)
          team = await openTeam({
            ...{ ops, learner, threads, keptNumbers, plan, model: task.model, rows: training.batchSize },
            ...{ inputSize: examples.inputSize, labelSize: examples.labelSize },
          });
        const key = checkpointPath ? checkpointKey(request, batches.count) : '';
        return await trainLocally(
          { ops, plan, source: team ?? learner, batches, privateRandom },
          {
            weights,
            training,
            seed,
            controlVariates,
            from: checkpointPath ? readCheckpoint(checkpointPath, key) : null,
          },
          {
            beforeStep: stepGate(hooks),
            onProgress: hooks.onProgress,
            onEpoch: async (checkpoint) => {
              if (checkpointPath) await writeCheckpoint(checkpointPath, key, checkpoint);
            },
          },
        );
      } finally {
        await team?.dispose();
        model?.dispose();
        examples.close();
      }
    },
    async evaluate(request, hooks) {
      const { task } = request;
      checkWeights(task.model, request.weights);
      const examples = await examplesOf(request.data, task);
      // Of few examples none may be held back.
      if (examples.count === 0) {
        examples.close();
        return { loss: 0, accuracy: 0, examples: 0 };
      }
      const model = createModel(ops, task.model);
      const learner = createLearner(ops, model, guard.keptNumbers(1));
      const weights = toTensors(ops, model.plan, request.weights);
      const beforeStep = stepGate(hooks);
      try {
        const batches = createBatchReader(task.model, examples);
        let [loss, hits, counted] = [0, 0, 0];
        for (let first = 0; first < batches.count; first += rowsOfEvaluation) {
          await beforeStep();
          const length = Math.min(rowsOfEvaluation, batches.count - first);
          const score = learner.score(
            weights,
            batches.read(Int32Array.from({ length }, (_, row) => first + row)),
          );
          loss += score.loss;
          hits += score.hits;
          counted += score.counted;
        }
        const labels = Math.max(1, counted);
        return { loss: loss / labels, accuracy: hits / labels, examples: batches.count };
      } finally {
        dispose(weights);
        examples.close();
        model.dispose();
      }
    },
  };
}
