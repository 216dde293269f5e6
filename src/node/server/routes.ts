import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { AppError } from '#contract/errors.ts';
import { solFromLamports, tipOf } from '#contract/money.ts';
import type { RoutePreferences } from '#contract/provider.ts';
import { toAppError } from '#contract/result.ts';
import { anthropicError, messagesRequestSchema } from '#contract/wire/anthropic.ts';
import { openAiError } from '#contract/wire/error-answers.ts';
import { inferenceRequestSchema } from '#contract/wire/inference.ts';
import {
  type ChatCompletionRequest,
  type CompletionRequest,
  chatCompletionRequestSchema,
  completionRequestSchema,
  embeddingRequestSchema,
} from '#contract/wire/openai.ts';
import { cacheHeader } from '#contract/wire/receipt.ts';
import { responsesRequestSchema } from '#contract/wire/responses.ts';
import type { JobHandle, JobOutcome, JobRequest, JobWork } from '../inference/job-request.ts';
import type { GenerateRequest, ProxyRoute } from '../inference/runtime.ts';
import { sha256Hex } from '../link/ed25519.ts';
import { messageAnswer, messageFrames, messagesRequest } from './anthropic-answers.ts';
import { type ApiCall, answerJson } from './api-call.ts';
import {
  chatRequest,
  completionRequest,
  embeddingsAnswer,
  type Frames,
  streamFrames,
  usageOf,
  wholeAnswer,
} from './openai-answers.ts';
import { parseBody, parseJson } from './request-body.ts';
import { responsesAnswer, responsesFrames, responsesRequest } from './responses-answers.ts';
import { trainingRoutes } from './training-routes.ts';

const keepAliveMs = 15_000;
const mostUnreadBytes = 1_000_000;

type Path = { method: 'GET' | 'POST' | 'DELETE'; matches(path: string): boolean };
/** An open route answers anybody; the others validate in `prepare` and work in what it returns. */
type Route = Path &
  (
    | { open: true; answer(call: ApiCall): void | Promise<void> }
    | { open: false; prepare(call: ApiCall): () => void | Promise<void> }
  );

const at = (path: string) => (candidate: string) => candidate === path;

export const routes: readonly Route[] = [
  ...trainingRoutes.map(
    ({ method, path, prepare }): Route => ({ method, matches: at(path), open: false, prepare }),
  ),
  {
    method: 'GET',
    matches: at('/health'),
    open: true,
    answer({ response, parts }) {
      const isHealthy = parts.healthy();
      const retryAfter = isHealthy ? null : (parts.retryAfterSeconds?.() ?? null);
      if (retryAfter !== null) response.setHeader('retry-after', retryAfter);
      answerJson(response, isHealthy ? 200 : 503, parts.health());
    },
  },
  {
    method: 'GET',
    matches: at('/capabilities'),
    open: true,
    answer: ({ response, parts }) => answerJson(response, 200, parts.capabilities()),
  },
  {
    method: 'GET',
    matches: at('/metrics'),
    open: true,
    async answer({ response, parts }) {
      response.setHeader('content-type', parts.metrics.registry.contentType);
      response.end(await parts.metrics.registry.metrics());
    },
  },
  {
    method: 'GET',
    matches: at('/v1/models'),
    open: true,
    answer({ response, parts }) {
      const data = parts
        .servedModels()
        .map((id) => ({ id, object: 'model', created: 0, owned_by: parts.nodeId }));
      answerJson(response, 200, { object: 'list', data });
    },
  },
  { method: 'POST', matches: at('/v1/chat/completions'), open: false, prepare: prepareChat },
  { method: 'POST', matches: at('/v1/responses'), open: false, prepare: prepareResponses },
  { method: 'POST', matches: at('/v1/messages'), open: false, prepare: prepareMessages },
  { method: 'POST', matches: at('/v1/completions'), open: false, prepare: prepareCompletion },
  { method: 'POST', matches: at('/v1/embeddings'), open: false, prepare: prepareEmbeddings },
  { method: 'POST', matches: at('/inference'), open: false, prepare: prepareInference },
  {
    method: 'DELETE',
    matches: (path) => /^\/inference\/[^/]+$/.test(path),
    open: false,
    prepare:
      ({ path, caller, parts, response }) =>
      () => {
        const id = decodeURIComponent(path.slice('/inference/'.length));
        const by = caller.source.kind === 'gateway' ? { gatewayKey: caller.source.gatewayKey } : undefined;
        if (!parts.jobs.cancel(id, by))
          throw new AppError('request/not-found', `No request ${id} is in work.`);
        answerJson(response, 200, { request_id: id, status: 'cancelled' });
      },
  },
];

function jobRequest(
  call: ApiCall,
  model: string,
  work: JobWork,
  more: {
    metadata?: Record<string, unknown> | null | undefined;
    requestId?: string;
    provider?: RoutePreferences | null | undefined;
  } = {},
): JobRequest {
  const { caller, parts } = call;
  return {
    requestId: caller.requestId ?? more.requestId ?? `req-${randomUUID()}`,
    source: caller.source,
    model,
    work,
    ...(more.provider ? { route: more.provider } : {}),
    tipLamports: tipOf(more.metadata),
    inputSha256: sha256Hex(call.body),
    deadlineMs: caller.deadlineMs ?? parts.clock.now() + parts.defaultTimeoutMs(),
  };
}

function prepareChat(call: ApiCall): () => Promise<void> {
  const body = parseBody(call.body, chatCompletionRequestSchema);
  return openAi(call, 'chat', body, chatRequest(body));
}

function prepareCompletion(call: ApiCall): () => Promise<void> {
  const body = parseBody(call.body, completionRequestSchema);
  return openAi(call, 'completion', body, completionRequest(body));
}

function openAi(
  call: ApiCall,
  kind: 'chat' | 'completion',
  body: ChatCompletionRequest | CompletionRequest,
  request: GenerateRequest,
): () => Promise<void> {
  const work: JobWork = { kind: 'generate', request, choices: body.n ?? 1 };
  const job = jobRequest(call, body.model, work, body);
  return async () => {
    call.response.setHeader('x-request-id', job.requestId);
    if (body.stream) {
      const frames = streamFrames(kind, job.requestId, job.model);
      return stream(call, job, frames, body.stream_options?.include_usage === true);
    }
    answerJson(call.response, 200, wholeAnswer(kind, await whole(call, job)));
  };
}

function prepareMessages(call: ApiCall): () => Promise<void> {
  const body = parseBody(call.body, messagesRequestSchema);
  const work: JobWork = { kind: 'generate', request: messagesRequest(body), choices: 1 };
  const job = jobRequest(call, body.model, work, { provider: body.provider });
  return async () => {
    call.response.setHeader('request-id', job.requestId);
    if (body.stream) return stream(call, job, messageFrames(job.requestId, job.model), true);
    answerJson(call.response, 200, messageAnswer(await whole(call, job)));
  };
}

function prepareResponses(call: ApiCall): () => Promise<void> {
  const body = parseBody(call.body, responsesRequestSchema);
  const work: JobWork = { kind: 'generate', request: responsesRequest(body), choices: 1 };
  const job = jobRequest(call, body.model, work, body);
  return async () => {
    call.response.setHeader('x-request-id', job.requestId);
    if (body.stream) return stream(call, job, responsesFrames(job.requestId, job.model), true);
    answerJson(call.response, 200, responsesAnswer(await whole(call, job)));
  };
}

function prepareEmbeddings(call: ApiCall): () => Promise<void> {
  const body = parseBody(call.body, embeddingRequestSchema);
  const job = jobRequest(call, body.model, { kind: 'embed', inputs: body.input }, body);
  return async () => {
    call.response.setHeader('x-request-id', job.requestId);
    answerJson(call.response, 200, embeddingsAnswer(await whole(call, job), body.encoding_format));
  };
}

/** A whole answer; the job ends when the client closes the connection. */
async function whole(call: ApiCall, job: JobRequest): Promise<JobOutcome> {
  const { jobs, metrics } = call.parts;
  const startedAt = performance.now();
  let isFirst = true;
  const handle = jobs.submit(job, {
    onStart: (_, isCacheHit) => markCacheHit(call, isCacheHit),
    onRoute: (route) => markRoute(call, route),
    onText: () => {
      if (isFirst) metrics.firstToken.observe((performance.now() - startedAt) / 1000);
      isFirst = false;
    },
  });
  cancelWhenLeft(call, handle);
  const outcome = await handle.done;
  countTokens(call, outcome);
  return outcome;
}

function markCacheHit({ response }: ApiCall, isCacheHit: boolean): void {
  if (isCacheHit) response.setHeader(cacheHeader, 'hit');
}

/** Who answers, and which hints of the request he does not know. */
function markRoute({ response }: ApiCall, { target, dropped }: ProxyRoute): void {
  if (response.headersSent) return;
  response.setHeader('x-solanalm-provider', target);
  if (dropped.length > 0) response.setHeader('x-solanalm-dropped', dropped.join(', '));
  else response.removeHeader('x-solanalm-dropped');
}

function countTokens({ parts: { metrics } }: ApiCall, outcome: JobOutcome): void {
  const { result, startedAt, finishedAt, isCacheHit } = outcome;
  if (isCacheHit) {
    metrics.cacheHits.inc();
    return;
  }
  metrics.tokens.inc(result.generatedTokens);
  metrics.promptTokens.inc(result.promptTokens);
  metrics.cachedTokens.inc(result.cachedTokens);
  if (result.generatedTokens > 1)
    metrics.interToken.observe((finishedAt - startedAt) / 1000 / result.generatedTokens);
}

function cancelWhenLeft({ response }: ApiCall, handle: JobHandle): void {
  response.once('close', () => {
    if (!response.writableFinished) handle.cancel();
  });
}

async function stream(call: ApiCall, job: JobRequest, frames: Frames, withUsage: boolean): Promise<void> {
  const { response, parts } = call;
  const startedAt = performance.now();
  let isOpen = false;
  let firstSeen = false;
  const open = (promptTokens = 0) => {
    if (isOpen) return;
    isOpen = true;
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache',
      'x-accel-buffering': 'no',
    });
    const choices = job.work.kind === 'generate' ? job.work.choices : 1;
    const first = frames.first(choices, promptTokens);
    if (first) response.write(first);
  };
  let unwritten = '';
  let draining: Promise<void> | undefined;
  const write = () => {
    const ready = unwritten;
    unwritten = '';
    if (ready !== '') response.write(ready);
  };
  const keepAlive = setInterval(() => {
    open();
    response.write(frames.keepAlive);
  }, keepAliveMs);
  try {
    const handle = parts.jobs.submit(job, {
      onStart: (promptTokens, isCacheHit) => {
        markCacheHit(call, isCacheHit);
        open(promptTokens);
      },
      onRoute: (route) => markRoute(call, route),
      onText: (text, choice) => {
        if (text === '') return;
        if (!firstSeen) {
          firstSeen = true;
          parts.metrics.firstToken.observe((performance.now() - startedAt) / 1000);
        }
        // What comes in one go is written in one go.
        if (unwritten === '') queueMicrotask(write);
        unwritten += frames.text(text, choice);
        // A client that does not read is given up before it fills our memory; a provider waits for it.
        if (response.writableLength > mostUnreadBytes) handle.cancel();
        else if (response.writableNeedDrain) {
          draining ??= drained(response).then(() => {
            draining = undefined;
          });
          return draining;
        }
      },
    });
    cancelWhenLeft(call, handle);
    const outcome = await handle.done;
    countTokens(call, outcome);
    open();
    const usage = withUsage ? frames.usage(usageOf(outcome.result), outcome.choices) : '';
    response.end(unwritten + frames.finish(outcome.choices) + usage + frames.done);
    unwritten = '';
  } catch (thrown) {
    if (!isOpen) throw thrown;
    write();
    const error = toAppError(thrown);
    parts.metrics.errors.inc({ code: error.code });
    response.end(
      frames.error(call.path === '/v1/messages' ? anthropicError(error) : openAiError(error)) + frames.done,
    );
  } finally {
    clearInterval(keepAlive);
  }
}

/** Resolves when the client has read what waits for it, or has left. */
const drained = (response: ServerResponse): Promise<void> =>
  new Promise((resolve) => {
    const end = () => {
      response.off('drain', end);
      response.off('close', end);
      resolve();
    };
    response.once('drain', end);
    response.once('close', end);
  });

function prepareInference(call: ApiCall): () => Promise<void> {
  const { response, parts } = call;
  const body = parseBody(call.body, inferenceRequestSchema);
  const raw = parseJson(call.body);
  const ignored =
    typeof raw === 'object' && raw !== null
      ? Object.keys(raw).filter(
          (name) => !Object.hasOwn(inferenceRequestSchema.shape, name) && /^[\w.-]+$/.test(name),
        )
      : [];
  const asChat = parts.hasChatTemplate(body.model) && body.metadata.raw !== true;
  const { source } = call.caller;
  const plain = source.kind === 'gateway' && source.gatewayKey === null;
  const job = {
    ...jobRequest(
      call,
      body.model,
      {
        kind: 'generate',
        choices: 1,
        request: {
          prompt: asChat
            ? { kind: 'chat', messages: [{ role: 'user', content: body.prompt }] }
            : { kind: 'completion', prompt: body.prompt },
          sampling: { temperature: body.temperature, topP: body.top_p },
          maxTokens: body.max_tokens,
          stop: [],
        },
      },
      { metadata: body.metadata, requestId: body.request_id },
    ),
    ...(plain ? { source: { ...source, payer: body.wallet_address || 'unknown' } } : {}),
  };
  return async () => {
    if (ignored.length > 0) response.setHeader('x-ignored-fields', ignored.join(', '));
    response.setHeader('x-request-id', job.requestId);
    const { text, result, queuedAt, finishedAt, earning } = await whole(call, job);
    answerJson(response, 200, {
      request_id: body.request_id,
      model: body.model,
      response: text,
      processing_time: (finishedAt - queuedAt) / 1000,
      tokens_generated: result.generatedTokens,
      tokens_prompt: result.promptTokens,
      ...(result.proxied?.quote ? { proxied: usageOf(result).proxied } : {}),
      cost_sol: earning ? solFromLamports(earning.priceLamports) : 0,
      node_id: parts.nodeId,
      timestamp: new Date(finishedAt).toISOString(),
    });
  };
}
