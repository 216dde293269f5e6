import { z } from 'zod';
import { errorCodeSchema } from '#contract/errors.ts';
import { roundOfferSchema, roundOutcomeSchema } from '#contract/federated/rounds.ts';
import { trainingTaskSchema } from '#contract/federated/task.ts';
import { errorBodySchema } from '#contract/result.ts';
import { networkSchema } from '#contract/wire/network.ts';

/** What a round's steps leave behind, one row each; a later step never changes an earlier one. */
export const stepSchema = z.discriminatedUnion('state', [
  z.object({
    state: z.literal('selected'),
    gatewayUrl: z.string(),
    /** Null of a plain gateway, which takes no receipts. */
    gatewayKey: z.string().nullable(),
    network: networkSchema.nullable(),
    offer: roundOfferSchema,
    task: trainingTaskSchema,
    dataId: z.string(),
    /** What the node said it would train on. */
    examples: z.int(),
  }),
  z.object({ state: z.literal('downloading') }),
  z.object({ state: z.literal('training') }),
  /** The change of the weights lies in the round’s folder. */
  z.object({
    state: z.literal('uploading'),
    steps: z.int(),
    /** Batches that had to be learnt again, after a process was lost. */
    repeatedSteps: z.int().optional(),
    examples: z.int(),
    loss: z.number().nullable(),
    accuracy: z.number().nullable(),
    durationMs: z.number(),
    epsilon: z.number().nullable(),
  }),
  z.object({ state: z.literal('rewarded'), outcome: roundOutcomeSchema }),
  // A code that a later version wrote does not make the log unreadable.
  z.object({
    state: z.literal('failed'),
    error: errorBodySchema.extend({ code: errorCodeSchema.catch('training/round-failed') }),
  }),
]);
export type Step = z.infer<typeof stepSchema>;
export type StepOf<S extends Step['state']> = Extract<Step, { state: S }>;

/** A round as its steps tell it. */
export interface RoundRecord {
  roundId: string;
  startedAt: number;
  at: number;
  selected: StepOf<'selected'>;
  state: Step['state'];
  update: StepOf<'uploading'> | null;
  end: StepOf<'rewarded'> | StepOf<'failed'> | null;
}

const order: readonly Step['state'][] = ['selected', 'downloading', 'training', 'uploading', 'rewarded'];

/** Whether a round in `state` may go on to `next`: forward, each state once, and to `failed` from any that is no end. */
export function mayFollow(state: Step['state'] | null, next: Step['state']): boolean {
  if (state === null) return next === 'selected';
  if (state === 'rewarded' || state === 'failed') return false;
  if (next === 'failed') return true;
  return order.indexOf(next) > order.indexOf(state);
}

/** Reads a round from its steps, oldest first. */
export function foldSteps(roundId: string, steps: readonly { at: number; step: Step }[]): RoundRecord | null {
  const [first] = steps;
  if (first?.step.state !== 'selected') return null;
  const record: RoundRecord = {
    roundId,
    startedAt: first.at,
    at: first.at,
    selected: first.step,
    state: 'selected',
    update: null,
    end: null,
  };
  for (const { at, step } of steps) {
    record.at = at;
    record.state = step.state;
    if (step.state === 'uploading') record.update = step;
    if (step.state === 'rewarded' || step.state === 'failed') record.end = step;
  }
  return record;
}
