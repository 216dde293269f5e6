import { AppError } from '#contract/errors.ts';
import { type ProxiedUsage, quotedPrice } from '#contract/proxy-price.ts';
import { cacheHeader } from '#contract/wire/receipt.ts';
import type { Books, RelayedJob } from './books.ts';
import { type Dispatch, sendToNode } from './dispatch.ts';
import { type GatewayKey, sha256Hex } from './ed25519.ts';
import { candidates, type RegisteredNode } from './registry.ts';

const requestTimeLimitMs = 60_000;
const mostTries = 3;

export interface RelayCall {
  model: string;
  /** The node's route. */
  path: string;
  /** The dispatched body, as sent. */
  body: string;
  requestId: string;
  payer: string;
  tipLamports: bigint;
  /** Aborted when the client leaves. */
  signal: AbortSignal;
}

/** What the gateway saw a node generate. */
export type Outcome = Pick<RelayedJob, 'promptTokens' | 'generatedTokens' | 'state'> & {
  text: string;
  /** Of a proxied answer: what its price is worked out from. */
  proxied?: ProxiedUsage | undefined;
};

export interface Opened {
  node: RegisteredNode;
  response: Response;
  /** Ends the relay: takes the job down as owed, or, with null, as failed by the node. To be called exactly once. */
  finish(outcome: Outcome | null): void;
  /** Ends the relay of a request that the node refused for the client's fault. */
  refused(): void;
}

export interface Relay {
  /**
   * Sends a job to the best node that takes it; before the first byte the next one is tried. A client that leaves cancels it
   * at the node. Throws `inference/unknown-model` and `gateway/no-nodes`.
   */
  open(call: RelayCall): Promise<Opened>;
  isUnderWay(requestId: string): boolean;
  /** Resolves when no relay of this request is under way. */
  settled(requestId: string): Promise<void>;
}

/** Passes requests on to nodes and takes down what was relayed. */
export function createRelay(options: {
  key: GatewayKey;
  nodes: Map<string, RegisteredNode>;
  books: Books;
  now(): number;
}): Relay {
  const { key, nodes, books, now } = options;
  const underWay = new Map<string, Promise<void>>();

  async function open(call: RelayCall): Promise<Opened> {
    const { requestId, payer, model, path, body, signal } = call;
    const { promise, resolve } = Promise.withResolvers<void>();
    const end = () => {
      underWay.delete(requestId);
      resolve();
    };
    underWay.set(requestId, promise);
    const able = candidates(nodes.values(), model);
    const deadlineMs = now() + requestTimeLimitMs;
    let retryAfterSeconds = 5;
    for (const node of able.slice(0, mostTries)) {
      if (signal.aborted) break;
      const dispatch: Dispatch = { requestId, payer, deadlineMs, node };
      const attempt = begin(node);
      const cancel = () => void cancelAt(dispatch);
      signal.addEventListener('abort', cancel, { once: true });
      const stop = () => {
        signal.removeEventListener('abort', cancel);
        end();
      };
      try {
        const response = await sendToNode(key, dispatch, { method: 'POST', path, body }, now);
        if (response.status < 500 && response.status !== 429)
          return {
            node,
            response,
            finish(outcome) {
              stop();
              attempt(outcome !== null);
              if (outcome) takeDown(call, node, outcome, response.headers.get(cacheHeader) === 'hit');
            },
            refused() {
              stop();
              attempt(null);
            },
          };
        retryAfterSeconds = Number(response.headers.get('retry-after')) || retryAfterSeconds;
        await response.body?.cancel();
        attempt(null);
      } catch {
        attempt(false);
        // It may still be at work on an answer that nobody will read.
        void cancelAt(dispatch);
      }
      signal.removeEventListener('abort', cancel);
    }
    end();
    if (able.length === 0) throwIfUnknown(model);
    throw new AppError('gateway/no-nodes', `No node takes a request for “${model}” now.`, {
      retryAfterSeconds,
    });
  }

  /** Counts a request at a node, until it ended well (true), badly (false) or as no fault of the node (null). */
  function begin(node: RegisteredNode): (isFine: boolean | null) => void {
    const startedMs = performance.now();
    node.running += 1;
    return (isFine) => {
      node.running -= 1;
      if (isFine === null) return;
      if (isFine) node.served += 1;
      else node.failed += 1;
      const seconds = (performance.now() - startedMs) / 1000;
      node.averageSeconds += (seconds - node.averageSeconds) / (node.served + node.failed);
    };
  }

  function takeDown(call: RelayCall, node: RegisteredNode, outcome: Outcome, isCacheHit: boolean): void {
    books.record({
      requestId: call.requestId,
      nodeId: node.capabilities.node_id,
      payer: call.payer,
      model: call.model,
      inputSha256: sha256Hex(call.body),
      outputSha256: sha256Hex(outcome.text),
      promptTokens: outcome.promptTokens,
      generatedTokens: outcome.generatedTokens,
      pricing: node.pricing,
      proxied: outcome.proxied ? proxiedPrice(call, node, outcome.proxied, isCacheHit) : null,
      training: null,
      tipLamports: call.tipLamports,
      isCacheHit,
      state: outcome.state,
    });
  }

  /** By the node's own quote; without one of that version nothing is owed. */
  function proxiedPrice(
    { tipLamports }: RelayCall,
    node: RegisteredNode,
    { target, quote: version, ...usage }: ProxiedUsage,
    isCacheHit: boolean,
  ) {
    const current = nodes.get(node.capabilities.node_id) ?? node;
    const quote = current.quotes.get(version) ?? node.quotes.get(version);
    const cacheHitPercent = isCacheHit ? node.pricing.cacheHitPercent : null;
    const price = quote && quotedPrice(quote, { target, usage, tipLamports, cacheHitPercent });
    return {
      target,
      priceLamports: price?.priceLamports ?? 0n,
      feeLamports: price?.feeLamports ?? 0n,
    };
  }

  async function cancelAt(dispatch: Dispatch): Promise<void> {
    const path = `/inference/${dispatch.requestId}`;
    await sendToNode(key, dispatch, { method: 'DELETE', path, body: '' }, now).catch(() => {});
  }

  function throwIfUnknown(model: string): void {
    const served = [
      ...new Set([...nodes.values()].flatMap(({ capabilities }) => capabilities.supported_models)),
    ];
    if (!served.includes(model))
      throw new AppError('inference/unknown-model', `No node serves “${model}”.`, {
        data: { field: 'model', served },
      });
  }

  return {
    open,
    isUnderWay: (requestId) => underWay.has(requestId),
    settled: (requestId) => underWay.get(requestId) ?? Promise.resolve(),
  };
}
