import { createHash } from 'node:crypto';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** How the next answers for the file's bytes go wrong; each is used once, then the server behaves. */
export type Oddity =
  | { kind: 'cut'; afterBytes: number }
  | { kind: 'stall'; afterBytes: number }
  | { kind: 'ignore-range' }
  | { kind: 'wrong-range' }
  | { kind: 'too-long' }
  | { kind: 'wrong-bytes' }
  | { kind: 'status'; status: number; retryAfter?: string };

/** A hub over a real socket: its API, and the file behind a redirect, with ranges and an ETag. */
export async function startOddFileServer(content: Buffer, repo: string, fileName: string) {
  let bytes = content;
  let tag = '"v1"';
  const oddities: Oddity[] = [];
  const ranges: (string | undefined)[] = [];
  let api: { status: number; body?: unknown } | null = null;

  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://hub').pathname;
    if (path === `/api/models/${repo}`) {
      const lfs = {
        sha256: createHash('sha256').update(bytes).digest('hex'),
        size: bytes.length,
        pointerSize: 134,
      };
      const body = {
        id: repo,
        siblings: [
          { rfilename: 'README.md', size: 10 },
          { rfilename: fileName, lfs },
        ],
      };
      response.writeHead(api?.status ?? 200, { 'content-type': 'application/json' });
      return response.end(JSON.stringify(api?.body ?? body));
    }
    if (path === `/${repo}/resolve/main/${fileName}`)
      return response.writeHead(302, { location: '/cdn/blob' }).end();
    if (path !== '/cdn/blob') return response.writeHead(404).end();
    ranges.push(request.headers.range);
    const isSame = request.headers['if-range'] === undefined || request.headers['if-range'] === tag;
    answer(response, isSame ? request.headers.range : undefined, oddities.shift());
  });

  function answer(response: ServerResponse, range: string | undefined, oddity: Oddity | undefined): void {
    if (oddity?.kind === 'status') {
      response.writeHead(oddity.status, oddity.retryAfter ? { 'retry-after': oddity.retryAfter } : {}).end();
      return;
    }
    const from = oddity?.kind === 'ignore-range' ? 0 : Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0);
    if (from >= bytes.length && range) {
      response.writeHead(416, { 'content-range': `bytes */${bytes.length}` }).end();
      return;
    }
    let body = bytes.subarray(from);
    if (oddity?.kind === 'too-long') body = Buffer.concat([body, Buffer.alloc(1000)]);
    if (oddity?.kind === 'wrong-bytes') body = Buffer.from(body.map((byte) => byte ^ 1));
    const start = oddity?.kind === 'wrong-range' ? from + 1 : from;
    response.writeHead(from > 0 ? 206 : 200, {
      etag: tag,
      'content-length': body.length,
      ...(from > 0 ? { 'content-range': `bytes ${start}-${bytes.length - 1}/${bytes.length}` } : {}),
    });
    if (oddity?.kind === 'cut')
      response.write(body.subarray(0, oddity.afterBytes), () => setTimeout(() => response.destroy(), 200));
    else if (oddity?.kind === 'stall') response.write(body.subarray(0, oddity.afterBytes));
    else response.end(body);
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** The `Range` of each request for the bytes, in order. */
    ranges,
    next: (...more: Oddity[]) => oddities.push(...more),
    /** Puts another file in its place. */
    replace(other: Buffer) {
      bytes = other;
      tag = `"v${Math.random()}"`;
    },
    answerApi(answerOfApi: typeof api) {
      api = answerOfApi;
    },
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}
