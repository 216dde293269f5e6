import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import type { ProviderKind } from '#contract/provider.ts';

type RecordedKind = Exclude<ProviderKind, 'openai-compatible'>;

/** How a recorded reply is sent. */
export interface Reply {
  /** Name of a file in the provider's `fixtures`. */
  fixture: string;
  /** Bytes of each write; absent: all at once. */
  pieceBytes?: number;
  pauseMs?: number;
  /** Sent after the headers, then nothing more until the client gives up. */
  hangsAfterBytes?: number;
  /** The connection is destroyed after the body instead of ended. */
  isCut?: boolean;
}

export interface SeenRequest {
  method: string;
  path: string;
  headers: IncomingMessage['headers'];
  body: Record<string, unknown>;
}

export interface ProviderServer {
  url: string;
  requests: SeenRequest[];
  /** How the next requests for work are answered, in order; then as usual again. */
  queue(...replies: (string | Reply)[]): void;
  /** Answers as usual again. */
  forget(): void;
  close(): Promise<void>;
}

/** What a path is answered with when nothing else is queued. */
const usual: Record<RecordedKind, (path: string, body: Record<string, unknown>) => string> = {
  openai: (path, { stream }) => {
    if (path.endsWith('/models')) return 'models';
    if (path.endsWith('/embeddings')) return 'embeddings';
    const api = path.endsWith('/responses')
      ? 'responses'
      : path.endsWith('/chat/completions')
        ? 'chat'
        : 'completion';
    return `${api}${stream ? '-stream' : ''}`;
  },
  anthropic: (path, { stream }) =>
    path.startsWith('/v1/models') ? 'models' : stream ? 'chat-stream' : 'chat',
  cohere: (path, { stream }) => {
    if (path.startsWith('/v1/models')) return 'models';
    return path.endsWith('/embed') ? 'embeddings' : stream ? 'chat-stream' : 'chat';
  },
  ollama: (path, { stream }) => {
    if (path.endsWith('/tags')) return 'models';
    if (path.endsWith('/embed')) return 'embeddings';
    return `${path.endsWith('/chat') ? 'chat' : 'generate'}${stream ? '-stream' : ''}`;
  },
};

/** A provider's API that replays recorded replies over real sockets. `apiKey`: whoever comes with another one is refused. */
export async function startProviderServer(
  kind: RecordedKind,
  { apiKey }: { apiKey?: string } = {},
): Promise<ProviderServer> {
  const requests: SeenRequest[] = [];
  const queued: Reply[] = [];
  const server = createServer(async (request, response) => {
    const body = await readJson(request);
    const path = request.url ?? '/';
    requests.push({ method: request.method ?? '', path, headers: request.headers, body });
    const isWork = request.method === 'POST';
    const { authorization, 'x-api-key': key = authorization?.replace('Bearer ', '') } = request.headers;
    if (apiKey !== undefined && key !== apiKey) {
      await send(response, kind, { fixture: 'wrong-key' });
      return;
    }
    const reply = (isWork && queued.shift()) || { fixture: usual[kind](path, body) };
    await send(response, kind, reply).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    queue: (...replies) =>
      void queued.push(...replies.map((reply) => (typeof reply === 'string' ? { fixture: reply } : reply))),
    forget: () => void queued.splice(0),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function send(response: ServerResponse, kind: RecordedKind, reply: Reply): Promise<void> {
  const { status, headers, body } = readFixture(kind, reply.fixture);
  response.writeHead(status, headers);
  const bytes = body.subarray(0, reply.hangsAfterBytes ?? body.length);
  const size = reply.pieceBytes ?? Math.max(1, bytes.length);
  for (let at = 0; at < bytes.length; at += size) {
    response.write(bytes.subarray(at, at + size));
    if (reply.pauseMs) await wait(reply.pauseMs);
  }
  if (reply.hangsAfterBytes !== undefined) return;
  if (!reply.isCut) return void response.end();
  // What is written must be on its way before the connection breaks.
  await wait(50);
  response.destroy();
}

/** A fixture is a status, header lines, an empty line and the body as it came. */
export function readFixture(kind: RecordedKind, name: string) {
  const file = new URL(`../node/proxy/providers/${kind}/fixtures/${name}.http`, import.meta.url);
  const text = readFileSync(file);
  const end = text.indexOf('\n\n');
  const [status = '200', ...lines] = text.subarray(0, end).toString().split('\n');
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
  );
  return { status: Number(status), headers, body: text.subarray(end + 2) };
}

async function readJson(request: IncomingMessage): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  try {
    return JSON.parse(Buffer.concat(chunks).toString());
  } catch {
    return {};
  }
}
