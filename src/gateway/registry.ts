import { type PricedIn, type Pricing, pricingFromWire } from '#contract/money.ts';
import type { ProxyQuote } from '#contract/proxy-price.ts';
import type { NodeCapabilities } from '#contract/wire/node-capabilities.ts';

const fullReputation = 1;
const keptQuotes = 20;

export interface RegisteredNode {
  capabilities: NodeCapabilities;
  /** base58; null for a node that does not sign. */
  key: string | null;
  pricing: Pricing;
  /** What a proxy charged lately, by the quote's version, newest last: a job may have begun under an older one. */
  quotes: ReadonlyMap<number, ProxyQuote>;
  online: boolean;
  /** Says that it takes no requests just now: it is asked last. */
  busy: boolean;
  lastSeenMs: number;
  running: number;
  served: number;
  failed: number;
  averageSeconds: number;
}

/** The network's rule: reputation × 50 − min(average latency × 10, 30) + success rate × 20. */
export function scoreOf(
  node: Pick<RegisteredNode, 'capabilities' | 'served' | 'failed' | 'averageSeconds'>,
): number {
  const all = node.served + node.failed;
  const successRate = all === 0 ? 1 : node.served / all;
  return node.capabilities.reputation_score * 50 - Math.min(node.averageSeconds * 10, 30) + successRate * 20;
}

/** Nodes that serve the model: those with free places first, busy ones last, then by score. */
export function candidates(nodes: Iterable<RegisteredNode>, model: string): RegisteredNode[] {
  const load = (node: RegisteredNode) =>
    node.busy ? 2 : Number(node.running >= node.capabilities.max_concurrent_requests);
  return [...nodes]
    .filter((node) => node.online && node.capabilities.supported_models.includes(model))
    .sort((a, b) => load(a) - load(b) || scoreOf(b) - scoreOf(a));
}

/** Whether a node says that requests may be sent to it. */
export const takesWork = (status: NodeCapabilities['status']): boolean =>
  status === 'online' || status === 'busy';

/** A node as it registers. What it says of its own reputation is not believed; what was seen of it before is kept. */
export function registeredNode(
  capabilities: NodeCapabilities,
  key: string | null,
  nowMs: number,
  { before, paidWith }: { before?: RegisteredNode | undefined; paidWith?: PricedIn | undefined } = {},
): RegisteredNode {
  const { running = 0, served = 0, failed = 0, averageSeconds = 0 } = before ?? {};
  return {
    capabilities: { ...capabilities, reputation_score: fullReputation },
    key,
    pricing: pricingFromWire(capabilities.pricing, paidWith),
    quotes: withQuote(before?.quotes, capabilities.pricing.proxy),
    // One that rests registers too.
    online: takesWork(capabilities.status),
    busy: capabilities.status === 'busy',
    lastSeenMs: nowMs,
    running,
    served,
    failed,
    averageSeconds,
  };
}

function withQuote(
  known: RegisteredNode['quotes'] = new Map(),
  quote?: ProxyQuote,
): RegisteredNode['quotes'] {
  if (!quote || known.has(quote.version)) return known;
  return new Map([...known, [quote.version, quote] as const].slice(-keptQuotes));
}
