import { Counter, Gauge, Histogram, Registry } from 'prom-client';

/** What `GET /metrics` shows, in Prometheus text. */
export function createApiMetrics(
  read: () => {
    running: number;
    waiting: number;
    gpuBytes: number;
    /** Lamports after fees, by network. */
    earned: readonly { network: string; net: bigint }[];
  },
) {
  const registry = new Registry();
  const common = { registers: [registry] };
  const requests = new Counter({
    name: 'solanalm_requests_total',
    help: 'Requests answered, by route and status',
    labelNames: ['route', 'status'],
    ...common,
  });
  const errors = new Counter({
    name: 'solanalm_errors_total',
    help: 'Requests answered with an error, by code',
    labelNames: ['code'],
    ...common,
  });
  const duration = new Histogram({
    name: 'solanalm_request_duration_seconds',
    help: 'Time from the request to the last byte',
    buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
    ...common,
  });
  const firstToken = new Histogram({
    name: 'solanalm_time_to_first_token_seconds',
    help: 'Time from the request to its first text',
    buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    ...common,
  });
  const interToken = new Histogram({
    name: 'solanalm_inter_token_latency_seconds',
    help: 'Mean time between the tokens of a request',
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5],
    ...common,
  });
  const tokens = new Counter({
    name: 'solanalm_generated_tokens_total',
    help: 'Tokens generated',
    ...common,
  });
  const promptTokens = new Counter({
    name: 'solanalm_prompt_tokens_total',
    help: 'Tokens of prompts',
    ...common,
  });
  const cachedTokens = new Counter({
    name: 'solanalm_prefix_cache_hit_tokens_total',
    help: 'Of them, tokens that an engine had in memory already',
    ...common,
  });
  const cacheHits = new Counter({
    name: 'solanalm_response_cache_hits_total',
    help: 'Requests answered from the response cache',
    ...common,
  });
  const gauge = (name: string, help: string, value: () => number) =>
    new Gauge({
      name,
      help,
      ...common,
      collect() {
        this.set(value());
      },
    });
  gauge('solanalm_requests_running', 'Requests that are being generated', () => read().running);
  gauge('solanalm_requests_waiting', 'Requests in the queue', () => read().waiting);
  gauge('solanalm_gpu_memory_usage', 'GPU memory of the engine in bytes', () => read().gpuBytes);
  new Gauge({
    name: 'solanalm_earnings_sol',
    help: 'Earned after fees, in SOL, by network; test credits are counted so too',
    labelNames: ['network'],
    ...common,
    collect() {
      for (const { network, net } of read().earned) this.set({ network }, Number(net) / 1e9);
    },
  });
  return {
    registry,
    requests,
    errors,
    duration,
    firstToken,
    interToken,
    tokens,
    promptTokens,
    cachedTokens,
    cacheHits,
  };
}

export type ApiMetrics = ReturnType<typeof createApiMetrics>;
