import { readFileSync } from 'node:fs';
import writeFileAtomic from 'write-file-atomic';
import { z } from 'zod';
import { type Benchmark, benchmarkSchema } from '#contract/benchmark.ts';
import { AppError } from '#contract/errors.ts';
import type { Engine } from '#contract/model.ts';
import type { Clock } from '../clock.ts';
import { createSignal, type Signal } from '../signal.ts';
import type { ModelPool } from './model-pool.ts';
import type { GenerateRequest, Runtime } from './runtime.ts';

const parallels = [1, 4, 8];
const decodeTokens = 48;
const prefillWords = 200;
const limitMs = 120_000;
const mostProcesses = 8;
/** A division has to be this much faster than the best one before: each process takes memory. */
const worthwhile = 1.05;

export interface MachineBenchmark {
  results: Signal<Benchmark[]>;
  /** Measures a model, loading it where it is not. Rejects with `models/benchmark-running` while another one is measured. */
  run(modelId: string): Promise<Benchmark>;
  /**
   * Measures a model with its threads divided among 1, 2, 4 and 8 processes and remembers the fastest division. Nothing else may be
   * loaded meanwhile. Rejects like `run`, and with `models/nothing-to-optimise` where there is one thread, or no llama.cpp on the processor.
   */
  optimise(modelId: string): Promise<Benchmark>;
  /** Processes to run a model in: as many as `wanted`, or those that were measured to be best. */
  processes(modelId: string, wanted: number | 'auto'): number;
}

type Speeds = Omit<Benchmark, 'modelId' | 'at' | 'best'>;

/** Speeds of models on this machine, measured when the operator asks and kept in a file. */
export function openMachineBenchmark(options: {
  file: string;
  pool(): Pick<ModelPool, 'acquire' | 'unloadAll'>;
  clock: Clock;
}): MachineBenchmark {
  const results = createSignal(read(options.file));
  const known = (modelId: string) => results.get().find((one) => one.modelId === modelId);
  /** How many processes are tried at this moment. */
  let trial: number | null = null;
  let isRunning = false;

  async function alone<T>(work: () => Promise<T>): Promise<T> {
    if (isRunning)
      throw new AppError('models/benchmark-running', 'Another model is being measured.', {
        retryAfterSeconds: 30,
      });
    isRunning = true;
    try {
      return await work();
    } finally {
      isRunning = false;
    }
  }

  async function measured(modelId: string): Promise<{ speeds: Speeds; engine: Engine }> {
    const signal = AbortSignal.timeout(limitMs);
    const lease = await options.pool().acquire(modelId, signal);
    try {
      return { speeds: await measure(lease.runtime, signal), engine: lease.runtime.engine.get() };
    } finally {
      lease.release();
    }
  }

  async function keep(modelId: string, speeds: Speeds, best: Benchmark['best']): Promise<Benchmark> {
    const result = { modelId, at: options.clock.now(), ...speeds, best };
    results.set([...results.get().filter((one) => one.modelId !== modelId), result]);
    await writeFileAtomic(options.file, JSON.stringify(results.get()));
    return result;
  }

  return {
    results,
    processes: (modelId, wanted) =>
      trial ?? (wanted === 'auto' ? (known(modelId)?.best?.processes ?? 1) : wanted),
    run: (modelId) =>
      alone(async () => keep(modelId, (await measured(modelId)).speeds, known(modelId)?.best ?? null)),
    optimise: (modelId) =>
      alone(async () => {
        const { pool } = options;
        try {
          trial = 1;
          const one = await measured(modelId);
          const { backend, threads } = one.engine;
          if (backend !== 'cpu' || threads === null || threads < 2)
            throw new AppError(
              'models/nothing-to-optimise',
              backend === 'cpu'
                ? 'The model runs on one thread: there is nothing to divide.'
                : `The model runs on ${backend ?? 'nothing yet'}: only the processor’s threads can be divided.`,
            );
          let best = { processes: 1, ratio: 1, speeds: one.speeds };
          for (trial = 2; trial <= Math.min(threads, mostProcesses); trial *= 2) {
            await pool().unloadAll();
            const { speeds } = await measured(modelId);
            const ratio = Math.round(ratioOf(speeds, one.speeds) * 100) / 100;
            if (ratio > best.ratio * worthwhile) best = { processes: trial, ratio, speeds };
          }
          return await keep(modelId, best.speeds, { processes: best.processes, ratio: best.ratio });
        } finally {
          trial = null;
          await pool().unloadAll();
        }
      }),
  };
}

/** Geometric mean over the numbers of requests at once. */
function ratioOf(ours: Speeds, theirs: Speeds): number {
  const logs = ours.decode.map(({ tokensPerSecond }, index) =>
    Math.log(tokensPerSecond / (theirs.decode[index]?.tokensPerSecond ?? tokensPerSecond)),
  );
  return Math.exp(logs.reduce((sum, log) => sum + log, 0) / logs.length);
}

async function measure(runtime: Runtime, signal: AbortSignal): Promise<Speeds> {
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
