import { createParser } from 'eventsource-parser';
import { z } from 'zod';
import { AppError } from '#contract/errors.ts';
import { openAiError } from '#contract/wire/error-answers.ts';
import { finishReasonSchema, usageSchema } from '#contract/wire/openai.ts';
import type { Books } from './books.ts';
import { type Dispatch, sendToNode } from './dispatch.ts';
import { type GatewayKey, sha256Hex } from './ed25519.ts';
import { candidates, type RegisteredNode } from './registry.ts';

export const requestTimeLimitMs = 60_000;
const mostTries = 3;

const choice = z.object({
  text: z.string().optional(),
  message: z.object({ content: z.string() }).optional(),
  delta: z.object({ content: z.string().optional() }).optional(),
  finish_reason: finishReasonSchema.nullish(),
});
const answerSchema = z.object({ choices: z.array(choice), usage: usageSchema.nullish() });

export interface RelayRequest {
  path: '/v1/chat/completions' | '/v1/completions';
  model: string;
  /** What the client sent. */
  body: Record<string, unknown>;
  requestId: string;
  payer: string;
  /** Aborted when the client leaves. */
  signal: AbortSignal;
}

export interface Relay {
  relay(request: RelayRequest): Promise<Response>;
  /** Opens a job at the best node that takes it; before the first byte the next one is tried. */
  open(model: string, job: Omit<Dispatch, 'node'>, call: { path: string; body: string }): Promise<Opened>;
  /** Resolves when no relay of this request is under way. */
  settled(requestId: string): Promise<void>;
}

interface Opened {
  node: RegisteredNode;
  dispatch: Dispatch;
  response: Response;
  /** Ends the count of the node's running requests. */
  close(fine: boolean): void;
}

/** Passes OpenAI requests on to nodes, streams back what they say, and takes down what was relayed. */
export function createRelay(options: {
  key: GatewayKey;
  nodes: Map<string, RegisteredNode>;
  books: Books;
}): Relay {
  const { key, nodes, books } = options;
  const inFlight = new Map<string, Promise<void>>();

  async function open(
    model: string,
    job: Omit<Dispatch, 'node'>,
    call: { path: string; body: string },
  ): Promise<Opened> {
    const able = candidates(nodes.values(), model);
    let retryAfterSeconds = 5;
    for (const node of able.slice(0, mostTries)) {
      const dispatch = { ...job, node };
      const startedAt = Date.now();
      node.running += 1;
      const close = (fine: boolean) => {
        node.running -= 1;
        if (fine) node.served += 1;
        else node.failed += 1;
        const seconds = (Date.now() - startedAt) / 1000;
        node.averageSeconds += (seconds - node.averageSeconds) / (node.served + node.failed);
      };
      try {
        const response = await sendToNode(key, dispatch, { method: 'POST', ...call });
        if (response.status < 500 && response.status !== 429) return { node, dispatch, response, close };
        retryAfterSeconds = Number(response.headers.get('retry-after')) || retryAfterSeconds;
        await response.body?.cancel();
        node.running -= 1;
      } catch {
        close(false);
      }
    }
    const served = [
      ...new Set([...nodes.values()].flatMap(({ capabilities }) => capabilities.supported_models)),
    ];
    if (able.length === 0 && !served.includes(model))
      throw new AppError('inference/unknown-model', `No node serves “${model}”.`, {
        data: { field: 'model', served },
      });
    throw new AppError('gateway/no-nodes', `No node takes a request for “${model}” now.`, {
      retryAfterSeconds,
    });
  }

  async function relay(request: RelayRequest): Promise<Response> {
    const isStream = request.body.stream === true;
    const wantsUsage = z
      .object({ include_usage: z.literal(true) })
      .safeParse(request.body.stream_options).success;
    const body = JSON.stringify(
      isStream ? { ...request.body, stream_options: { include_usage: true } } : request.body,
    );
    const job = {
      requestId: request.requestId,
      payer: request.payer,
      deadlineMs: Date.now() + requestTimeLimitMs,
    };
    const opened = await open(request.model, job, { path: request.path, body });
    const cancel = () =>
      void sendToNode(key, opened.dispatch, {
        method: 'DELETE',
        path: `/inference/${request.requestId}`,
        body: '',
      }).catch(() => {});
    if (request.signal.aborted) cancel();
    request.signal.addEventListener('abort', cancel, { once: true });
    const headers = { 'x-request-id': request.requestId, 'x-node-id': opened.node.capabilities.node_id };

    const record = (
      text: string,
      answer: { usage?: z.infer<typeof usageSchema> | null | undefined },
      reason: string,
    ) => {
      if (!answer.usage) return false;
      books.record({
        requestId: request.requestId,
        nodeId: opened.node.capabilities.node_id,
        payer: request.payer,
        model: request.model,
        inputSha256: sha256Hex(body),
        outputSha256: sha256Hex(text),
        promptTokens: answer.usage.prompt_tokens,
        generatedTokens: answer.usage.completion_tokens,
        pricing: opened.node.pricing,
        state: reason === 'cancelled' ? 'cancelled' : 'done',
      });
      return true;
    };

    if (!opened.response.ok) {
      opened.close(true);
      return new Response(opened.response.body, {
        status: opened.response.status,
        headers: {
          ...headers,
          'content-type': opened.response.headers.get('content-type') ?? 'application/json',
        },
      });
    }
    const settle = begin(request.requestId);
    if (isStream) {
      const frames = relayFrames(opened.response, wantsUsage, (text, usage, reason) => {
        const fine = record(text, { usage }, reason);
        opened.close(fine);
        settle();
        return fine;
      });
      return new Response(ReadableStream.from(frames) as ReadableStream<Uint8Array>, {
        headers: {
          ...headers,
          'content-type': 'text/event-stream; charset=utf-8',
          'cache-control': 'no-cache',
        },
      });
    }
    try {
      const answered: unknown = await opened.response.json();
      const answer = answerSchema.parse(answered);
      const first = answer.choices[0];
      const fine = record(
        first?.message?.content ?? first?.text ?? '',
        answer,
        first?.finish_reason ?? 'stop',
      );
      opened.close(fine);
      return Response.json(answered, { headers });
    } catch (cause) {
      opened.close(false);
      throw new AppError('gateway/node-failed', 'The node broke off its answer.', { cause });
    } finally {
      settle();
    }
  }

  function begin(requestId: string): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    inFlight.set(requestId, promise);
    return () => {
      inFlight.delete(requestId);
      resolve();
    };
  }

  return { relay, open, settled: (requestId) => inFlight.get(requestId) ?? Promise.resolve() };
}

/**
 * Frames as the client gets them. When the client leaves, what the node still sends is read to its usage frame, so that both sides
 * know what was generated.
 */
async function* relayFrames(
  response: Response,
  wantsUsage: boolean,
  finish: (text: string, usage: z.infer<typeof usageSchema> | null, reason: string) => boolean,
): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  const decoder = new TextDecoder();
  let out: string[] = [];
  let text = '';
  let usage: z.infer<typeof usageSchema> | null = null;
  let reason = 'stop';
  let isDone = false;
  const parser = createParser({
    onComment: () => out.push(': waiting\n\n'),
    onEvent({ data }) {
      if (data === '[DONE]') {
        isDone = true;
        return;
      }
      const chunk = answerSchema.safeParse(JSON.parse(data));
      const first = chunk.success ? chunk.data.choices[0] : undefined;
      text += first?.delta?.content ?? first?.text ?? '';
      if (first?.finish_reason) reason = first.finish_reason;
      if (chunk.success && chunk.data.usage) {
        usage = chunk.data.usage;
        if (!wantsUsage && chunk.data.choices.length === 0) return;
      }
      out.push(`data: ${data}\n\n`);
    },
  });
  const source = (response.body ?? new ReadableStream())[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
  const pull = async (): Promise<boolean> => {
    const { value, done } = await source.next();
    if (!done) parser.feed(decoder.decode(value, { stream: true }));
    return !done;
  };
  const flush = () => {
    const ready = encoder.encode(out.join(''));
    out = [];
    return ready;
  };
  try {
    while (await pull()) if (out.length > 0) yield flush();
  } catch {
    isDone = false;
  } finally {
    // Left early, by the client: read on to the node's last word.
    try {
      while (await pull());
    } catch {
      isDone = false;
    }
    if (!finish(text, usage, reason)) isDone = false;
  }
  const broken = new AppError('gateway/node-failed', 'The node broke off its answer.');
  yield encoder.encode(
    (out.length > 0 ? out.join('') : '') +
      (isDone ? '' : `data: ${JSON.stringify(openAiError(broken))}\n\n`) +
      'data: [DONE]\n\n',
  );
}
