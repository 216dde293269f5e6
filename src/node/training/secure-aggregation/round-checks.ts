import {
  type Advertisement,
  messageText,
  type PeerList,
  type SurvivorList,
  survivorText,
  type UnmaskRequest,
} from '#contract/federated/round-messages.ts';
import type { RoundParameters } from '#contract/federated/round-parameters.ts';
import { verifyText } from '#node/link/ed25519.ts';

/**
 * What a node checks before it answers a stage (Bonawitz et al. 2017, figure 4, with the underlined parts against a lying server). Each
 * returns a sentence on what is wrong, or null.
 */
export function peerListFault(
  { advertisements }: PeerList,
  own: Advertisement,
  parameters: RoundParameters,
): string | null {
  const nodes = advertisements.map(({ node }) => node);
  const invited = new Set(parameters.participants);
  const uninvited = nodes.find((node) => !invited.has(node));
  if (uninvited) return `${uninvited} was not invited.`;
  if (new Set(nodes).size !== nodes.length) return 'A node stands twice in the list of peers.';
  if (nodes.length < parameters.threshold)
    return `${nodes.length} peers are fewer than the threshold of ${parameters.threshold}.`;
  const keys = advertisements.flatMap(({ cipher_key, mask_key }) => [cipher_key, mask_key]);
  if (new Set(keys).size !== keys.length) return 'Two of the one-time keys are the same.';
  const mine = advertisements.find(({ node }) => node === own.node);
  if (!mine || messageText(mine) !== messageText(own)) return 'This node’s own keys are missing or changed.';
  for (const advertisement of advertisements) {
    const { node, context, signature } = advertisement;
    if (context !== own.context) return `${node} signed its keys for another round or other parameters.`;
    if (node !== own.node && !verifyText(messageText(advertisement), signature, node))
      return `The keys of ${node} are not signed by it.`;
  }
  return null;
}

/** `members` are the nodes that shared keys, this one among them. */
export function membersFault(
  senders: readonly string[],
  own: string,
  peers: readonly string[],
  threshold: number,
): string | null {
  const known = new Set(peers);
  const foreign = senders.find((node) => node === own || !known.has(node));
  if (foreign) return `${foreign} is no peer of this round.`;
  if (new Set(senders).size !== senders.length) return 'Shares of one node came twice.';
  if (senders.length + 1 < threshold)
    return `${senders.length + 1} nodes with shares are fewer than the threshold of ${threshold}.`;
  return null;
}

export function survivorsFault(
  { living, dead }: Pick<SurvivorList, 'living' | 'dead'>,
  own: string,
  members: readonly string[],
  threshold: number,
): string | null {
  const all = new Set([...living, ...dead]);
  if (all.size !== living.length + dead.length) return 'A node stands twice among the living and the dead.';
  if (all.size !== members.length || members.some((node) => !all.has(node)))
    return 'The living and the dead are not those that shared keys.';
  if (!living.includes(own)) return 'This node sent its vector and is counted among the dead.';
  if (living.length < threshold)
    return `${living.length} survivors are fewer than the threshold of ${threshold}.`;
  return null;
}

/** `signed` are the lists that this node put its own name to. */
export function unmaskFault(
  { living, dead, signatures }: UnmaskRequest,
  signed: { living: readonly string[]; dead: readonly string[] },
  context: string,
  threshold: number,
): string | null {
  const text = survivorText(context, signed.living, signed.dead);
  if (survivorText(context, living, dead) !== text) return 'The lists are not those that this node signed.';
  const signers = new Set(signatures.map(({ node }) => node));
  if (signers.size !== signatures.length) return 'A survivor’s signature stands there twice.';
  const survivors = new Set(living);
  const foreign = signatures.find(({ node }) => !survivors.has(node));
  if (foreign) return `${foreign.node} is no survivor and signed.`;
  if (signers.size < threshold)
    return `${signers.size} signatures are fewer than the threshold of ${threshold}.`;
  const forged = signatures.find(({ node, signature }) => !verifyText(text, signature, node));
  return forged ? `${forged.node} did not sign these lists.` : null;
}
