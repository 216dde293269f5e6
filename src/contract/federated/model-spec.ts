import { z } from 'zod';

const units = z.int().min(1).max(65_536);
const activation = z.enum(['linear', 'relu', 'tanh', 'sigmoid', 'gelu']).default('linear');

/** What one example is, without the batch: numbers of a shape (a table's row, an image as height × width × channels), or token ids. */
export const modelInputSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('numbers'), shape: z.array(units).min(1).max(3) }),
  z.strictObject({ kind: z.literal('tokens'), length: z.int().min(1).max(4096), vocabulary: units }),
]);
export type ModelInput = z.infer<typeof modelInputSchema>;

/** Layers by name and size; a spec is data, no code comes from the network. */
export const layerSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('dense'), units, activation }),
  z.strictObject({
    type: z.literal('conv2d'),
    filters: units,
    kernel: z.int().min(1).max(31),
    stride: z.int().min(1).max(8).default(1),
    padding: z.enum(['same', 'valid']).default('same'),
    activation,
  }),
  z.strictObject({ type: z.literal('max-pool2d'), size: z.int().min(2).max(8) }),
  z.strictObject({ type: z.literal('flatten') }),
  /** Token ids to vectors. A frozen one is derived from `seed` on every side and is no parameter; with `rank` a low-rank adapter (LoRA, Hu et al. 2021) upon it is. */
  z.strictObject({
    type: z.literal('embedding'),
    units,
    frozen: z
      .strictObject({ seed: z.int().min(0).max(0xffff_ffff), rank: z.int().min(1).max(256).optional() })
      .optional(),
  }),
  /** Adds a learnt vector for each position. */
  z.strictObject({ type: z.literal('positions') }),
  z.strictObject({ type: z.literal('lstm'), units, sequence: z.boolean().default(false) }),
  /** Pre-norm block: attention with `heads`, then two dense layers of `feedForward` units between. */
  z.strictObject({
    type: z.literal('transformer'),
    heads: z.int().min(1).max(64),
    feedForward: units,
    causal: z.boolean().default(true),
  }),
  z.strictObject({ type: z.literal('layer-norm') }),
  z.strictObject({ type: z.literal('mean-pool') }),
]);
export type Layer = z.infer<typeof layerSchema>;

/**
 * A model to train. Its last layer gives the logits: one number a class, or the vocabulary at each position. Its loss is the mean
 * cross-entropy: over classes, or over the next token at each position.
 */
export const modelSpecSchema = z.strictObject({
  input: modelInputSchema,
  layers: z.array(layerSchema).min(1).max(64),
  output: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('classes'), count: z.int().min(2).max(65_536) }),
    z.strictObject({ kind: z.literal('next-token') }),
  ]),
});
export type ModelSpec = z.infer<typeof modelSpecSchema>;
