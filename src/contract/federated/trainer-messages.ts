import { z } from 'zod';
import { errorBodySchema } from '../result.ts';
import { modelSpecSchema } from './model-spec.ts';
import { localTrainingSchema, trainingTaskSchema } from './task.ts';

const numbers = z.custom<Float32Array>((value) => value instanceof Float32Array);
const path = z.string().min(1).max(4096);
const seed = z.union([z.int().min(0), z.string().min(1).max(200)]);

/** The trainer program's only argument, as JSON. */
export const trainerOptionsSchema = z.strictObject({
  /** Cores to use at most. */
  threads: z.int().min(1).max(256).default(1),
  /** Memory of the whole process; absent: as much as there is. */
  memoryLimitMb: z.int().min(64).optional(),
  /** A folder whose node_modules may hold native TensorFlow, for a GPU or not. */
  engineDir: path.optional(),
});
export type TrainerOptions = z.input<typeof trainerOptionsSchema>;

/** Examples that travel with the request: rows of inputs, and labels (see `Examples`). Other kinds of data the trainer opens itself. */
export const memoryDataSchema = z.strictObject({
  kind: z.literal('memory'),
  inputs: numbers,
  labels: z.custom<Int32Array>((value) => value instanceof Int32Array),
});
export type MemoryData = z.infer<typeof memoryDataSchema>;

export const trainRequestSchema = z.strictObject({
  task: trainingTaskSchema,
  /** The round's global model, parameters one after the other. */
  weights: numbers,
  training: localTrainingSchema,
  data: z.unknown(),
  /** Decides the order of examples. */
  seed,
  /** SCAFFOLD (Karimireddy et al. 2020): the server's c and this node's c_i. */
  controlVariates: z.strictObject({ global: numbers, own: numbers }).optional(),
  /** Written after each epoch and when interrupted; where it lies there from the same request, training goes on from it. */
  checkpointPath: path.optional(),
});
export type TrainRequest = z.infer<typeof trainRequestSchema>;

export const evaluateRequestSchema = z.strictObject({
  task: trainingTaskSchema,
  weights: numbers,
  data: z.unknown(),
});
export type EvaluateRequest = z.infer<typeof evaluateRequestSchema>;

const id = z.int();

/** What the trainer program is asked. Requests with an `id` are answered once. */
export const toTrainerSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('describe'), id }),
  z.strictObject({ type: z.literal('initialise'), id, model: modelSpecSchema, seed }),
  z.strictObject({ type: z.literal('train'), id, request: trainRequestSchema }),
  z.strictObject({ type: z.literal('evaluate'), id, request: evaluateRequestSchema }),
  z.strictObject({ type: z.literal('cancel'), id }),
  /** Between two batches, until `resume`. */
  z.strictObject({ type: z.literal('pause') }),
  z.strictObject({ type: z.literal('resume') }),
  /** Stops at the next batch, for good: the checkpoint is written and the call refused with `training/interrupted`. */
  z.strictObject({ type: z.literal('interrupt') }),
  z.strictObject({ type: z.literal('end') }),
]);
export type ToTrainer = z.infer<typeof toTrainerSchema>;

export const trainerFactsSchema = z.object({
  engine: z.enum(['tensorflow-gpu', 'tensorflow', 'wasm', 'cpu']),
  /** What it runs on, for people. */
  device: z.string(),
  usesGpu: z.boolean(),
  threads: z.int(),
});
export type TrainerFacts = z.infer<typeof trainerFactsSchema>;

export const trainProgressSchema = z.object({
  /** From 1 on. */
  epoch: z.int(),
  epochs: z.int(),
  /** Batches learnt, of all epochs. */
  step: z.int(),
  steps: z.int(),
  /** Mean of the epoch so far. */
  loss: z.number(),
  examplesPerSecond: z.number(),
  /** Batches that this process found learnt already. */
  resumedAt: z.int(),
  /** Resident memory of the process. */
  ramBytes: z.number(),
});
export type TrainProgress = z.infer<typeof trainProgressSchema>;

export const evaluationSchema = z.object({
  /** Mean over all labels. */
  loss: z.number(),
  /** Share of labels that are the model's first choice. */
  accuracy: z.number(),
  /** 0: there was nothing to evaluate on, and loss and accuracy say nothing. */
  examples: z.int(),
});
export type Evaluation = z.infer<typeof evaluationSchema>;

export const trainResultSchema = evaluationSchema.extend({
  /** Loss and accuracy are those of the last epoch, while it was learnt. */
  weights: numbers,
  steps: z.int(),
  durationMs: z.number(),
  /** With control variates: what the node's own changes by (option II of the paper). */
  controlDelta: numbers.optional(),
});
export type TrainResult = z.infer<typeof trainResultSchema>;

export const fromTrainerSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('progress'), id, progress: trainProgressSchema }),
  z.object({ type: z.literal('facts'), id, facts: trainerFactsSchema }),
  z.object({ type: z.literal('weights'), id, weights: numbers }),
  z.object({ type: z.literal('trained'), id, result: trainResultSchema }),
  z.object({ type: z.literal('evaluated'), id, evaluation: evaluationSchema }),
  z.object({ type: z.literal('refusal'), id, error: errorBodySchema }),
]);
export type FromTrainer = z.infer<typeof fromTrainerSchema>;
