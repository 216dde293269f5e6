import { z } from 'zod';
import { lamportsSchema } from './money.ts';
import { instantSchema } from './node-status.ts';

/** What the machine is used for just now; `none` while the node is paused or stopped. */
export const workModeSchema = z.enum(['none', 'inference', 'training', 'both']);
export type WorkMode = z.infer<typeof workModeSchema>;

/** Why the arbiter has chosen the mode. */
export const modeReasonSchema = z.enum([
  /** Nothing else is switched on or can be done here. */
  'only-kind',
  /** The slider stands at one of its ends. */
  'slider',
  /** Both fit side by side. */
  'both-fit',
  /** Requests wait, or none come. */
  'demand',
  /** A round's deadline leaves no more time. */
  'deadline',
  /** There is no round to train. */
  'no-round',
  /** The slider's share of time is owed to it. */
  'share',
  /** It earns enough more. */
  'earnings',
  /** A reason to pause holds the other back. */
  'held',
  /** The other needs more memory than the node may take. */
  'no-memory',
  /** Nothing is switched on that can be done here. */
  'nothing-on',
]);
export type ModeReason = z.infer<typeof modeReasonSchema>;

const bytes = z.number().min(0);
export const memorySchema = z.object({ ramBytes: bytes, gpuBytes: bytes });

/** What one kind of work may take. */
export const allowanceSchema = memorySchema.extend({
  threads: z.int().min(0),
  /** Absent where the operator limits nothing. */
  networkMbps: z.number().min(0).optional(),
  /** For its files: models, or a training's models and checkpoints. Absent while the disk is not known. */
  diskBytes: bytes.optional(),
});
export type Allowance = z.infer<typeof allowanceSchema>;

/** A part of memory that is spoken for. `used*` is measured, null where nothing measures it. */
export const reservationSchema = memorySchema.extend({
  id: z.string(),
  owner: z.enum(['model', 'kv-cache', 'training', 'cache']),
  /** What a person calls it: the model's or the task's name. */
  name: z.string(),
  usedRamBytes: bytes.nullable(),
  usedGpuBytes: bytes.nullable(),
  since: instantSchema,
});
export type Reservation = z.infer<typeof reservationSchema>;

export const switchStepSchema = z.enum(['draining', 'checkpointing', 'releasing', 'loading']);
export type SwitchStep = z.infer<typeof switchStepSchema>;

/** How the machine is shared between serving and training. */
export const hybridStatusSchema = z.object({
  mode: workModeSchema,
  since: instantSchema,
  reason: modeReasonSchema,
  /** A change of mode under way; `progress` 0–1 where its step knows it. */
  switching: z
    .object({
      from: workModeSchema,
      to: workModeSchema,
      step: switchStepSchema,
      progress: z.number().min(0).max(1).nullable(),
      startedAt: instantSchema,
    })
    .nullable(),
  /** The earliest instant of the next change that neither the operator nor a deadline asks for. */
  settledUntil: instantSchema.nullable(),
  /** Share of the last hour's working time that went to training, 0–1; null before there was any. */
  trainingTimeShare: z.number().min(0).max(1).nullable(),
  allowance: z.object({ inference: allowanceSchema, training: allowanceSchema }),
  /** What all of the node's work together may take. */
  ceiling: memorySchema,
  reservations: z.array(reservationSchema),
});
export type HybridStatus = z.infer<typeof hybridStatusSchema>;

/** What a position of the slider would mean, before it is let go. Earnings are estimates from what was measured; null while unknown. */
export const sharePreviewSchema = z.object({
  trainingSharePercent: z.int().min(0).max(100),
  /** `both` where serving and training fit side by side, else they take turns. */
  arrangement: z.enum(['inference-only', 'training-only', 'side-by-side', 'in-turns']),
  allowance: z.object({ inference: allowanceSchema, training: allowanceSchema }),
  inferenceLamportsPerHour: lamportsSchema.nullable(),
  trainingLamportsPerHour: lamportsSchema.nullable(),
  /** Names of models that would have to be unloaded. */
  unloads: z.array(z.string()),
  /** What stands in the way, in words; null for nothing. */
  obstacle: z.string().nullable(),
});
export type SharePreview = z.infer<typeof sharePreviewSchema>;
