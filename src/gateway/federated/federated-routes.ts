import type { Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { AppError } from '#contract/errors.ts';
import {
  joinRequestSchema,
  postedStageSchema,
  type RoundStage,
  roundStageSchema,
} from '#contract/federated/rounds.ts';
import { nodeHeaders } from '#contract/wire/signed-request.ts';
import type { NodeSignatureCheck } from '../node-signature.ts';
import { parseForClient } from '../refusal.ts';
import type { RegisteredNode } from '../registry.ts';
import type { Coordinator } from './coordinator.ts';

const longestWaitMs = 8000;

/** An update is bounded by its model, not by the limit of other bodies. */
export const isUpdatePath = (path: string): boolean => /^\/federated\/rounds\/[^/]+\/update$/.test(path);

/**
 * Extension `federated` over HTTP. Every call is signed. Tasks, models and joining are for registered nodes; a round is for the keys
 * that were selected for it, also after a restart, when no node has registered yet.
 */
export function addFederatedRoutes(
  app: Hono,
  parts: {
    nodes: Map<string, RegisteredNode>;
    coordinator: Coordinator;
    checkSignature: NodeSignatureCheck;
    now(): number;
  },
): void {
  const { nodes, coordinator, checkSignature, now } = parts;

  app.get('/federated/tasks', async (context) => {
    await registeredCall(context);
    return context.json({ tasks: coordinator.offered() });
  });

  app.post('/federated/join', async (context) => {
    const { node, nodeKey, body } = await registeredCall(context);
    const request = parseForClient(joinRequestSchema, body);
    const { node_id: nodeId, hardware } = node.capabilities;
    return context.json(coordinator.join({ nodeKey, nodeId, processors: hardware.cpu_cores }, request));
  });

  app.get('/federated/models/:sha256', async (context) => {
    await registeredCall(context);
    return new Response(new Uint8Array(coordinator.model(context.req.param('sha256'))), {
      headers: { 'content-type': 'application/octet-stream' },
    });
  });

  app.get('/federated/rounds/:id', async (context) => {
    const { nodeKey } = await signedCall(context);
    const after = roundStageSchema.safeParse(context.req.query('after'));
    const wait: { after: RoundStage | null; waitMs: number; signal: AbortSignal } = {
      after: after.success ? after.data : null,
      waitMs: longestWaitMs,
      signal: context.req.raw.signal,
    };
    return context.json(await coordinator.state(context.req.param('id'), nodeKey, wait));
  });

  app.delete('/federated/rounds/:id', async (context) => {
    const { nodeKey } = await signedCall(context);
    coordinator.leave(context.req.param('id'), nodeKey);
    return context.json({ status: 'left' });
  });

  app.post(
    '/federated/rounds/:id/:stage',
    (context, next) => {
      if (!isUpdatePath(context.req.path)) return next();
      const claimed = context.req.header(nodeHeaders.key) ?? '';
      const maxSize = coordinator.mostUpdateBytes(context.req.param('id'), claimed);
      return bodyLimit({
        maxSize,
        onError: () => {
          throw new AppError('request/too-large', `An update of this round has at most ${maxSize} bytes.`);
        },
      })(context, next);
    },
    async (context) => {
      const { nodeKey, body } = await signedCall(context);
      const stage = postedStageSchema.safeParse(context.req.param('stage'));
      if (!stage.success) throw new AppError('request/not-found', `There is nothing at ${context.req.path}.`);
      return context.json(coordinator.receive(context.req.param('id'), stage.data, nodeKey, body));
    },
  );

  async function signedCall(context: Context): Promise<{ nodeKey: string; body: Uint8Array<ArrayBuffer> }> {
    const arrivedMs = now();
    const body = new Uint8Array(await context.req.arrayBuffer());
    const { pathname, search } = new URL(context.req.url);
    const nodeKey = checkSignature({
      method: context.req.method,
      path: pathname + search,
      header: (name) => context.req.header(name),
      body,
      arrivedMs,
    });
    if (nodeKey !== null) return { nodeKey, body };
    throw new AppError('auth/missing', 'This call needs the signature of the node’s own key.');
  }

  async function registeredCall(context: Context) {
    const call = await signedCall(context);
    const node = [...nodes.values()].find(({ key }) => key === call.nodeKey);
    if (node) return { ...call, node };
    throw new AppError('gateway/not-registered', 'No node is registered with this key.');
  }
}
