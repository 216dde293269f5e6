import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A way through to a gateway that changes what it answers in JSON, for as long as it is not honest. */
export async function startLiar(targetUrl: string, lie: (path: string, answer: unknown) => unknown) {
  const liar = { url: '', isHonest: false, close: async () => {} };
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part);
    const path = request.url ?? '/';
    const { host: _host, connection: _connection, ...headers } = request.headers;
    const answer = await fetch(new URL(path, targetUrl), {
      method: request.method ?? 'GET',
      headers: headers as Record<string, string>,
      ...(parts.length > 0 ? { body: Buffer.concat(parts) } : {}),
    });
    const told = await answer.json();
    response.writeHead(answer.status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(liar.isHonest || !answer.ok ? told : lie(path, told)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  liar.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  liar.close = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return liar;
}
