import { z } from 'zod';
import { advertisementSchema, parsedMessage } from '#contract/federated/round-messages.ts';
import { nodeKeySchema, sha256HexSchema } from '#contract/federated/round-parameters.ts';

const base64 = z.base64().max(64);
const list = z.array(nodeKeySchema).max(255);

/** How far a node has come in a round, secrets included: as JSON for a file that only its user reads. */
export const roundStateSchema = z.strictObject({
  v: z.literal(1),
  context: sha256HexSchema,
  node: nodeKeySchema,
  /** The stage that is answered next; `over` after the last, or after a round that broke its rules. */
  next: z.enum(['setup', 'share-keys', 'collect-masked-vectors', 'consistency', 'unmask', 'over']),
  /** This node's own: gone once its vector is masked. */
  secrets: z.strictObject({ cipherKey: base64, maskKey: base64, seed: base64 }).nullable(),
  peers: z.array(advertisementSchema).max(255),
  ownSeedShare: base64.nullable(),
  /** Nodes that shared keys. */
  members: list,
  /** The others' shares, as they were opened. */
  held: z.array(z.strictObject({ of: nodeKeySchema, maskKey: base64, seed: base64 })).max(255),
  /** The lists that this node signed. */
  survivors: z.strictObject({ living: list, dead: list }).nullable(),
});
export type RoundState = z.infer<typeof roundStateSchema>;

/** Throws `training/round-malformed`. */
export const parsedRoundState = (state: unknown): RoundState => parsedMessage(roundStateSchema, state);
