import type { PayoutChange } from '../wire/payout-change.ts';
import { verifyBytes } from './ed25519.ts';

/** Who is paid for a node's work instead of whom. */
export interface ChangeOfPayout {
  /** base58. */
  from: string;
  to: string;
  nodeId: string;
  nonce: string;
  /** Unix ms until which the node takes it. */
  until: number;
}

/** What the wallet that is paid until now signs. */
export const payoutChangeText = ({ from, to, nodeId, nonce, until }: ChangeOfPayout): string =>
  [
    'SolanaLM node: change who is paid',
    '',
    `From: ${from}`,
    `To: ${to}`,
    `Node: ${nodeId}`,
    `Nonce: ${nonce}`,
    `Good until: ${new Date(until).toISOString()}`,
  ].join('\n');

const pattern =
  /^SolanaLM node: change who is paid\n\nFrom: (\w{32,44})\nTo: (\w{32,44})\nNode: ([^\n]{1,128})\nNonce: \w+\nGood until: [\dTZ:.-]+$/;

/** Who is paid after these changes of a node, oldest first, where each was signed by whom it takes from; others are passed over. */
export function payoutAfter(from: string, nodeId: string, changes: readonly PayoutChange[]): string {
  return changes.reduce((paid, { message, signature }) => {
    const [, before, after, node] = pattern.exec(message) ?? [];
    const isAgreed = before === paid && node === nodeId && verifyBytes(Buffer.from(message), signature, paid);
    return isAgreed && after !== undefined ? after : paid;
  }, from);
}
