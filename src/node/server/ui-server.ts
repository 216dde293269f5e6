import { randomBytes, timingSafeEqual } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { WebSocketServer } from 'ws';
import { AppError } from '#contract/errors.ts';
import type { ContractServer } from './contract-server.ts';

const mimeTypes: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
  '.json': 'application/json',
};

const securityHeaders = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
};

export interface UiServer {
  /** Loopback address with a token in its fragment that opens one session, once. */
  url: string;
  close(): Promise<void>;
}

/**
 * Serves the app's pages and the contract to a browser on this computer. The token is good once; the session it opens
 * is a strict same-site cookie. Host and Origin must be this very server, which stops other sites and DNS rebinding.
 */
export async function startUiServer(options: {
  rendererDir: string;
  contract: ContractServer;
  port: number;
}): Promise<UiServer> {
  let token: string | null = randomBytes(32).toString('base64url');
  const session = randomBytes(32).toString('base64url');
  const sockets = new WebSocketServer({ noServer: true, maxPayload: 1_000_000 });
  let origin = '';
  let cookieName = '';

  const server = createServer((request, response) => {
    for (const [name, value] of Object.entries(securityHeaders)) response.setHeader(name, value);
    if (`http://${request.headers.host}` !== origin) return end(response, 421);
    const path = new URL(request.url ?? '/', origin).pathname;
    if (request.method === 'POST' && path === '/ui/session') return void openSession(request, response);
    if (path === '/ui/session') return end(response, hasSession(request) ? 204 : 401);
    if (request.method !== 'GET' && request.method !== 'HEAD') return end(response, 405);
    void serveFile(options.rendererDir, path === '/' ? '/index.html' : path, request, response);
  });

  async function openSession(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.headers.origin !== origin) return end(response, 403);
    const given = await readSmallBody(request);
    if (hasSession(request)) return end(response, 204);
    if (given === null || token === null || !sameText(tokenOf(given), token)) return end(response, 401);
    token = null;
    response.setHeader('set-cookie', `${cookieName}=${session}; HttpOnly; SameSite=Strict; Path=/`);
    end(response, 204);
  }

  const hasSession = (request: IncomingMessage) =>
    (request.headers.cookie ?? '')
      .split(';')
      .some((cookie) => sameText(cookie.trim(), `${cookieName}=${session}`));

  server.on('upgrade', (request, socket, head) => {
    const rightPlace = request.url === '/ui/ws' && `http://${request.headers.host}` === origin;
    if (!rightPlace || request.headers.origin !== origin || !hasSession(request)) {
      socket.end('HTTP/1.1 401 Unauthorized\r\nConnection: close\r\n\r\n');
      return;
    }
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      const disconnect = options.contract.connect({
        post: (message) => webSocket.send(JSON.stringify(message)),
        on: (listener) => webSocket.on('message', (data) => listener(parse(String(data)))),
      });
      webSocket.on('close', disconnect);
      webSocket.on('error', () => webSocket.terminate());
    });
  });

  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        error.code === 'EADDRINUSE'
          ? new AppError('server/port-in-use', `Port ${options.port} is in use by another program.`, {
              data: { port: options.port },
            })
          : error,
      ),
    );
    server.listen(options.port, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  origin = `http://127.0.0.1:${port}`;
  cookieName = `solanalm-session-${port}`;

  return {
    url: `${origin}/#token=${token}`,
    close() {
      for (const webSocket of sockets.clients) webSocket.terminate();
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

async function serveFile(
  dir: string,
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const file = normalize(join(dir, decodePath(path)));
  const mime = mimeTypes[extname(file)];
  const info = file.startsWith(normalize(dir)) && mime ? await stat(file).catch(() => null) : null;
  if (!info?.isFile() || !mime) return end(response, 404);
  response.writeHead(200, { 'content-type': mime, 'content-length': info.size });
  if (request.method === 'HEAD') response.end();
  else createReadStream(file).pipe(response);
}

function decodePath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return '/';
  }
}

function end(response: ServerResponse, status: number): void {
  response.statusCode = status;
  response.end();
}

/** The body as text, or null when it is over 4 KiB. */
async function readSmallBody(request: IncomingMessage): Promise<string | null> {
  let body = '';
  for await (const chunk of request) {
    body += String(chunk);
    if (body.length > 4096) return null;
  }
  return body;
}

function tokenOf(body: string): string {
  const parsed = parse(body) as { token?: unknown } | null;
  return typeof parsed?.token === 'string' ? parsed.token : '';
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function sameText(a: string, b: string): boolean {
  const left = Buffer.from(a);
  const right = Buffer.from(b);
  return left.length === right.length && timingSafeEqual(left, right);
}
