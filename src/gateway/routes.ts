import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { AppError } from '#contract/errors.ts';
import type { PricedIn } from '#contract/money.ts';
import { toAppError } from '#contract/result.ts';
import { coreError, openAiError } from '#contract/wire/error-answers.ts';
import type { extensionNames, HardwareMinimum } from '#contract/wire/node-capabilities.ts';
import type { Books } from './books.ts';
import { addClientRoutes } from './client-routes.ts';
import type { GatewayKey } from './ed25519.ts';
import type { Coordinator } from './federated/coordinator.ts';
import { addFederatedRoutes, isUpdatePath } from './federated/federated-routes.ts';
import { trainingMetrics } from './federated/training-metrics.ts';
import { addTrainingRoutes } from './federated/training-routes.ts';
import type { Maintenance } from './maintenance.ts';
import { createNodeCaller } from './node-caller.ts';
import { addNodeRoutes } from './node-routes.ts';
import type { NodeSignatureCheck } from './node-signature.ts';
import type { ReceiptDesk } from './receipt-desk.ts';
import { Refusal } from './refusal.ts';
import { type RegisteredNode, scoreOf } from './registry.ts';
import type { Relay } from './relay.ts';
import type { ChannelBook, ChannelTerms } from './settlement/channel-book.ts';
import type { OpenSettlement } from './settlement/open-settlement.ts';
import type { PayoutWallets } from './settlement/payout-wallets.ts';
import { addSettlementRoutes } from './settlement/settlement-routes.ts';
import type { VoucherDesk } from './settlement/voucher-desk.ts';

const spoken = [
  'signed-nodes',
  'health-report',
  'deregister',
  'streaming',
  'receipts',
  'vouchers',
  'federated',
] satisfies (typeof extensionNames)[number][];
const mostBodyBytes = 5_000_000;

/** The gateway's HTTP routes: the network's core, and the extensions of this project. */
export function createGatewayRoutes(parts: {
  key: GatewayKey;
  nodes: Map<string, RegisteredNode>;
  books: Books;
  relay: Relay;
  receipts: ReceiptDesk;
  coordinator: Coordinator;
  checkSignature: NodeSignatureCheck;
  channels: ChannelBook;
  vouchers: VoucherDesk;
  wallets: PayoutWallets;
  /** Null without a chain: credits of a test. */
  settlement: OpenSettlement | null;
  terms: ChannelTerms;
  /** What nodes' prices are in. */
  paidWith: PricedIn;
  requirements: HardwareMinimum;
  creditLimitLamports: bigint;
  now(): number;
  maintenance(): Maintenance | null;
  onNodeCame(): void;
}): Hono {
  const { key, nodes, settlement, now } = parts;
  const caller = createNodeCaller(parts);
  const app = new Hono();
  const startedMs = now();
  let requests = 0;
  const onlineCount = () => [...nodes.values()].filter((node) => node.online).length;

  const limit = bodyLimit({
    maxSize: mostBodyBytes,
    onError: () => {
      throw new AppError('request/too-large', 'The request is over 5 MB.');
    },
  });
  app.use((context, next) => (isUpdatePath(context.req.path) ? next() : limit(context, next)));
  app.onError((thrown, context) => {
    if (thrown instanceof Refusal) return context.json({ detail: thrown.message }, thrown.status);
    const error = toAppError(thrown);
    if (error.retryAfterSeconds !== undefined) context.header('retry-after', `${error.retryAfterSeconds}`);
    const isOpenAi = context.req.path.startsWith('/v1/');
    return context.json(isOpenAi ? openAiError(error) : coreError(error), error.status as 500);
  });
  app.notFound((context) => {
    const error = new AppError('request/not-found', `There is nothing at ${context.req.path}.`);
    return context.json(coreError(error), 404);
  });

  app.get('/', (context) =>
    context.json({
      service: settlement ? 'SolanaLM Gateway' : 'SolanaLM Gateway (local test network)',
      version: '0.1.0',
      status: 'online',
      network_stats: {
        nodes_online: onlineCount(),
        requests,
        uptime_seconds: Math.floor((now() - startedMs) / 1000),
      },
      extensions: settlement ? [...spoken, 'settlement'] : spoken,
      public_key: key.publicKey,
      network: settlement?.terms.cluster ?? 'test-credits',
      ...(settlement ? { settlement: settlement.terms } : {}),
      requirements: parts.requirements,
    }),
  );
  app.get('/health', (context) =>
    context.json({ status: 'healthy', timestamp: new Date(now()).toISOString() }),
  );
  app.get('/metrics', (context) =>
    context.text(
      [
        '# TYPE solanalm_gateway_requests_total counter',
        `solanalm_gateway_requests_total ${requests}`,
        '# TYPE solanalm_gateway_nodes_online gauge',
        `solanalm_gateway_nodes_online ${onlineCount()}`,
        '# TYPE solanalm_gateway_node_score gauge',
        ...[...nodes.values()].map((node) => {
          const id = node.capabilities.node_id.replace(/[\\"\n]/g, '');
          return `solanalm_gateway_node_score{node="${id}"} ${scoreOf(node)}`;
        }),
        ...trainingMetrics(parts.coordinator),
        '',
      ].join('\n'),
    ),
  );

  addNodeRoutes(app, { ...parts, caller });
  addSettlementRoutes(app, { ...parts, caller, engine: settlement?.engine ?? null });
  addFederatedRoutes(app, parts);
  addTrainingRoutes(app, parts);
  addClientRoutes(app, {
    ...parts,
    onRequest: () => {
      requests += 1;
    },
  });
  return app;
}
