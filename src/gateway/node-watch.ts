import type { RegisteredNode } from './registry.ts';

const defaultIntervalMs = 30_000;
const timeoutMs = 10_000;
/** A node that reports by itself is offline after three reports have not come. */
const missedReports = 3;

/** Asks each node's `/health` every 30 s; anything but 200 is offline. */
export function watchNodes(
  nodes: Map<string, RegisteredNode>,
  now: () => number,
  intervalMs = defaultIntervalMs,
): { stop(): void } {
  const timer = setInterval(() => {
    for (const node of nodes.values()) void look(node);
  }, intervalMs);
  timer.unref();

  async function look(node: RegisteredNode): Promise<void> {
    const fine = await isReachable(node.capabilities.endpoint_url, timeoutMs);
    const reports = node.capabilities.extensions.includes('health-report');
    const silent = reports && now() - node.lastSeenMs > missedReports * intervalMs + intervalMs / 2;
    node.online = fine && !silent;
    if (fine && !reports) node.lastSeenMs = now();
  }

  return { stop: () => clearInterval(timer) };
}

/** Whether `GET endpoint/health` answers 200 in time. */
export async function isReachable(endpoint: string, limitMs: number): Promise<boolean> {
  try {
    const response = await fetch(new URL('/health', endpoint), {
      redirect: 'error',
      signal: AbortSignal.timeout(limitMs),
    });
    await response.body?.cancel();
    return response.status === 200;
  } catch {
    return false;
  }
}
