import { randomBytes, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AppError } from '#contract/errors.ts';
import { walletPageHeaders } from '#contract/wallet-page.ts';
import type { PageFile, PageFiles } from './page-files.ts';
import type { Channel, OpenQuestion } from './wallet-page.ts';

/** Fixed, for a wallet remembers whom it trusts by origin, and a port is part of it. */
export const walletPagePorts = [43117, 43118, 43119] as const;
const mostBodyBytes = 64 * 1024;
const headersTimeoutMs = 5000;
const requestTimeoutMs = 10_000;
const mostConnections = 32;
/** What an answer's own reply gets to arrive before connections are cut. */
const lingerMs = 1000;

/**
 * Listens on the first free of `ports` on this computer alone. Whoever comes needs the exact host, no foreign origin, and, for the
 * question and its answer, the one-time token. Throws `wallet/no-port`.
 */
export async function openPageServer(
  files: PageFiles,
  question: OpenQuestion,
  ports: readonly number[] = walletPagePorts,
): Promise<Channel> {
  const pageId = randomBytes(12).toString('base64url');
  const token = randomBytes(32).toString('base64url');
  let isOver = false;
  let host = '';
  const server = createServer({ connectionsCheckingInterval: 1000 }, (request, response) => {
    void answer(request, response).catch(() => request.socket.destroy());
  });
  server.headersTimeout = headersTimeoutMs;
  server.requestTimeout = requestTimeoutMs;
  server.keepAliveTimeout = 1000;
  server.maxConnections = mostConnections;
  // One that speaks no HTTP, or too slowly, is not worth an explanation.
  server.on('clientError', (_error, socket) => socket.destroy());

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const refusal = refusalOf(request, host);
    if (refusal) return end(request, response, refusal);
    const [, kind = '', id = '', ...rest] = (request.url ?? '').split('/');
    const file = Object.hasOwn(files.named, kind) ? files.named[kind] : undefined;
    if (file && id === '') {
      if (requireGet(request, response)) sendFile(request, response, 200, file);
      return;
    }
    const isKnown = rest.length === 0 && id === pageId;
    if (kind === 'w' && rest.length === 0) {
      if (requireGet(request, response))
        sendFile(request, response, isKnown && !isOver ? 200 : 410, files.index);
      return;
    }
    if (kind !== 'api' || !isKnown) return end(request, response, 404);
    if (!isToken(request.headers.authorization, token)) return end(request, response, 401);
    if (isOver) return end(request, response, 410);
    if (request.method === 'GET') return send(request, response, 200, question.told);
    if (request.method !== 'POST') return end(request, response, 405);
    if (request.headers.origin !== `http://${host}`) return end(request, response, 403);
    const body = await bodyOf(request);
    if (body === null) return end(request, response, 413);
    // Another answer may have come whole while this one was still coming.
    if (isOver) return end(request, response, 410);
    isOver = true;
    const result = question.take(body, host);
    send(request, response, result.ok ? 200 : 409, result);
  }

  const port = await listen(server, ports);
  host = `127.0.0.1:${port}`;
  return {
    url: `http://${host}/w/${pageId}#t=${token}`,
    code: null,
    // Stops listening at once; a reply under way still leaves.
    close() {
      isOver = true;
      server.close();
      server.closeIdleConnections();
      setTimeout(() => server.closeAllConnections(), lingerMs).unref();
    },
  };
}

/** The status with which a request is turned away before anybody looks at what it wants; null: it may go on. */
function refusalOf({ headers: sent, method }: IncomingMessage, host: string): number | null {
  // A name that another site has pointed at this computer.
  if (sent.host !== host) return 421;
  const site = sent['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return 403;
  if (sent.origin !== undefined && sent.origin !== `http://${host}`) return 403;
  return method === 'GET' || method === 'POST' ? null : 405;
}

function isToken(authorization: string | undefined, token: string): boolean {
  const given = Buffer.from(authorization ?? '');
  const wanted = Buffer.from(`Bearer ${token}`);
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

/** The body's text; null where it is larger than an answer can be, and then the rest is not read. */
async function bodyOf(request: IncomingMessage): Promise<string | null> {
  if (Number(request.headers['content-length'] ?? 0) > mostBodyBytes) return null;
  const parts: Buffer[] = [];
  let size = 0;
  return new Promise((resolve, reject) => {
    request.on('data', (part: Buffer) => {
      size += part.length;
      if (size > mostBodyBytes) {
        request.pause();
        request.removeAllListeners('data');
        resolve(null);
      } else parts.push(part);
    });
    request.on('end', () => resolve(Buffer.concat(parts).toString('utf8')));
    request.on('error', reject);
    request.on('close', () => reject(new Error('the connection was closed')));
  });
}

function requireGet(request: IncomingMessage, response: ServerResponse): boolean {
  if (request.method === 'GET') return true;
  end(request, response, 405);
  return false;
}

function sendFile(request: IncomingMessage, response: ServerResponse, status: number, file: PageFile): void {
  write(request, response, status, file.type, file.body);
}

function send(request: IncomingMessage, response: ServerResponse, status: number, data: unknown): void {
  write(request, response, status, 'application/json', JSON.stringify(data));
}

function end(request: IncomingMessage, response: ServerResponse, status: number): void {
  write(request, response, status, 'text/plain; charset=utf-8', '');
}

function write(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  type: string,
  body: string | Uint8Array,
): void {
  // No connection is kept: what comes later has to be let in again.
  response.writeHead(status, { ...walletPageHeaders, 'content-type': type, connection: 'close' });
  response.end(body, () => {
    if (!request.complete) request.socket.destroy();
  });
}

async function listen(server: Server, ports: readonly number[]): Promise<number> {
  for (const port of ports) {
    const isFree = await new Promise<boolean>((resolve, reject) => {
      const failed = (error: NodeJS.ErrnoException) => {
        server.off('listening', listening);
        // Windows says of a port that it keeps for itself that it may not be used.
        if (error.code === 'EADDRINUSE' || error.code === 'EACCES') resolve(false);
        else reject(error);
      };
      const listening = () => {
        server.off('error', failed);
        resolve(true);
      };
      server.once('error', failed);
      server.once('listening', listening);
      server.listen(port, '127.0.0.1');
    });
    if (isFree) return (server.address() as AddressInfo).port;
  }
  throw new AppError('wallet/no-port', `The ports ${ports.join(', ')} are in use by other programs.`);
}
