import type { PayoutChange } from '../wire/payout-change.ts';
import { verifyBytes } from './ed25519.ts';

/** Who is paid for a node's work instead of whom. */
export interface ChangeOfPayout {
  /** base58; the wallet that is bound, though another that it agreed to may be paid already. */
  from: string;
  to: string;
  nodeId: string;
  nonce: string;
  /** Unix ms until which the node takes it. */
  until: number;
}

/** What the wallet signs that is bound until now. */
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

/** The changes of a node that were signed by whom they take from; others are passed over. */
export function agreedChanges(
  nodeId: string,
  changes: readonly PayoutChange[],
): { from: string; to: string; message: string }[] {
  return changes.flatMap(({ message, signature }) => {
    const [, from, to, node] = pattern.exec(message) ?? [];
    if (from === undefined || to === undefined || node !== nodeId) return [];
    return verifyBytes(Buffer.from(message), signature, from) ? [{ from, to, message }] : [];
  });
}

/** Whether one of these wallets agreed to another, or to one that did; changes are oldest first. */
export function hasAgreed(
  wallets: readonly string[],
  to: string,
  changes: ReturnType<typeof agreedChanges>,
): boolean {
  const reached = new Set(wallets);
  for (const change of changes) if (reached.has(change.from)) reached.add(change.to);
  return reached.has(to);
}
