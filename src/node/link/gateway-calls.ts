import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { AppError } from '#contract/errors.ts';
import {
  type GatewayInfo,
  gatewayInfoSchema,
  healthAnswerSchema,
  type NodeCapabilities,
  type NodeHealth,
  registerAnswerSchema,
} from '#contract/wire/node-capabilities.ts';
import {
  type NodeAccount,
  nodeAccountSchema,
  type ReceiptVerdict,
  receiptAnswerSchema,
  type SignedReceipt,
} from '#contract/wire/receipt.ts';
import { nodeHeaders, nodeRequestText } from '#contract/wire/signed-request.ts';
import { sha256Hex } from './ed25519.ts';
import type { NodeKey } from './node-key.ts';

const timeoutMs = 10_000;
const mostAnswerBytes = 1_000_000;

/** `{detail}` as a sentence or as the list that FastAPI gives. */
const detailSchema = z.union([
  z.object({ detail: z.string() }),
  z.object({
    detail: z.array(z.object({ loc: z.array(z.union([z.string(), z.number()])), msg: z.string() })).min(1),
  }),
  z.object({ message: z.string() }),
]);

/** The calls a node makes to a gateway. Each is signed; a plain gateway ignores the headers. */
export function createGatewayCalls(url: string, key: NodeKey, nowMs: () => number) {
  async function call<S extends z.ZodType>(
    method: string,
    path: string,
    answer: S,
    body?: unknown,
  ): Promise<z.output<S>> {
    const text = body === undefined ? '' : JSON.stringify(body);
    const target = new URL(path, url);
    const timestamp = Math.floor(nowMs() / 1000);
    const nonce = randomUUID();
    const signature = key.sign(
      nodeRequestText({
        method,
        path: target.pathname + target.search,
        timestamp,
        nonce,
        bodySha256: sha256Hex(text),
      }),
    );
    let response: Response;
    let received: string;
    try {
      response = await fetch(target, {
        method,
        redirect: 'error',
        signal: AbortSignal.timeout(timeoutMs),
        headers: {
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          [nodeHeaders.key]: key.publicKey,
          [nodeHeaders.timestamp]: `${timestamp}`,
          [nodeHeaders.nonce]: nonce,
          [nodeHeaders.signature]: signature,
        },
        ...(body === undefined ? {} : { body: text }),
      });
      received = await readSome(response);
    } catch (cause) {
      if (cause instanceof AppError) throw cause;
      throw new AppError('link/unreachable', `The gateway at ${url} does not answer.`, {
        cause,
        data: { url },
      });
    }
    if (!response.ok) throw refusal(response, received, nowMs());
    const parsed = answer.safeParse(json(received));
    if (!parsed.success)
      throw new AppError(
        'link/bad-answer',
        `The gateway’s answer to ${method} ${path} is not what the protocol says.`,
      );
    return parsed.data;
  }

  const node = `/nodes/${encodeURIComponent(key.nodeId)}`;
  return {
    info: (): Promise<GatewayInfo> => call('GET', '/', gatewayInfoSchema),
    /** What the gateway knows of this node. Throws `gateway/not-registered` when it knows nothing. */
    self: () => call('GET', node, z.looseObject({ node_id: z.string() })),
    register: (capabilities: NodeCapabilities) =>
      call('POST', '/nodes/register', registerAnswerSchema, capabilities),
    health: (health: NodeHealth) => call('POST', `${node}/health`, healthAnswerSchema, health),
    deregister: () => call('DELETE', node, z.unknown()),
    account: (): Promise<NodeAccount> => call('GET', `${node}/account`, nodeAccountSchema),
    async receipts(receipts: SignedReceipt[]): Promise<ReceiptVerdict[]> {
      return (await call('POST', `${node}/receipts`, receiptAnswerSchema, { receipts })).results;
    },
  };
}

export type GatewayCalls = ReturnType<typeof createGatewayCalls>;

async function readSome(response: Response): Promise<string> {
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk as Uint8Array, { stream: true });
    if (text.length > mostAnswerBytes)
      throw new AppError('link/bad-answer', 'The gateway’s answer is over 1 MB.');
  }
  return text;
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
      {
        data: { offSeconds },
      },
    );
  if (status === 404) return new AppError('gateway/not-registered', `The gateway says: ${detail}`);
  if (status >= 500 || status === 429)
    return new AppError('link/unreachable', `The gateway cannot work now: ${detail}`, { data: { status } });
  return new AppError('link/rejected', `The gateway says: ${detail}`, { data: { status } });
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
