import { createHash } from 'node:crypto';
import { z } from 'zod';
import { canonicalJson } from '../canonical-json.ts';
import { AppError } from '../errors.ts';

/** Sums are taken modulo 2³², the range of a Uint32Array. */
export const modulus = 2 ** 32;
/** Shares are points over GF(256) without zero. */
export const mostParticipants = 255;

/** What Flower's SecAgg+ ships with. */
export const defaultQuantisation = {
  clipping_range: 8,
  quantisation_range: 2 ** 22,
  max_weight: 1000,
} as const;

export const nodeKeySchema = z.string().regex(/^[1-9A-HJ-NP-Za-km-z]{32,44}$/, 'a base58 ed25519 key');
export const sha256HexSchema = z.string().regex(/^[0-9a-f]{64}$/, 'a lower-case hex sha256');

export const roundParametersSchema = z.strictObject({
  v: z.literal(1),
  round_id: z.string().regex(/^[A-Za-z0-9_-]{8,128}$/),
  /** Of the model's weights and architecture that the round starts from. */
  model_sha256: sha256HexSchema,
  /** Node keys that are invited, ascending. */
  participants: z.array(nodeKeySchema).min(3).max(mostParticipants),
  /** So many must answer each stage, and so many shares recover a secret. */
  threshold: z.int().min(2).max(mostParticipants),
  /** Weights of an update; the vector that travels has one entry more. */
  vector_length: z
    .int()
    .min(1)
    .max(2 ** 28),
  /** Updates are cut to ±this. */
  clipping_range: z.number().positive().max(1e6),
  /** Steps between −clipping_range and +clipping_range. */
  quantisation_range: z
    .int()
    .min(2)
    .max(2 ** 31),
  /** The largest weight an update may have, in examples. */
  max_weight: z.int().min(1).max(1_000_000),
});
export type RoundParameters = z.infer<typeof roundParametersSchema>;

/** Above two thirds: up to a third of the nodes may side with a lying server (Bonawitz et al. 2017, theorem 6.5). */
export const defaultThreshold = (participants: number): number => Math.floor((2 * participants) / 3) + 1;

/**
 * Parameters that can be trusted to keep an update secret and to add up. Throws `training/round-malformed`, or `training/round-unsafe`
 * for a threshold that two halves could both reach, or a sum that may pass 2³².
 */
export function checkedParameters(parameters: unknown): RoundParameters {
  const parsed = roundParametersSchema.safeParse(parameters);
  if (!parsed.success)
    throw new AppError(
      'training/round-malformed',
      `The round’s parameters: ${z.prettifyError(parsed.error)}`,
    );
  const { participants, threshold, quantisation_range, max_weight } = parsed.data;
  const count = participants.length;
  const unsafe = (sentence: string) => new AppError('training/round-unsafe', sentence);
  if (participants.some((key, index) => index > 0 && key <= (participants[index - 1] ?? '')))
    throw unsafe('The participants are not in order, or one stands there twice.');
  if (2 * threshold <= count || threshold > count)
    throw unsafe(`A threshold of ${threshold} is not above half of ${count} participants, or above all.`);
  // A step more than the range: what the rounding of floats may add.
  if (count * (quantisation_range + 1) >= modulus)
    throw unsafe(`${count} updates of up to ${quantisation_range} may not fit in 32 bits.`);
  if (max_weight > quantisation_range)
    throw unsafe(`A weight of 1 in ${max_weight} is lost in ${quantisation_range} steps.`);
  return parsed.data;
}

/** What everything in a round is bound to: lower-case hex sha256 of its parameters, model and round id among them. */
export function roundContext(parameters: RoundParameters): string {
  return createHash('sha256')
    .update(`solanalm-secagg-v1 parameters\n${canonicalJson(parameters)}`)
    .digest('hex');
}
