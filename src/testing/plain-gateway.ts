import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

interface Capabilities {
  node_id: string;
  endpoint_url: string;
  hardware: Record<string, number>;
  supported_models: string[];
}

/** TrainingRound in either of the shapes that the core speaks. */
export interface CoreRound {
  round_id: string;
  model: string;
  start_time: string | number;
  duration_minutes: number;
  reward_per_node?: number;
  participating_nodes?: string[];
  status?: string;
  reward_sol?: number;
}

const least: Record<string, number> = { cpu_cores: 1, ram_gb: 4, storage_gb: 100, network_speed_mbps: 10 };

/**
 * The public gateway as it behaves without this project's extensions, its odd corners included: FastAPI's 422 list, `{detail}`
 * for every other refusal, no signatures, no reports, no leaving, and a registry that a restart empties.
 */
export async function startPlainGateway(port = 0, leastStorageGb = 100) {
  const nodes = new Map<string, Capabilities>();
  const calls: string[] = [];
  /** Rounds that `GET /training/status` lists, and those that a node may join, each with where its model is. */
  const listed: CoreRound[] = [];
  const joinable = new Map<string, { round: CoreRound; modelUrl: string }>();
  const models = new Map<string, Uint8Array>();
  const joins: unknown[] = [];
  let oddAnswer: ((response: ServerResponse) => void) | null = null;

  const server = createServer(async (request, response) => {
    calls.push(`${request.method} ${request.url}`);
    if (oddAnswer) return oddAnswer(response);
    const model = models.get(request.url ?? '');
    if (model) return response.writeHead(200, { 'content-type': 'application/octet-stream' }).end(model);
    const [status, body] = await answer(request);
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });

  async function answer(request: IncomingMessage): Promise<[status: number, body: unknown]> {
    const { method, url = '/' } = request;
    const id = /^\/nodes\/([^/]+)$/.exec(url)?.[1];
    if (method === 'GET' && url === '/')
      return [
        200,
        {
          service: 'SolanaLM Gateway',
          version: '0.1.0',
          status: 'online',
          network_stats: {},
          ...(leastStorageGb === 100 ? {} : { requirements: { ...least, storage_gb: leastStorageGb } }),
        },
      ];
    if (method === 'GET' && url === '/health')
      return [200, { status: 'healthy', timestamp: new Date().toISOString() }];
    if (method === 'GET' && url === '/nodes') return [200, [...nodes.values()]];
    if (method === 'GET' && url === '/training/status')
      return [200, { active_rounds: listed, total_rounds: joinable.size, participating_nodes: nodes.size }];
    if (method === 'POST' && url === '/training/join') return joinRound(JSON.parse(await text(request)));
    if (method === 'POST' && url === '/nodes/register') return register(await text(request));
    if (id && method === 'GET') {
      const node = nodes.get(decodeURIComponent(id));
      return node ? [200, node] : [404, { detail: 'Node not found' }];
    }
    if (id) return [405, { detail: 'Method Not Allowed' }];
    return [404, { detail: 'Not Found' }];
  }

  /** The newest round of the model, as JoinRequest names it. */
  function joinRound(body: { model_name: string }): [status: number, body: unknown] {
    joins.push(body);
    const found = [...joinable.values()].filter(({ round }) => round.model === body.model_name).at(-1);
    if (!found) return [404, { detail: 'No active training round for this model' }];
    const { round, modelUrl } = found;
    const started =
      typeof round.start_time === 'number' ? round.start_time * 1000 : Date.parse(round.start_time);
    return [
      200,
      {
        status: 'joined',
        round_id: round.round_id,
        model_download_url: modelUrl,
        deadline: new Date(started + round.duration_minutes * 60_000).toISOString(),
        expected_reward: round.reward_sol ?? round.reward_per_node ?? 0,
      },
    ];
  }

  const endpoint = () => [...nodes.values()].at(-1)?.endpoint_url ?? '';

  async function register(body: string): Promise<[status: number, body: unknown]> {
    const node = JSON.parse(body) as Capabilities;
    const wanted: Record<string, number> = { ...least, storage_gb: leastStorageGb };
    const low = Object.keys(wanted).find((name) => (node.hardware[name] ?? 0) < (wanted[name] ?? 0));
    if (low) {
      const msg = `Input should be greater than or equal to ${wanted[low]}`;
      return [422, { detail: [{ type: 'greater_than_equal', loc: ['body', 'hardware', low], msg }] }];
    }
    const reachable = await fetch(`${node.endpoint_url}/health`, { signal: AbortSignal.timeout(5000) }).then(
      ({ status }) => status === 200,
      () => false,
    );
    if (!reachable) return [400, { detail: 'Node health check failed' }];
    nodes.set(node.node_id, node);
    return [200, { node_id: node.node_id, status: 'registered' }];
  }

  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    nodes,
    /** `METHOD path` of each call, in order. */
    calls,
    /** Answers every call so, until it is set back to null. */
    answerOddly(odd: typeof oddAnswer) {
      oddAnswer = odd;
    },
    /** Bodies of `POST /training/join`, in order. */
    joins,
    /** Keeps a round that nodes may join; its model is here, or where `modelUrl` says. */
    addRound(round: CoreRound, model: Uint8Array, modelUrl?: string) {
      const path = `/models/${joinable.size}.bin`;
      models.set(path, model);
      joinable.set(round.round_id, { round, modelUrl: modelUrl ?? url + path });
    },
    /** `GET /training/status` lists it from now on. */
    list: (round: CoreRound) => void listed.push(round),
    /** Calls the node's own API, as the gateway does: unsigned. */
    push: (path: string, body: unknown) =>
      fetch(endpoint() + path, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
    pull: (path: string) => fetch(endpoint() + path),
    /** Pushes a request to the node that serves the model, as the gateway does: unsigned, 60 s. */
    async infer(model: string, prompt: string): Promise<{ status: number; body: Record<string, unknown> }> {
      const node = [...nodes.values()].find(({ supported_models }) => supported_models.includes(model));
      const response = await fetch(`${node?.endpoint_url}/inference`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          request_id: crypto.randomUUID(),
          model,
          prompt,
          max_tokens: 100,
          temperature: 0.7,
          top_p: 0.9,
          wallet_address: 'payer-wallet',
          metadata: {},
        }),
        signal: AbortSignal.timeout(60_000),
      });
      return { status: response.status, body: (await response.json()) as Record<string, unknown> };
    },
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}
