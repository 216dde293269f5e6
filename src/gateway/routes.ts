import { randomUUID } from 'node:crypto';
import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { z } from 'zod';
import { AppError } from '#contract/errors.ts';
import { toAppError } from '#contract/result.ts';
import { coreError, openAiError } from '#contract/wire/error-answers.ts';
import { inferenceRequestSchema, inferenceResponseSchema } from '#contract/wire/inference.ts';
import {
  type extensionNames,
  type HardwareMinimum,
  nodeCapabilitiesSchema,
  nodeHealthSchema,
} from '#contract/wire/node-capabilities.ts';
import { type ReceiptVerdict, receiptBatchSchema, type SignedReceipt } from '#contract/wire/receipt.ts';
import type { Books } from './books.ts';
import { type GatewayKey, sha256Hex } from './ed25519.ts';
import { createNodeSignatureCheck } from './node-signature.ts';
import { isReachable } from './node-watch.ts';
import { checkReceipt } from './receipt-check.ts';
import { type RegisteredNode, registeredNode, scoreOf } from './registry.ts';
import { type Relay, requestTimeLimitMs } from './relay.ts';

const spoken = [
  'signed-nodes',
  'health-report',
  'deregister',
  'streaming',
  'receipts',
] satisfies (typeof extensionNames)[number][];
const reachabilityLimitMs = 5000;
const relaySettleMs = 3000;
const mostBodyBytes = 5_000_000;
const periodsMs: Record<string, number> = {
  last_7_days: 7 * 86_400_000,
  last_30_days: 30 * 86_400_000,
  all_time: Number.MAX_SAFE_INTEGER,
};

/** A core answer in the shape `{detail}` that registering nodes expect. */
class Refusal extends Error {
  readonly status: 400 | 401 | 404 | 422;
  constructor(status: 400 | 401 | 404 | 422, detail: string) {
    super(detail);
    this.status = status;
  }
}

/** The gateway's HTTP routes: the network's core, and the extensions of this project. */
export function createGatewayRoutes(parts: {
  key: GatewayKey;
  nodes: Map<string, RegisteredNode>;
  books: Books;
  relay: Relay;
  requirements: HardwareMinimum;
  creditLimitLamports: bigint;
  onNodeCame(): void;
}): Hono {
  const { key, nodes, books, relay } = parts;
  const app = new Hono();
  const checkSignature = createNodeSignatureCheck(() => Date.now());
  const startedAt = Date.now();
  let requests = 0;

  app.use(
    bodyLimit({
      maxSize: mostBodyBytes,
      onError: () => {
        throw new AppError('request/too-large', 'The request is over 5 MB.');
      },
    }),
  );
  app.onError((thrown, context) => {
    if (thrown instanceof Refusal) return context.json({ detail: thrown.message }, thrown.status);
    const error = toAppError(thrown);
    if (error.retryAfterSeconds !== undefined) context.header('retry-after', `${error.retryAfterSeconds}`);
    const status = error.status as 500;
    const isOpenAi = context.req.path.startsWith('/v1/');
    return context.json(isOpenAi ? openAiError(error) : coreError(error), status);
  });
  app.notFound((context) =>
    context.json(
      coreError(new AppError('request/not-found', `There is nothing at ${context.req.path}.`)),
      404,
    ),
  );

  const online = () => [...nodes.values()].filter((node) => node.online);
  const show = (node: RegisteredNode) => ({
    ...node.capabilities,
    status: node.online ? 'online' : 'offline',
    total_requests_served: node.served,
    success_rate: node.served + node.failed === 0 ? 1 : node.served / (node.served + node.failed),
    average_response_time: node.averageSeconds,
    last_seen: new Date(node.lastSeenMs).toISOString(),
  });

  app.get('/', (context) =>
    context.json({
      service: 'SolanaLM Gateway (local test network)',
      version: '0.1.0',
      status: 'online',
      network_stats: {
        nodes_online: online().length,
        requests,
        uptime_seconds: Math.floor((Date.now() - startedAt) / 1000),
      },
      extensions: spoken,
      public_key: key.publicKey,
      network: 'test-credits',
      requirements: parts.requirements,
    }),
  );
  app.get('/health', (context) => context.json({ status: 'healthy', timestamp: new Date().toISOString() }));
  app.get('/nodes', (context) => context.json([...nodes.values()].map(show)));
  app.get('/nodes/:id', (context) => context.json(show(nodeOf(context.req.param('id')))));

  app.post('/nodes/register', async (context) => {
    const body = new Uint8Array(await context.req.arrayBuffer());
    const nodeKey = signerOf(context, body);
    const parsed = nodeCapabilitiesSchema.safeParse(json(body));
    if (!parsed.success) {
      const issue = parsed.error.issues[0];
      throw new Refusal(422, `${issue?.path.join('.') || 'body'}: ${issue?.message}`);
    }
    const capabilities = parsed.data;
    for (const [name, least] of Object.entries(parts.requirements)) {
      const has = capabilities.hardware[name as keyof HardwareMinimum];
      if (has < least) throw new Refusal(422, `hardware.${name}: ${has} is below ${least}`);
    }
    const before = nodes.get(capabilities.node_id);
    if (before?.key && before.key !== nodeKey)
      throw new Refusal(401, `node ${capabilities.node_id} is registered with another key`);
    if (!(await isReachable(capabilities.endpoint_url, reachabilityLimitMs)))
      throw new Refusal(400, `${capabilities.endpoint_url}/health did not answer 200 within 5 s`);
    nodes.set(capabilities.node_id, registeredNode(capabilities, nodeKey, Date.now()));
    queueMicrotask(parts.onNodeCame);
    return context.json({ node_id: capabilities.node_id, status: 'registered' });
  });

  app.post('/nodes/:id/health', async (context) => {
    const { node, body } = await signedCall(context);
    const health = nodeHealthSchema.safeParse(json(body));
    if (!health.success)
      throw new Refusal(422, `${health.error.issues[0]?.path.join('.')}: ${health.error.issues[0]?.message}`);
    node.lastSeenMs = Date.now();
    node.online = health.data.status === 'online' || health.data.status === 'busy';
    return context.json({ status: 'ok' });
  });
  app.delete('/nodes/:id', async (context) => {
    await signedCall(context);
    nodes.delete(context.req.param('id'));
    return context.json({ status: 'deregistered' });
  });
  app.get('/nodes/:id/account', async (context) => {
    await signedCall(context);
    return context.json(books.account(context.req.param('id')));
  });
  app.post('/nodes/:id/receipts', async (context) => {
    const { node, body } = await signedCall(context);
    const batch = receiptBatchSchema.safeParse(json(body));
    if (!batch.success)
      throw new Refusal(422, `${batch.error.issues[0]?.path.join('.')}: ${batch.error.issues[0]?.message}`);
    const results: ReceiptVerdict[] = [];
    for (const signed of batch.data.receipts) results.push(await answerReceipt(node, signed));
    return context.json({ results });
  });

  async function answerReceipt(node: RegisteredNode, signed: SignedReceipt): Promise<ReceiptVerdict> {
    const requestId = signed.receipt.request_id;
    // The node books before its last frame: its receipt may be here before our relay has read that frame.
    await Promise.race([
      relay.settled(requestId),
      new Promise((resolve) => setTimeout(resolve, relaySettleMs).unref()),
    ]);
    const known = books.verdict(requestId);
    if (known) return known;
    const expected = {
      nodeId: node.capabilities.node_id,
      nodeKey: node.key ?? '',
      gatewayKey: key.publicKey,
    };
    const verdict = checkReceipt(signed, expected, books);
    books.recordVerdict(signed, verdict);
    return verdict;
  }

  app.get('/v1/models', (context) => {
    const models = [...new Set(online().flatMap(({ capabilities }) => capabilities.supported_models))];
    return context.json({
      object: 'list',
      data: models.map((id) => ({
        id,
        object: 'model',
        created: Math.floor(startedAt / 1000),
        owned_by: 'solanalm',
      })),
    });
  });
  for (const path of ['/v1/chat/completions', '/v1/completions'] as const)
    app.post(path, async (context) => {
      requests += 1;
      const payer = payerOf(context);
      const body = z
        .looseObject({ model: z.string().min(1).max(256) })
        .safeParse(jsonOrThrow(await context.req.arrayBuffer()));
      if (!body.success)
        throw new AppError('request/invalid', 'model: a model’s name is needed', {
          data: { field: 'model' },
        });
      return relay.relay({
        path,
        model: body.data.model,
        body: body.data,
        requestId: `gw-${randomUUID()}`,
        payer,
        signal: context.req.raw.signal,
      });
    });

  app.post('/inference', async (context) => {
    requests += 1;
    const parsed = inferenceRequestSchema.safeParse(jsonOrThrow(await context.req.arrayBuffer()));
    if (!parsed.success) {
      const issue = parsed.error.issues[0];
      const field = issue?.path.join('.') ?? '';
      throw new AppError('request/invalid', `${field}: ${issue?.message}`, { data: { field } });
    }
    const payer = parsed.data.wallet_address || payerOf(context);
    checkCredit(payer);
    const requestId = `gw-${randomUUID()}`;
    const body = JSON.stringify({ ...parsed.data, request_id: requestId });
    const job = { requestId, payer, deadlineMs: Date.now() + requestTimeLimitMs };
    const { node, response, close } = await relay.open(parsed.data.model, job, { path: '/inference', body });
    const answer = inferenceResponseSchema.safeParse(await response.json().catch(() => null));
    close(response.ok && answer.success);
    if (!response.ok || !answer.success)
      throw new AppError('gateway/node-failed', 'The node could not answer the request.');
    books.record({
      requestId,
      nodeId: node.capabilities.node_id,
      payer,
      model: parsed.data.model,
      inputSha256: sha256Hex(body),
      outputSha256: sha256Hex(answer.data.response),
      promptTokens: answer.data.tokens_prompt ?? 0,
      generatedTokens: answer.data.tokens_generated,
      pricing: node.pricing,
      state: 'done',
    });
    return context.json({ ...answer.data, request_id: parsed.data.request_id });
  });

  app.get('/analytics/usage', (context) => {
    const sinceMs = Math.max(
      0,
      Date.now() - (periodsMs[context.req.query('period') ?? 'all_time'] ?? Number.MAX_SAFE_INTEGER),
    );
    const usage = books.usageOf(context.req.query('wallet_address') ?? '', sinceMs);
    return context.json({
      total_requests: usage.requests,
      total_tokens: usage.tokens,
      total_cost_sol: Number(usage.lamports) / 1e9,
    });
  });
  app.get('/training/status', (context) =>
    context.json({ active_rounds: [], status: 'no rounds on this network' }),
  );
  app.get('/metrics', (context) =>
    context.text(
      [
        '# TYPE solanalm_gateway_requests_total counter',
        `solanalm_gateway_requests_total ${requests}`,
        '# TYPE solanalm_gateway_nodes_online gauge',
        `solanalm_gateway_nodes_online ${online().length}`,
        '# TYPE solanalm_gateway_node_score gauge',
        ...[...nodes.values()].map(
          (node) =>
            `solanalm_gateway_node_score{node="${node.capabilities.node_id.replace(/[\\"\n]/g, '')}"} ${scoreOf(node)}`,
        ),
        '',
      ].join('\n'),
    ),
  );

  function payerOf(context: Context): string {
    const bearer = /^Bearer (?:sk-)?(.{1,128})$/.exec(context.req.header('authorization') ?? '')?.[1];
    if (!bearer)
      throw new AppError('auth/missing', 'Send your wallet as “Authorization: Bearer sk-<wallet>”.');
    checkCredit(bearer);
    return bearer;
  }

  function checkCredit(payer: string): void {
    if (books.spentBy(payer) >= parts.creditLimitLamports)
      throw new AppError('gateway/insufficient-funds', `The test credits of ${payer} are used up.`);
  }

  function nodeOf(id: string): RegisteredNode {
    const node = nodes.get(id);
    if (!node) throw new Refusal(404, `node ${id} is not registered`);
    return node;
  }

  function signerOf(context: Context, body: Uint8Array): string | null {
    try {
      return checkSignature({
        method: context.req.method,
        path: context.req.path,
        header: (name) => context.req.header(name),
        body,
      });
    } catch (thrown) {
      throw new Refusal(401, toAppError(thrown).message);
    }
  }

  async function signedCall(context: Context): Promise<{ node: RegisteredNode; body: Uint8Array }> {
    const body = new Uint8Array(await context.req.arrayBuffer());
    const node = nodeOf(context.req.param('id') ?? '');
    if (node.key === null || signerOf(context, body) !== node.key)
      throw new Refusal(401, 'this call needs the signature of the node’s own key');
    return { node, body };
  }

  return app;
}

function json(body: Uint8Array | ArrayBuffer): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(body));
  } catch {
    return undefined;
  }
}

function jsonOrThrow(body: ArrayBuffer): unknown {
  const parsed = json(body);
  if (parsed === undefined) throw new AppError('request/malformed-json', 'The body is not JSON.');
  return parsed;
}
