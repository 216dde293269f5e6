import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AppError } from '#contract/errors.ts';
import { toAppError } from '#contract/result.ts';
import { anthropicError } from '#contract/wire/anthropic.ts';
import { coreError, openAiError } from '#contract/wire/error-answers.ts';
import { type ApiParts, answerJson } from './api-call.ts';
import { type Caller, createAuthentication } from './authentication.ts';
import { createRateLimit } from './rate-limit.ts';
import { readBody } from './request-body.ts';
import { routes } from './routes.ts';

export interface ApiServer {
  /** Resolves with the port. Throws `server/port-in-use`. */
  listen(address: { host: string; port: number }): Promise<number>;
  close(): Promise<void>;
}

const headersLimitMs = 10_000;
const requestLimitMs = 30_000;

/** The node's HTTP API: authentication → validation → rate limit → queue. */
export function createApiServer(parts: ApiParts): ApiServer {
  const authenticate = createAuthentication({
    apiKey: parts.apiKey,
    gateway: parts.gateway,
    nowMs: () => parts.clock.now(),
  });
  const rateLimit = createRateLimit(parts.requestsPerMinutePerKey);

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const target = request.url ?? '/';
    const path = target.split('?', 1)[0] ?? '/';
    const method = request.method ?? 'GET';
    const route = routes.find((candidate) => candidate.method === method && candidate.matches(path));
    if (!route) {
      const known = routes.some((candidate) => candidate.matches(path));
      throw new AppError(
        'request/not-found',
        known ? `${path} does not take ${method}.` : `There is nothing at ${path}.`,
      );
    }
    if (route.open)
      return route.answer({ request, response, path, body: new Uint8Array(), caller: nobody, parts });
    const body = await readBody(request);
    const header = (name: string) => {
      const value = request.headers[name];
      return Array.isArray(value) ? value[0] : value;
    };
    const caller = authenticate({ method, path: target, header, body });
    // Validation comes before the rate limit: a request that is wrong costs no turn.
    const run = route.prepare({ request, response, path, body, caller, parts });
    // A cancel frees the engine: it never waits for a turn.
    const limit = method === 'DELETE' ? {} : await rateLimit(caller.rateKey);
    for (const [name, value] of Object.entries(limit)) response.setHeader(name, value);
    await run();
  }

  const server = createServer(
    { headersTimeout: headersLimitMs, requestTimeout: requestLimitMs, keepAliveTimeout: 65_000 },
    (request, response) => {
      const startedAt = performance.now();
      response.once('close', () => {
        const route = (request.url ?? '/').split('?', 1)[0] ?? '/';
        parts.metrics.requests.inc({
          route: route.startsWith('/inference/') ? '/inference/:id' : known(route),
          status: response.statusCode,
        });
        parts.metrics.duration.observe((performance.now() - startedAt) / 1000);
      });
      serve(request, response).catch((thrown: unknown) => {
        const error = toAppError(thrown);
        parts.metrics.errors.inc({ code: error.code });
        answerError(request, response, error);
      });
    },
  );
  server.on('clientError', (_error, socket) => {
    if (socket.writable)
      socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
    else socket.destroy();
  });

  return {
    listen: ({ host, port }) =>
      new Promise((resolve, reject) => {
        server.once('error', (error: NodeJS.ErrnoException) =>
          reject(
            error.code === 'EADDRINUSE'
              ? new AppError('server/port-in-use', `Port ${port} is in use by another program.`, {
                  data: { port },
                })
              : error,
          ),
        );
        server.listen(port, host, () => resolve((server.address() as AddressInfo).port));
      }),
    close() {
      if (!server.listening) return Promise.resolve();
      return new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}

const nobody: Caller = {
  source: { kind: 'local', client: '' },
  rateKey: '',
  requestId: null,
  deadlineMs: null,
};

const known = (path: string) => (routes.some((route) => route.matches(path)) ? path : 'other');

function answerError(request: IncomingMessage, response: ServerResponse, error: AppError): void {
  if (response.headersSent || response.destroyed) return void response.destroy();
  if (error.retryAfterSeconds !== undefined) response.setHeader('retry-after', error.retryAfterSeconds);
  // What is left of a body that was refused would be read as the next request.
  if (!request.complete) response.setHeader('connection', 'close');
  const path = (request.url ?? '').split('?', 1)[0] ?? '';
  const status = error.status === 499 ? 400 : error.status;
  const inWords =
    path === '/v1/messages' ? anthropicError : path.startsWith('/v1/') ? openAiError : coreError;
  answerJson(response, status, inWords(error));
}
