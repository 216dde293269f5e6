import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

interface Capabilities {
  node_id: string;
  endpoint_url: string;
  hardware: Record<string, number>;
  supported_models: string[];
}

const least: Record<string, number> = { cpu_cores: 1, ram_gb: 4, storage_gb: 100, network_speed_mbps: 10 };

/**
 * The public gateway as it behaves without this project's extensions, its odd corners included: FastAPI's 422 list, `{detail}`
 * for every other refusal, no signatures, no reports, no leaving, and a registry that a restart empties.
 */
export async function startPlainGateway(port = 0) {
  const nodes = new Map<string, Capabilities>();
  const calls: string[] = [];
  let oddAnswer: ((response: ServerResponse) => void) | null = null;

  const server = createServer(async (request, response) => {
    calls.push(`${request.method} ${request.url}`);
    if (oddAnswer) return oddAnswer(response);
    const [status, body] = await answer(request);
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });

  async function answer(request: IncomingMessage): Promise<[status: number, body: unknown]> {
    const { method, url = '/' } = request;
    const id = /^\/nodes\/([^/]+)$/.exec(url)?.[1];
    if (method === 'GET' && url === '/')
      return [200, { service: 'SolanaLM Gateway', version: '0.1.0', status: 'online', network_stats: {} }];
    if (method === 'GET' && url === '/health')
      return [200, { status: 'healthy', timestamp: new Date().toISOString() }];
    if (method === 'GET' && url === '/nodes') return [200, [...nodes.values()]];
    if (method === 'POST' && url === '/nodes/register') return register(await text(request));
    if (id && method === 'GET') {
      const node = nodes.get(decodeURIComponent(id));
      return node ? [200, node] : [404, { detail: 'Node not found' }];
    }
    if (id) return [405, { detail: 'Method Not Allowed' }];
    return [404, { detail: 'Not Found' }];
  }

  async function register(body: string): Promise<[status: number, body: unknown]> {
    const node = JSON.parse(body) as Capabilities;
    const low = Object.keys(least).find((name) => (node.hardware[name] ?? 0) < (least[name] ?? 0));
    if (low) {
      const msg = `Input should be greater than or equal to ${least[low]}`;
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
