import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { AppError, errorCodeSchema } from '#contract/errors.ts';
import { nodeHeaders, nodeRequestText } from '#contract/wire/signed-request.ts';
import { type ByteRate, paced } from '../byte-rate.ts';
import { createCallLimit } from './call-limit.ts';
import { sha256Hex } from './ed25519.ts';
import type { NodeKey } from './node-key.ts';

const usualTimeoutMs = 10_000;
const usualMostBytes = 1_000_000;

/** `{detail}` as a sentence or as the list that FastAPI gives. */
const detailSchema = z.union([
  z.object({ detail: z.string() }),
  z.object({
    detail: z.array(z.object({ loc: z.array(z.union([z.string(), z.number()])), msg: z.string() })).min(1),
  }),
  z.object({ message: z.string(), details: z.object({ code: z.string() }).partial().optional() }),
]);

/** What a gateway may say by our own codes; they reach the operator as they are. */
const passedOn = /^(wallet|settlement|chain|payer)\/|^gateway\/insufficient-funds$/;

export interface GatewayRequest {
  method: string;
  path: string;
  /** An object is sent as JSON, bytes as they are. */
  body?: unknown;
  /** How long it may take; waiting for `rate` does not count. */
  timeoutMs?: number;
  mostBytes?: number;
  /** What body and answer keep to. */
  rate?: ByteRate;
  signal?: AbortSignal;
}

export interface SignedCall {
  /** The answer's bytes. Throws `link/*` and `gateway/not-registered`; `data.status` has the HTTP status. */
  bytes(request: GatewayRequest): Promise<Uint8Array>;
  /** The answer, checked. */
  json<S extends z.ZodType>(request: GatewayRequest, answer: S): Promise<z.output<S>>;
}

/** Calls to one gateway, each signed with the node's key; a plain gateway ignores the headers. Redirects are not followed. */
export function createSignedCall(url: string, key: NodeKey, nowMs: () => number): SignedCall {
  async function bytes(request: GatewayRequest): Promise<Uint8Array> {
    const { method, path, timeoutMs = usualTimeoutMs, mostBytes = usualMostBytes } = request;
    const target = new URL(path, url);
    const body = request.body instanceof Uint8Array ? request.body : jsonBytes(request.body);
    const timestamp = Math.floor(nowMs() / 1000);
    const nonce = randomUUID();
    const signature = key.sign(
      nodeRequestText({
        method,
        path: target.pathname + target.search,
        timestamp,
        nonce,
        bodySha256: sha256Hex(body ?? ''),
      }),
    );
    const limit = createCallLimit(timeoutMs, request.signal);
    const rate = request.rate && limit.outside(request.rate);
    try {
      const response = await fetch(target, {
        method,
        redirect: 'error',
        signal: limit.signal,
        headers: {
          ...(body === undefined
            ? {}
            : { 'content-type': contentType(request.body), 'content-length': `${body.length}` }),
          [nodeHeaders.key]: key.publicKey,
          [nodeHeaders.timestamp]: `${timestamp}`,
          [nodeHeaders.nonce]: nonce,
          [nodeHeaders.signature]: signature,
        },
        ...(body === undefined ? {} : sent(body, rate, limit.signal)),
      });
      const received = await readSome(response, mostBytes, (bytes) => rate?.take(bytes, limit.signal));
      if (!response.ok) throw refusal(response, Buffer.from(received).toString(), nowMs());
      return received;
    } catch (cause) {
      if (cause instanceof AppError) throw cause;
      request.signal?.throwIfAborted();
      throw new AppError('link/unreachable', `The gateway at ${url} does not answer.`, {
        cause,
        data: { url },
      });
    } finally {
      limit.end();
    }
  }

  return {
    bytes,
    async json(request, answer) {
      const parsed = answer.safeParse(json(Buffer.from(await bytes(request)).toString()));
      if (parsed.success) return parsed.data;
      throw new AppError(
        'link/bad-answer',
        `The gateway’s answer to ${request.method} ${request.path} is not what the protocol says.`,
      );
    },
  };
}

const contentType = (body: unknown) =>
  body instanceof Uint8Array ? 'application/octet-stream' : 'application/json';

const jsonBytes = (body: unknown) => (body === undefined ? undefined : Buffer.from(JSON.stringify(body)));

/** A body as `fetch` takes it: whole, or piece by piece as the rate allows. */
function sent(body: Uint8Array, rate: ByteRate | undefined, signal: AbortSignal): RequestInit {
  if (!rate) return { body: body as Uint8Array<ArrayBuffer> };
  return { body: ReadableStream.from(paced(body, rate, signal)), duplex: 'half' };
}

async function readSome(
  response: Response,
  mostBytes: number,
  take: (bytes: number) => Promise<void> | undefined,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += (chunk as Uint8Array).length;
    if (length > mostBytes)
      throw new AppError('link/bad-answer', `The gateway’s answer is over ${Math.ceil(mostBytes / 1e6)} MB.`);
    chunks.push(chunk as Uint8Array);
    await take((chunk as Uint8Array).length);
  }
  return Buffer.concat(chunks);
}

function refusal(response: Response, received: string, nowMs: number): AppError {
  const { status } = response;
  const parsed = detailSchema.safeParse(json(received));
  const detail = !parsed.success
    ? `status ${status}`
    : 'message' in parsed.data
      ? parsed.data.message
      : typeof parsed.data.detail === 'string'
        ? parsed.data.detail
        : parsed.data.detail.map(({ loc, msg }) => `${loc.slice(1).join('.')}: ${msg}`).join('; ');
  const date = Date.parse(response.headers.get('date') ?? '');
  const offSeconds = Math.round(Math.abs(date - nowMs) / 1000);
  if (status === 401 && offSeconds > 300)
    return new AppError(
      'link/clock-skew',
      `This computer’s clock is ${offSeconds} seconds off the gateway’s.`,
      { data: { offSeconds } },
    );
  const data = { status };
  const named = ownCode(parsed.success ? parsed.data : null, detail);
  if (named) return new AppError(named.code, named.message, { data });
  if (status === 404) return new AppError('gateway/not-registered', `The gateway says: ${detail}`, { data });
  if (status >= 500 || status === 429)
    return new AppError('link/unreachable', `The gateway cannot work now: ${detail}`, { data });
  return new AppError('link/rejected', `The gateway says: ${detail}`, { data });
}

/** A code in the details, or before the sentence. */
function ownCode(body: z.infer<typeof detailSchema> | null, detail: string) {
  const before = /^([a-z]+\/[a-z-]+): (.*)$/s.exec(detail);
  const code = errorCodeSchema.safeParse(
    before?.[1] ?? (body && 'message' in body ? body.details?.code : undefined),
  );
  if (!code.success || !passedOn.test(code.data)) return null;
  return { code: code.data, message: before?.[2] ?? detail };
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
