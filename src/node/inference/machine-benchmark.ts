import { readFileSync } from 'node:fs';
import writeFileAtomic from 'write-file-atomic';
import { z } from 'zod';
import { type Benchmark, benchmarkSchema } from '#contract/benchmark.ts';
import { AppError } from '#contract/errors.ts';
import type { Clock } from '../clock.ts';
import { createSignal, type Signal } from '../signal.ts';
import type { ModelPool } from './model-pool.ts';
import type { GenerateRequest, Runtime } from './runtime.ts';

const parallels = [1, 4, 8];
const decodeTokens = 48;
const prefillWords = 200;
const limitMs = 120_000;

export interface MachineBenchmark {
  results: Signal<Benchmark[]>;
  /** Measures a model, loading it where it is not. Rejects with `models/benchmark-running` while another one is measured. */
  run(modelId: string): Promise<Benchmark>;
}

/** Speeds of models on this machine, measured when the operator asks and kept in a file. */
export function openMachineBenchmark(options: {
  file: string;
  pool: Pick<ModelPool, 'acquire'>;
  clock: Clock;
}): MachineBenchmark {
  const results = createSignal(read(options.file));
  let isRunning = false;

  return {
    results,
    async run(modelId) {
      if (isRunning)
        throw new AppError('models/benchmark-running', 'Another model is being measured.', {
          retryAfterSeconds: 30,
        });
      isRunning = true;
      const signal = AbortSignal.timeout(limitMs);
      try {
        const lease = await options.pool.acquire(modelId, signal);
        try {
          const result = { modelId, at: options.clock.now(), ...(await measure(lease.runtime, signal)) };
          const others = results.get().filter((one) => one.modelId !== modelId);
          results.set([...others, result]);
          await writeFileAtomic(options.file, JSON.stringify(results.get()));
          return result;
        } finally {
          lease.release();
        }
      } finally {
        isRunning = false;
      }
    },
  };
}

async function measure(runtime: Runtime, signal: AbortSignal): Promise<Omit<Benchmark, 'modelId' | 'at'>> {
  // The first request warms caches and threads up.
  await timed(runtime, request('Warm up.', 4), signal);
  const read = await timed(runtime, request(words(prefillWords), 1), signal);
  const decode: Benchmark['decode'] = [];
  const most = runtime.engine.get().parallelRequests ?? 1;
  for (const parallel of parallels.filter((count) => count === 1 || count <= most)) {
    const startedAt = performance.now();
    const done = await Promise.all(
      Array.from({ length: parallel }, (_, index) =>
        timed(runtime, request(`Story ${index}: ${words(8)}`, decodeTokens), signal),
      ),
    );
    const seconds = (performance.now() - startedAt) / 1000;
    const tokens = done.reduce((sum, { generatedTokens }) => sum + generatedTokens, 0);
    decode.push({ parallel, tokensPerSecond: round(tokens / seconds) });
  }
  return {
    backend: runtime.engine.get().backend ?? '',
    prefillTokensPerSecond: round((read.promptTokens - read.cachedTokens) / read.firstSeconds),
    decode,
  };
}

async function timed(runtime: Runtime, wanted: GenerateRequest, signal: AbortSignal) {
  const startedAt = performance.now();
  let firstSeconds = 0;
  const onText = () => {
    firstSeconds ||= (performance.now() - startedAt) / 1000;
  };
  const result = await runtime.generate(wanted, { onText }, signal);
  if (result.finishReason === 'cancelled')
    throw new AppError('inference/failed', 'The measurement took longer than two minutes.');
  return { ...result, firstSeconds: firstSeconds || (performance.now() - startedAt) / 1000 };
}

const request = (prompt: string, maxTokens: number): GenerateRequest => ({
  prompt: { kind: 'completion', prompt },
  sampling: { temperature: 1 },
  maxTokens,
  stop: [],
});

/** Words that no earlier request began with: nothing of them is in a cache. */
const words = (count: number): string =>
  Array.from({ length: count }, () => Math.random().toString(36).slice(2, 6)).join(' ');

const round = (value: number): number => Math.round(value * 10) / 10;

function read(file: string): Benchmark[] {
  try {
    return z.array(benchmarkSchema).parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return [];
  }
}
