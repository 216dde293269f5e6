import { randomUUID } from 'node:crypto';
import type { Context, Hono } from 'hono';
import { z } from 'zod';
import { decimalText } from '#contract/assets.ts';
import { AppError } from '#contract/errors.ts';
import { type PricedIn, solFromLamports, tipOf } from '#contract/money.ts';
import { inferenceRequestSchema, inferenceResponseSchema } from '#contract/wire/inference.ts';
import { cacheHeader } from '#contract/wire/receipt.ts';
import type { Books } from './books.ts';
import { parseForClient } from './refusal.ts';
import type { RegisteredNode } from './registry.ts';
import type { Opened, Relay } from './relay.ts';
import type { ChannelBook, ChannelTerms } from './settlement/channel-book.ts';
import { type RelayedAnswer, readAnswer, relayFrames } from './stream-relay.ts';

const periodsMs: Record<string, number> = {
  last_7_days: 7 * 86_400_000,
  last_30_days: 30 * 86_400_000,
  all_time: Number.MAX_SAFE_INTEGER,
};
const openAiRequestSchema = z.looseObject({
  model: z.string().min(1).max(256),
  stream: z.boolean().nullish(),
  stream_options: z.looseObject({ include_usage: z.boolean().nullish() }).nullish(),
  metadata: z.record(z.string(), z.unknown()).nullish(),
});

/** What clients call: the OpenAI front, the network's own `/inference`, models and usage. */
export function addClientRoutes(
  app: Hono,
  parts: {
    nodes: Map<string, RegisteredNode>;
    books: Books;
    channels: ChannelBook;
    terms: ChannelTerms;
    paidWith: PricedIn;
    relay: Relay;
    creditLimitLamports: bigint;
    now(): number;
    onRequest(): void;
  },
): void {
  const { nodes, books, relay, paidWith, now } = parts;

  /** A tip is named in lamports, and no token is paid in those. */
  function tip(metadata: Parameters<typeof tipOf>[0]): bigint {
    const lamports = tipOf(metadata);
    if (lamports === 0n || paidWith.asset === 'SOL') return lamports;
    throw new AppError(
      'request/invalid',
      'metadata.tip_lamports: this gateway pays with a token and takes no tips',
      {
        data: { field: 'metadata.tip_lamports' },
      },
    );
  }
  const createdSeconds = Math.floor(now() / 1000);

  app.get('/v1/models', (context) => {
    const online = [...nodes.values()].filter((node) => node.online);
    const models = [...new Set(online.flatMap(({ capabilities }) => capabilities.supported_models))];
    return context.json({
      object: 'list',
      data: models.map((id) => ({ id, object: 'model', created: createdSeconds, owned_by: 'solanalm' })),
    });
  });

  for (const path of ['/v1/chat/completions', '/v1/completions', '/v1/embeddings'] as const)
    app.post(path, async (context) => {
      parts.onRequest();
      const payer = bearerOf(context);
      checkCredit(payer);
      const request = parseForClient(openAiRequestSchema, await context.req.arrayBuffer());
      const isStream = request.stream === true;
      const wantsUsage = request.stream_options?.include_usage === true;
      const body = isStream ? { ...request, stream_options: { include_usage: true } } : request;
      const requestId = newRequestId();
      const opened = await relay.open({
        path,
        model: request.model,
        body: JSON.stringify(body),
        requestId,
        payer,
        tipLamports: tip(request.metadata),
        signal: context.req.raw.signal,
      });
      const hit = opened.response.headers.get(cacheHeader);
      const headers = {
        'x-request-id': requestId,
        'x-node-id': opened.node.capabilities.node_id,
        ...(hit ? { [cacheHeader]: hit } : {}),
        ...passedHeaders(opened.response.headers),
      };
      if (!opened.response.ok) return passRefusal(opened, headers);
      return isStream ? passStream(opened, wantsUsage, headers) : passAnswer(opened, headers);
    });

  app.post('/inference', async (context) => {
    parts.onRequest();
    const request = parseForClient(inferenceRequestSchema, await context.req.arrayBuffer());
    const payer = request.wallet_address || bearerOf(context);
    checkCredit(payer);
    const requestId = newRequestId();
    const opened = await relay.open({
      path: '/inference',
      model: request.model,
      body: JSON.stringify({ ...request, request_id: requestId }),
      requestId,
      payer,
      tipLamports: tip(request.metadata),
      signal: context.req.raw.signal,
    });
    if (!opened.response.ok) return passRefusal(opened, { 'x-request-id': requestId });
    const answer = inferenceResponseSchema.safeParse(await opened.response.json().catch(() => null));
    if (!answer.success) {
      opened.finish(null);
      throw new AppError('gateway/node-failed', 'The node broke off its answer.', { cause: answer.error });
    }
    opened.finish({
      text: answer.data.response,
      promptTokens: answer.data.tokens_prompt ?? 0,
      generatedTokens: answer.data.tokens_generated,
      proxied: answer.data.proxied,
      state: context.req.raw.signal.aborted ? 'cancelled' : 'done',
    });
    return context.json({ ...answer.data, request_id: request.request_id });
  });

  app.get('/analytics/usage', (context) => {
    const period = periodsMs[context.req.query('period') ?? 'all_time'] ?? Number.MAX_SAFE_INTEGER;
    const payer = context.req.query('wallet_address') ?? '';
    const usage = books.usageOf(payer, Math.max(0, now() - period));
    const { voucheredAtomic, settledAtomic } = parts.channels.payerSums(payer, parts.terms);
    return context.json({
      total_requests: usage.requests,
      total_tokens: usage.tokens,
      ...(paidWith.asset === 'SOL'
        ? { total_cost_sol: solFromLamports(usage.lamports) }
        : { total_cost: decimalText(usage.lamports, paidWith.decimals), asset: paidWith.asset }),
      // Of all time: what nodes have vouchers for, and what was paid to them.
      vouchered_lamports: `${voucheredAtomic}`,
      settled_lamports: `${settledAtomic}`,
    });
  });

  function checkCredit(payer: string): void {
    if (books.spentBy(payer) >= parts.creditLimitLamports)
      throw new AppError('gateway/insufficient-funds', `The test credits of ${payer} are used up.`);
  }
}

/** What a proxy node says of its answer. */
const passedHeaders = (headers: Headers): Record<string, string> =>
  Object.fromEntries(
    ['x-solanalm-provider', 'x-solanalm-dropped'].flatMap((name) => {
      const value = headers.get(name);
      return value === null ? [] : [[name, value]];
    }),
  );

const newRequestId = () => `gw-${randomUUID()}`;

function bearerOf(context: Context): string {
  const bearer = /^Bearer (?:sk-)?(.{1,128})$/.exec(context.req.header('authorization') ?? '')?.[1];
  if (bearer) return bearer;
  throw new AppError('auth/missing', 'Send your wallet as “Authorization: Bearer sk-<wallet>”.');
}

/** The node's own words on what is wrong with the request. */
function passRefusal({ response, refused }: Opened, headers: Record<string, string>): Response {
  refused();
  const type = response.headers.get('content-type') ?? 'application/json';
  return new Response(response.body, {
    status: response.status,
    headers: { ...headers, 'content-type': type },
  });
}

async function passAnswer(opened: Opened, headers: Record<string, string>): Promise<Response> {
  const body: unknown = await opened.response.json().catch(() => null);
  const answer = readAnswer(body);
  finish(opened, answer);
  if (!answer?.usage) throw new AppError('gateway/node-failed', 'The node broke off its answer.');
  return Response.json(body, { headers });
}

function passStream(opened: Opened, wantsUsage: boolean, headers: Record<string, string>): Response {
  const frames = relayFrames(opened.response, wantsUsage, (answer) => finish(opened, answer));
  return new Response(ReadableStream.from(frames) as ReadableStream<Uint8Array>, {
    headers: {
      ...headers,
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache',
    },
  });
}

function finish(opened: Opened, answer: RelayedAnswer | null): void {
  const usage = answer?.usage;
  opened.finish(
    answer && usage
      ? {
          text: answer.text,
          promptTokens: usage.prompt_tokens,
          generatedTokens: usage.completion_tokens,
          proxied: usage.proxied,
          state: answer.reason === 'cancelled' ? 'cancelled' : 'done',
        }
      : null,
  );
}
