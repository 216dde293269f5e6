import { z } from 'zod';
import { modelSpecSchema } from './model-spec.ts';

const words = z.string().min(1).max(200);
const finite = z.number();

/** What local data of a task look like, and how a raw value becomes a number of the model's input. */
export const dataFormatSchema = z.discriminatedUnion('kind', [
  /** Rows of numbers, then a label. `scale` maps a value v of column i to (v − offset) × factor; one pair stands for all columns. */
  z.strictObject({
    kind: z.literal('table'),
    columns: z.int().min(1).max(65_536),
    scale: z
      .array(z.strictObject({ offset: finite, factor: finite }))
      .min(1)
      .max(65_536),
    labels: z.array(words).min(2).max(65_536),
  }),
  /** Images of a fixed size, each value mapped from 0–255 to 0–1. */
  z.strictObject({
    kind: z.literal('image'),
    width: z.int().min(1).max(1024),
    height: z.int().min(1).max(1024),
    channels: z.union([z.literal(1), z.literal(3)]),
    labels: z.array(words).min(2).max(65_536),
  }),
  /** Text to token ids: `bytes` are UTF-8 bytes + 1, `words` hashes lower-case words into the vocabulary; 0 pads. */
  z.strictObject({
    kind: z.literal('text'),
    tokens: z.enum(['bytes', 'words']),
    length: z.int().min(1).max(4096),
    vocabulary: z.int().min(2).max(65_536),
    /** Absent: the text itself is learnt, the next token from those before. */
    labels: z.array(words).min(2).max(65_536).optional(),
  }),
]);
export type DataFormat = z.infer<typeof dataFormatSchema>;

export const optimizerSchema = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('sgd'),
    momentum: z.number().min(0).lt(1).default(0),
    weightDecay: z.number().min(0).max(1).default(0),
  }),
  z.strictObject({
    type: z.literal('adam'),
    beta1: z.number().min(0).lt(1).default(0.9),
    beta2: z.number().min(0).lt(1).default(0.999),
    epsilon: z.number().positive().max(1).default(1e-8),
    weightDecay: z.number().min(0).max(1).default(0),
  }),
]);
export type Optimizer = z.infer<typeof optimizerSchema>;

/** Differential privacy of local training (DP-SGD, Abadi et al. 2016). */
export const privacySchema = z.strictObject({
  /** Most L2 norm of one example's gradient. */
  clipNorm: z.number().positive().max(1000),
  /** Standard deviation of the noise on the sum of a batch's clipped gradients, in units of `clipNorm`. */
  noiseMultiplier: z.number().positive().max(1000),
  delta: z.number().positive().lt(1),
});
export type Privacy = z.infer<typeof privacySchema>;

/** Small changes to training examples that do not change their class, made anew each time that an example is learnt. */
export const augmentationSchema = z.discriminatedUnion('kind', [
  z
    .strictObject({
      kind: z.literal('image'),
      /** Moved by up to so many pixels either way; the border stays empty. */
      shiftPixels: z.int().min(1).max(512).optional(),
      /** Mirrored half of the time: only where left and right mean nothing. */
      flip: z.boolean().optional(),
      /** A random part of at least so many percent of each side is enlarged to the whole. */
      cropPercent: z.int().min(10).max(99).optional(),
    })
    .refine(
      ({ shiftPixels, flip, cropPercent }) => flip || shiftPixels !== undefined || cropPercent !== undefined,
      'it says nothing of how images are changed',
    ),
  /** Each token is taken out with this chance. */
  z.strictObject({ kind: z.literal('text'), tokenDropoutPercent: z.number().positive().max(90) }),
]);
export type Augmentation = z.infer<typeof augmentationSchema>;

/** How a node trains within one round. */
export const localTrainingSchema = z
  .strictObject({
    epochs: z.int().min(1).max(100).default(5),
    batchSize: z.int().min(1).max(4096).default(10),
    learningRate: z.number().positive().max(10).default(0.01),
    optimizer: optimizerSchema.default({ type: 'sgd', momentum: 0, weightDecay: 0 }),
    /** Most L2 norm of a batch's gradient; absent: unclipped. Not with `privacy`, which clips each example's. */
    clipNorm: z.number().positive().max(1000).optional(),
    /** FedProx's μ (Li et al. 2020): pulls towards the round's global model. */
    proximal: z.number().min(0).max(10).default(0),
    privacy: privacySchema.optional(),
    augmentation: augmentationSchema.optional(),
    /** `classes`: each class is learnt from as often, whatever its share; absent: each example once an epoch. */
    balance: z.enum(['none', 'classes']).optional(),
  })
  .refine(({ privacy, balance }) => !privacy || balance !== 'classes', {
    path: ['balance'],
    message:
      'a private task cannot balance classes: what it spends of the privacy is known only where each example is drawn with the same chance',
  });
export type LocalTraining = z.infer<typeof localTrainingSchema>;

/** What a federated task trains. The same for all rounds of a task. */
export const trainingTaskSchema = z.strictObject({
  taskId: z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/),
  name: words,
  model: modelSpecSchema,
  data: dataFormatSchema,
});
export type TrainingTask = z.infer<typeof trainingTaskSchema>;
