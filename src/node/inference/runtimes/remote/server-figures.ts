import { z } from 'zod';
import type { Engine } from '#contract/model.ts';
import type { RemoteServer } from '#contract/remote-server.ts';
import { callServer, readJson } from './http.ts';

type Figures = NonNullable<Engine['server']>;

/** vLLM's `/metrics` in Prometheus' text; the cache's name changed with its second engine (V1). */
export async function vllmFigures(server: RemoteServer, signal: AbortSignal): Promise<Figures> {
  const text = await (await callServer(server, '/metrics', { signal })).text();
  return {
    running: whole(sumOf(text, 'vllm:num_requests_running')),
    waiting: whole(sumOf(text, 'vllm:num_requests_waiting')),
    cacheUse: sumOf(text, 'vllm:kv_cache_usage_perc') ?? sumOf(text, 'vllm:gpu_cache_usage_perc'),
  };
}

/** The sum over all label sets of a metric in Prometheus' text format; null where it is not in it. */
export function sumOf(text: string, name: string): number | null {
  let sum: number | null = null;
  for (const line of text.split('\n')) {
    if (!line.startsWith(name)) continue;
    const value = /^(?:\{.*\})?\s+(\S+)/.exec(line.slice(name.length))?.[1];
    if (value !== undefined && Number.isFinite(Number(value))) sum = (sum ?? 0) + Number(value);
  }
  return sum;
}

const whole = (value: number | null) => (value === null ? null : Math.round(value));

const iterationSchema = z.looseObject({
  numActiveRequests: z.int().optional(),
  numQueuedRequests: z.int().optional(),
  kvCacheStats: z.looseObject({ usedNumBlocks: z.int(), maxNumBlocks: z.int() }).optional(),
});

/** TensorRT-LLM's `/metrics`: what its latest iterations were like, newest last; an empty list while it is idle. */
export async function tensorRtFigures(server: RemoteServer, signal: AbortSignal): Promise<Figures | null> {
  const list = z
    .array(iterationSchema)
    .safeParse(await readJson(await callServer(server, '/metrics', { signal }))).data;
  const last = list?.at(-1);
  if (!list) return null;
  const cache = last?.kvCacheStats;
  return {
    running: last?.numActiveRequests ?? 0,
    waiting: last?.numQueuedRequests ?? 0,
    cacheUse: cache && cache.maxNumBlocks > 0 ? cache.usedNumBlocks / cache.maxNumBlocks : null,
  };
}
