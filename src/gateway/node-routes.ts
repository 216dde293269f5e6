import type { Context, Hono } from 'hono';
import { toAppError } from '#contract/result.ts';
import {
  type HardwareMinimum,
  nodeCapabilitiesSchema,
  nodeHealthSchema,
} from '#contract/wire/node-capabilities.ts';
import { receiptBatchSchema } from '#contract/wire/receipt.ts';
import type { Books } from './books.ts';
import type { Maintenance } from './maintenance.ts';
import { createNodeSignatureCheck } from './node-signature.ts';
import { isReachable } from './node-watch.ts';
import type { ReceiptDesk } from './receipt-desk.ts';
import { parseForNode, Refusal } from './refusal.ts';
import { type RegisteredNode, registeredNode, takesWork } from './registry.ts';

const reachabilityLimitMs = 5000;

/** What nodes call: register, report health, hand in receipts, read their account, leave. */
export function addNodeRoutes(
  app: Hono,
  parts: {
    nodes: Map<string, RegisteredNode>;
    books: Books;
    receipts: ReceiptDesk;
    requirements: HardwareMinimum;
    now(): number;
    /** Until when nodes are to rest, and why; null: they are not. */
    maintenance(): Maintenance | null;
    onNodeCame(): void;
  },
): void {
  const { nodes, books, now } = parts;
  const checkSignature = createNodeSignatureCheck(now);

  app.get('/nodes', (context) => context.json([...nodes.values()].map(show)));
  app.get('/nodes/:id', (context) => context.json(show(nodeOf(context.req.param('id')))));

  app.post('/nodes/register', async (context) => {
    const body = new Uint8Array(await context.req.arrayBuffer());
    const nodeKey = signerOf(context, body);
    const capabilities = parseForNode(nodeCapabilitiesSchema, body);
    const { node_id: nodeId, endpoint_url: endpoint } = capabilities;
    for (const [name, least] of Object.entries(parts.requirements)) {
      const has = capabilities.hardware[name as keyof HardwareMinimum];
      if (has < least) throw new Refusal(422, `hardware.${name}: ${has} is below ${least}`);
    }
    const owner = books.ownerOf(nodeId);
    if (owner !== null && owner !== nodeKey) throw new Refusal(401, `node ${nodeId} belongs to another key`);
    if (!(await isReachable(endpoint, reachabilityLimitMs)))
      throw new Refusal(400, `${endpoint}/health did not answer 200 within 5 s`);
    if (nodeKey !== null) books.claim(nodeId, nodeKey);
    nodes.set(nodeId, registeredNode(capabilities, nodeKey, now(), nodes.get(nodeId)));
    queueMicrotask(parts.onNodeCame);
    return context.json({ node_id: nodeId, status: 'registered' });
  });

  app.post('/nodes/:id/health', async (context) => {
    const { node, body } = await signedCall(context);
    const health = parseForNode(nodeHealthSchema, body);
    node.lastSeenMs = now();
    node.online = takesWork(health.status);
    node.busy = health.status === 'busy';
    const pause = parts.maintenance();
    return context.json({ status: 'ok', ...(pause ? { pause } : {}) });
  });

  app.delete('/nodes/:id', async (context) => {
    const { node } = await signedCall(context);
    nodes.delete(node.capabilities.node_id);
    return context.json({ status: 'deregistered' });
  });

  app.get('/nodes/:id/account', async (context) => {
    const { node } = await signedCall(context);
    return context.json(books.account(node.capabilities.node_id));
  });

  app.post('/nodes/:id/receipts', async (context) => {
    const { node, key, body } = await signedCall(context);
    const { receipts } = parseForNode(receiptBatchSchema, body);
    return context.json({
      results: await parts.receipts.answer({ nodeId: node.capabilities.node_id, nodeKey: key }, receipts),
    });
  });

  function nodeOf(id: string): RegisteredNode {
    const node = nodes.get(id);
    if (!node) throw new Refusal(404, `node ${id} is not registered`);
    return node;
  }

  function signerOf(context: Context, body: Uint8Array): string | null {
    const { pathname, search } = new URL(context.req.url);
    try {
      return checkSignature({
        method: context.req.method,
        path: pathname + search,
        header: (name) => context.req.header(name),
        body,
      });
    } catch (thrown) {
      throw new Refusal(401, toAppError(thrown).message);
    }
  }

  async function signedCall(
    context: Context,
  ): Promise<{ node: RegisteredNode; key: string; body: Uint8Array }> {
    const body = new Uint8Array(await context.req.arrayBuffer());
    const node = nodeOf(context.req.param('id') ?? '');
    const key = signerOf(context, body);
    if (key === null || key !== node.key)
      throw new Refusal(401, 'this call needs the signature of the node’s own key');
    return { node, key, body };
  }
}

function show(node: RegisteredNode) {
  const all = node.served + node.failed;
  return {
    ...node.capabilities,
    status: node.online ? 'online' : 'offline',
    total_requests_served: node.served,
    success_rate: all === 0 ? 1 : node.served / all,
    average_response_time: node.averageSeconds,
    last_seen: new Date(node.lastSeenMs).toISOString(),
  };
}
