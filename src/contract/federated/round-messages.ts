import { z } from 'zod';
import { canonicalJson } from '../canonical-json.ts';
import { AppError } from '../errors.ts';
import { mostParticipants, nodeKeySchema, sha256HexSchema } from './round-parameters.ts';

/** The stages of a round, named for what the server collects in each. */
export const roundStages = [
  'setup',
  'share-keys',
  'collect-masked-vectors',
  'consistency',
  'unmask',
] as const;
export type RoundStage = (typeof roundStages)[number];

/** Canonical base64 only: each value has one spelling. */
const base64Of32 = z.string().regex(/^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/, 'base64 of 32 bytes');
const base64Of33 = z.string().regex(/^[A-Za-z0-9+/]{44}$/, 'base64 of 33 bytes');
const sealedShares = z.string().regex(/^[A-Za-z0-9+/]{125}[AQgw]==$/, 'base64 of 94 bytes');
const signature = z.string().regex(/^[1-9A-HJ-NP-Za-km-z]{64,90}$/, 'a base58 ed25519 signature');
const nodes = z.array(nodeKeySchema).max(mostParticipants);

const sent = { context: sha256HexSchema, node: nodeKeySchema, signature };

/** A node's one-time keys for this round, and what its self-mask's seed hashes to. */
export const advertisementSchema = z.strictObject({
  stage: z.literal('setup'),
  ...sent,
  cipher_key: base64Of32,
  mask_key: base64Of32,
  seed_sha256: sha256HexSchema,
});
export type Advertisement = z.infer<typeof advertisementSchema>;

const shareSchema = z.strictObject({
  /** 12 bytes nonce, AES-256-GCM of two 33-byte shares (mask key's, seed's), 16 bytes tag. */
  sealed: sealedShares,
  mask_key_share_sha256: sha256HexSchema,
  seed_share_sha256: sha256HexSchema,
});

/** A node's shares for each of the others. */
export const sharesMessageSchema = z.strictObject({
  stage: z.literal('share-keys'),
  ...sent,
  shares: z.array(shareSchema.extend({ to: nodeKeySchema })).max(mostParticipants),
  /** Of the share of its seed that it keeps; its mask key's is never asked of itself. */
  own_seed_share_sha256: sha256HexSchema,
});
export type SharesMessage = z.infer<typeof sharesMessageSchema>;

/** A signature under the lists of the living and the dead. */
export const survivorSignatureSchema = z.strictObject({ stage: z.literal('consistency'), ...sent });
export type SurvivorSignature = z.infer<typeof survivorSignatureSchema>;

const revealed = z.array(z.strictObject({ of: nodeKeySchema, share: base64Of33 })).max(mostParticipants);

/** Shares of the dead's mask keys and of the living's seeds; never both of one node. */
export const unmaskAnswerSchema = z.strictObject({
  stage: z.literal('unmask'),
  ...sent,
  mask_key_shares: revealed,
  seed_shares: revealed,
});
export type UnmaskAnswer = z.infer<typeof unmaskAnswerSchema>;

/** What a node sends as JSON; its vector is a binary frame. */
export const nodeMessageSchema = z.discriminatedUnion('stage', [
  advertisementSchema,
  sharesMessageSchema,
  survivorSignatureSchema,
  unmaskAnswerSchema,
]);
export type NodeMessage = z.infer<typeof nodeMessageSchema>;

/** To all: who is in the round. */
export const peerListSchema = z.strictObject({
  stage: z.literal('share-keys'),
  advertisements: z.array(advertisementSchema).max(mostParticipants),
});
export type PeerList = z.infer<typeof peerListSchema>;

/** To one: what the others sealed for it. */
export const shareDeliverySchema = z.strictObject({
  stage: z.literal('collect-masked-vectors'),
  shares: z.array(shareSchema.extend({ from: nodeKeySchema })).max(mostParticipants),
});
export type ShareDelivery = z.infer<typeof shareDeliverySchema>;

/** To all who sent a vector: who did, and who shared keys and did not. */
export const survivorListSchema = z.strictObject({
  stage: z.literal('consistency'),
  living: nodes,
  dead: nodes,
});
export type SurvivorList = z.infer<typeof survivorListSchema>;

/** To all who signed: the same lists, with the signatures under them. */
export const unmaskRequestSchema = z.strictObject({
  stage: z.literal('unmask'),
  living: nodes,
  dead: nodes,
  signatures: z.array(z.strictObject({ node: nodeKeySchema, signature })).max(mostParticipants),
});
export type UnmaskRequest = z.infer<typeof unmaskRequestSchema>;

/** What a node signs: a stage's message without its signature, bound to the round. */
export function roundText(stage: RoundStage, context: string, body: Record<string, unknown>): string {
  return `solanalm-secagg-v1\n${stage}\n${context}\n${canonicalJson(body)}`;
}

/** The text under a node's JSON message. */
export function messageText(message: Exclude<NodeMessage, SurvivorSignature>): string {
  const { signature: _, ...body } = message;
  return roundText(message.stage, message.context, body);
}

/** The text that all survivors sign alike. */
export function survivorText(context: string, living: readonly string[], dead: readonly string[]): string {
  return roundText('consistency', context, { living: [...living].sort(), dead: [...dead].sort() });
}

/** Throws `training/round-malformed` with the field. */
export function parsedMessage<S extends z.ZodType>(schema: S, message: unknown): z.output<S> {
  const parsed = schema.safeParse(message);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const field = issue?.path.join('.') ?? '';
  throw new AppError('training/round-malformed', `${field}: ${issue?.message ?? 'not valid'}`, {
    data: { field },
  });
}
