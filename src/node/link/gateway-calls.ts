import { z } from 'zod';
import {
  type GatewayInfo,
  gatewayInfoSchema,
  healthAnswerSchema,
  type NodeCapabilities,
  type NodeHealth,
  registerAnswerSchema,
} from '#contract/wire/node-capabilities.ts';
import {
  type NodeAccount,
  nodeAccountSchema,
  type ReceiptVerdict,
  receiptAnswerSchema,
  type SignedReceipt,
} from '#contract/wire/receipt.ts';
import {
  type ClaimAnswer,
  claimAnswerSchema,
  settlementListSchema,
  type WireSettlement,
} from '#contract/wire/settlement.ts';
import { type Channel, channelSchema } from '#contract/wire/voucher.ts';
import type { NodeKey } from './node-key.ts';
import { createSignedCall } from './signed-call.ts';

/** The calls a node makes to a gateway: who it is, how it is, what it earned. */
export function createGatewayCalls(url: string, key: NodeKey, nowMs: () => number) {
  const signed = createSignedCall(url, key, nowMs);
  const call = <S extends z.ZodType>(method: string, path: string, answer: S, body?: unknown) =>
    signed.json({ method, path, body }, answer);
  const node = `/nodes/${encodeURIComponent(key.nodeId)}`;
  return {
    info: (): Promise<GatewayInfo> => call('GET', '/', gatewayInfoSchema),
    /** What the gateway knows of this node. Throws `gateway/not-registered` when it knows nothing. */
    self: () => call('GET', node, z.looseObject({ node_id: z.string() })),
    register: (capabilities: NodeCapabilities) =>
      call('POST', '/nodes/register', registerAnswerSchema, capabilities),
    health: (health: NodeHealth) => call('POST', `${node}/health`, healthAnswerSchema, health),
    deregister: () => call('DELETE', node, z.unknown()),
    account: (): Promise<NodeAccount> => call('GET', `${node}/account`, nodeAccountSchema),
    /** Verdicts, and the voucher that covers what is accepted now. */
    handIn: (receipts: SignedReceipt[]): Promise<z.infer<typeof receiptAnswerSchema>> =>
      call('POST', `${node}/receipts`, receiptAnswerSchema, { receipts }),
    async receipts(receipts: SignedReceipt[]): Promise<ReceiptVerdict[]> {
      return (await call('POST', `${node}/receipts`, receiptAnswerSchema, { receipts })).results;
    },
    /** Throws `settlement/not-found` where this node has none. */
    channel: (): Promise<Channel> => call('GET', `${node}/channel`, channelSchema),
    async settlements(): Promise<WireSettlement[]> {
      return (await call('GET', `${node}/settlements`, settlementListSchema)).settlements;
    },
    /** Asks for a transaction that pays; the wallet's signature is missing. Throws `settlement/*`, `gateway/insufficient-funds`. */
    claim: (): Promise<ClaimAnswer> => call('POST', `${node}/claim`, claimAnswerSchema),
    /** Takes back the wallet's word for this node's key. */
    endDelegation: () => call('DELETE', `${node}/delegation`, z.unknown()),
  };
}

export type GatewayCalls = ReturnType<typeof createGatewayCalls>;
