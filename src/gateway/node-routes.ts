import type { Hono } from 'hono';
import type { PricedIn } from '#contract/money.ts';
import { toAppError } from '#contract/result.ts';
import {
  type HardwareMinimum,
  nodeCapabilitiesSchema,
  nodeHealthSchema,
} from '#contract/wire/node-capabilities.ts';
import { receiptBatchSchema } from '#contract/wire/receipt.ts';
import type { Books } from './books.ts';
import type { Maintenance } from './maintenance.ts';
import type { NodeCaller } from './node-caller.ts';
import { isReachable } from './node-watch.ts';
import type { ReceiptDesk } from './receipt-desk.ts';
import { parseForNode, Refusal } from './refusal.ts';
import { type RegisteredNode, registeredNode, takesWork } from './registry.ts';
import type { ChannelBook, ChannelTerms } from './settlement/channel-book.ts';
import type { PayoutWallets, Registration } from './settlement/payout-wallets.ts';

const reachabilityLimitMs = 5000;

/** What nodes call: register, report health, hand in receipts, read their account, leave. */
export function addNodeRoutes(
  app: Hono,
  parts: {
    nodes: Map<string, RegisteredNode>;
    books: Books;
    receipts: ReceiptDesk;
    caller: NodeCaller;
    channels: ChannelBook;
    wallets: PayoutWallets;
    terms: ChannelTerms;
    paidWith: PricedIn;
    requirements: HardwareMinimum;
    now(): number;
    /** Until when nodes are to rest, and why; null: they are not. */
    maintenance(): Maintenance | null;
    onNodeCame(): void;
  },
): void {
  const { nodes, books, caller, wallets, now } = parts;

  app.get('/nodes', (context) => context.json([...nodes.values()].map(show)));
  app.get('/nodes/:id', (context) => context.json(show(caller.node(context.req.param('id')))));

  app.post('/nodes/register', async (context) => {
    const body = new Uint8Array(await context.req.arrayBuffer());
    const nodeKey = caller.signer(context, body);
    const capabilities = parseForNode(nodeCapabilitiesSchema, body);
    const { node_id: nodeId, endpoint_url: endpoint } = capabilities;
    for (const [name, least] of Object.entries(parts.requirements)) {
      const has = capabilities.hardware[name as keyof HardwareMinimum];
      if (has < least) throw new Refusal(422, `hardware.${name}: ${has} is below ${least}`);
    }
    const registration = { nodeId, nodeKey, capabilities };
    judge(registration);
    await wallets.checkOnChain(capabilities.wallet_address).catch(refuse);
    if (!(await isReachable(endpoint, reachabilityLimitMs)))
      throw new Refusal(400, `${endpoint}/health did not answer 200 within 5 s`);
    // Meanwhile the wallet’s word may have been taken back, or the name be another’s.
    const delegation = judge(registration);
    if (nodeKey !== null) books.claim(nodeId, nodeKey);
    checkPricedIn(capabilities.pricing.asset);
    wallets.bind(registration, delegation);
    nodes.set(
      nodeId,
      registeredNode(capabilities, nodeKey, now(), { before: nodes.get(nodeId), paidWith: parts.paidWith }),
    );
    queueMicrotask(parts.onNodeCame);
    return context.json({ node_id: nodeId, status: 'registered' });
  });

  app.post('/nodes/:id/health', async (context) => {
    const { node, body } = await caller.registered(context);
    checkInForce(node.capabilities.node_id);
    const health = parseForNode(nodeHealthSchema, body);
    node.lastSeenMs = now();
    node.online = takesWork(health.status);
    node.busy = health.status === 'busy';
    const pause = parts.maintenance();
    return context.json({ status: 'ok', ...(pause ? { pause } : {}) });
  });

  app.delete('/nodes/:id', async (context) => {
    const { node } = await caller.registered(context);
    nodes.delete(node.capabilities.node_id);
    return context.json({ status: 'deregistered' });
  });

  app.get('/nodes/:id/account', async (context) => {
    const { node } = await caller.registered(context);
    const { node_id: nodeId } = node.capabilities;
    const { voucheredAtomic, settledAtomic } = parts.channels.nodeSums(nodeId, parts.terms);
    return context.json({
      ...books.account(nodeId),
      vouchered_lamports: `${voucheredAtomic}`,
      settled_lamports: `${settledAtomic}`,
    });
  });

  app.post('/nodes/:id/receipts', async (context) => {
    const { node, key, body } = await caller.registered(context);
    checkInForce(node.capabilities.node_id);
    const { receipts } = parseForNode(receiptBatchSchema, body);
    return context.json(
      await parts.receipts.answer({ nodeId: node.capabilities.node_id, nodeKey: key }, receipts),
    );
  });

  /** A price in something else than what is paid would be taken for another one. */
  function checkPricedIn(asset = 'SOL'): void {
    const paid = parts.paidWith.asset;
    if (asset !== paid) throw new Refusal(422, `pricing.asset is ${asset}: this gateway pays with ${paid}`);
  }

  function judge(registration: Registration) {
    const { nodeId, nodeKey } = registration;
    const owner = books.ownerOf(nodeId);
    if (owner !== null && owner !== nodeKey) throw new Refusal(401, `node ${nodeId} belongs to another key`);
    try {
      return wallets.judge(registration);
    } catch (thrown) {
      return refuse(thrown);
    }
  }

  function checkInForce(nodeId: string): void {
    try {
      wallets.checkInForce(nodeId);
    } catch (thrown) {
      refuse(thrown);
    }
  }
}

function refuse(thrown: unknown): never {
  const error = toAppError(thrown);
  throw Refusal.because(error.code === 'wallet/invalid-address' ? 400 : 401, error);
}

function show(node: RegisteredNode) {
  const all = node.served + node.failed;
  // A wallet's word is for this gateway alone to read.
  const { delegation: _, payout_changes: _changes, ...capabilities } = node.capabilities;
  return {
    ...capabilities,
    status: node.online ? 'online' : 'offline',
    total_requests_served: node.served,
    success_rate: all === 0 ? 1 : node.served / all,
    average_response_time: node.averageSeconds,
    last_seen: new Date(node.lastSeenMs).toISOString(),
  };
}
