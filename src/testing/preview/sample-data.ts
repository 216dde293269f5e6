import type { Benchmark } from '#contract/benchmark.ts';
import type { OfferedEntry } from '#contract/catalogue.ts';
import type { Download } from '#contract/download.ts';
import type { Job } from '#contract/job.ts';
import type { Engine, Model } from '#contract/model.ts';
import type { Gpu, Resources } from '#contract/resources.ts';

const gigabyte = 1e9;
export const payer = '7xKXtg2CW87d97TXJSDpbD5jBkheTqA83TZRuJosgAsU';

const model = {
  path: '/home/anna/.config/solanalm-node/models/llama.gguf',
  shipped: false,
  architecture: 'llama',
  contextLength: 131_072,
  hasChatTemplate: true,
  runtime: 'llama.cpp' as const,
  needsGpuBytes: 0,
  fits: true,
  served: false,
  problem: null,
};
export const sampleModels: Model[] = [
  {
    ...model,
    id: 'tiny-chat-Q8_0',
    name: 'Tiny Chat',
    sizeBytes: 964_192,
    shipped: true,
    parameters: 890_000,
    quantization: 'Q8_0',
    contextLength: 512,
    needsBytes: 60e6,
  },
  {
    ...model,
    id: 'llama-3.2-3b-Q4_K_M',
    name: 'Llama 3.2 3B Instruct',
    sizeBytes: 2.02 * gigabyte,
    parameters: 3.2e9,
    quantization: 'Q4_K_M',
    needsBytes: 4.3 * gigabyte,
    served: true,
  },
  {
    ...model,
    id: 'llama-3.3-70b-Q4_K_M',
    name: 'Llama 3.3 70B Instruct',
    sizeBytes: 42.5 * gigabyte,
    parameters: 70e9,
    quantization: 'Q4_K_M',
    needsBytes: 48 * gigabyte,
    fits: false,
  },
];

export const sampleBenchmark: Benchmark = {
  modelId: 'llama-3.2-3b-Q4_K_M',
  at: Date.now(),
  backend: 'cuda',
  prefillTokensPerSecond: 4210,
  decode: [
    { parallel: 1, tokensPerSecond: 118 },
    { parallel: 4, tokensPerSecond: 391 },
    { parallel: 8, tokensPerSecond: 640 },
  ],
  best: null,
};

const qwen = {
  id: 'Qwen3-8B-Q4_K_M',
  name: 'Qwen3 8B',
  repo: 'unsloth/Qwen3-8B-GGUF',
  file: 'Qwen3-8B-Q4_K_M.gguf',
};
export const sampleDownloads: Download[] = [
  {
    ...qwen,
    receivedBytes: 1.9 * gigabyte,
    totalBytes: 5.03 * gigabyte,
    state: { state: 'running', bytesPerSecond: 21e6, secondsLeft: 149 },
  },
];

export const sampleCatalogue: OfferedEntry[] = [
  {
    ...qwen,
    publisher: 'Alibaba',
    parameters: 8.19e9,
    contextLength: 40_960,
    licence: 'Apache-2.0',
    layers: 36,
    kvHeads: 8,
    headDim: 128,
    downloadBytes: 5.0 * gigabyte,
    needsBytes: 7.8 * gigabyte,
    fits: true,
  },
  {
    id: 'Llama-3.3-70B-Instruct-Q4_K_M',
    name: 'Llama 3.3 70B Instruct',
    repo: 'bartowski/Llama-3.3-70B-Instruct-GGUF',
    file: 'Llama-3.3-70B-Instruct-Q4_K_M.gguf',
    publisher: 'Meta',
    parameters: 70.6e9,
    contextLength: 131_072,
    licence: 'Llama 3.3 Community License',
    layers: 80,
    kvHeads: 8,
    headDim: 128,
    downloadBytes: 43 * gigabyte,
    needsBytes: 50 * gigabyte,
    fits: false,
  },
];

export const sampleEngine: Engine = {
  state: 'ready',
  backend: 'cuda',
  modelId: 'llama-3.2-3b-Q4_K_M',
  loadProgress: null,
  contextSize: 4096,
  parallelRequests: 8,
  threads: 7,
  memory: { ramBytes: 0.9 * gigabyte, gpuBytes: 6.3 * gigabyte },
  server: null,
  restarts: 0,
  error: null,
};

const sampleCard = (at: number): Gpu => ({
  id: 'GPU-5f1c',
  vendor: 'nvidia',
  name: 'NVIDIA GeForce RTX 4070',
  totalBytes: 12 * gigabyte,
  usedBytes: (7.9 + 0.3 * wave(at, 40_000)) * gigabyte,
  isUnified: false,
  load: 0.78 + 0.12 * wave(at, 15_000),
  tempC: 64 + 5 * wave(at, 60_000),
  powerWatts: 148 + 22 * wave(at, 15_000),
  powerLimitWatts: 200,
  fanPercent: 41 + 6 * wave(at, 60_000),
  driverVersion: '565.77',
  processes: [
    { pid: 4711, name: 'node', usedBytes: 6.3 * gigabyte, isOurs: true },
    { pid: 1200, name: 'Xorg', usedBytes: 0.7 * gigabyte, isOurs: false },
    { pid: 2210, name: 'firefox', usedBytes: 0.31 * gigabyte, isOurs: false },
    { pid: 2544, name: 'gnome-shell', usedBytes: null, isOurs: false },
  ],
});

/** One that tells little: no fan, no limit, no programs. */
const secondCard = (at: number): Gpu => ({
  ...sampleCard(at),
  id: '0000:0b:00.0',
  vendor: 'amd',
  name: 'AMD Radeon RX 6600',
  totalBytes: 8 * gigabyte,
  usedBytes: 1.1 * gigabyte,
  load: 0.04,
  tempC: null,
  powerWatts: null,
  powerLimitWatts: null,
  fanPercent: null,
  driverVersion: null,
  processes: null,
});

const wave = (at: number, periodMs: number) => Math.sin(at / periodMs);

export const sampleResources = (at: number, gpus = 1): Resources => ({
  at,
  cpu: {
    model: 'AMD Ryzen 7 5800X',
    cores: 8,
    load: 0.31 + 0.1 * Math.sin(at / 20_000),
    ownLoad: 0.2,
    tempC: 58,
    powerWatts: 61,
  },
  ram: { totalBytes: 32 * gigabyte, usedBytes: 11.4 * gigabyte },
  own: {
    hostBytes: 0.12 * gigabyte,
    engineBytes: 0.9 * gigabyte,
    engineGpuBytes: 6.3 * gigabyte,
    trainingBytes: 0.4 * gigabyte,
    trainingGpuBytes: 0,
  },
  gpus: [sampleCard(at), secondCard(at)].slice(0, gpus),
  disk: { totalBytes: 1000 * gigabyte, freeBytes: 412 * gigabyte },
  network: {
    receivedBytesPerSecond: 1_200_000 + 900_000 * wave(at, 30_000),
    sentBytesPerSecond: 340_000 + 90_000 * wave(at, 11_000),
    monthBytes: 3.1 * gigabyte,
  },
  power: { watts: 209, source: 'measured' },
  surroundings: {
    idleSeconds: 900,
    onBattery: false,
    batteryPercent: null,
    fullScreenApp: null,
    exclusiveApps: [],
    isMetered: false,
    thermalState: 'nominal',
  },
});

/** Running, waiting, done, and each way not to be done. */
export const sampleJobs = (now: number): Job[] => {
  const job = (n: number, more: Partial<Job> & Pick<Job, 'state'>): Job => ({
    id: `req-${n}`,
    model: 'llama-3.2-3b-Q4_K_M',
    kind: 'chat',
    source: 'gateway',
    client: payer,
    queuedAt: now - n * 4_300,
    generatedTokens: 0,
    maxTokens: 400,
    ...more,
  });
  const ended = (n: number, ms: number) => ({ finishedAt: now - n * 4_300 + ms });
  return [
    job(0, { state: 'waiting', position: 1 }),
    job(1, { state: 'running', startedAt: now - 4_000, generatedTokens: 128 }),
    job(2, { state: 'done', generatedTokens: 211, earnedLamports: '21000', ...ended(2, 1100) }),
    job(3, {
      state: 'refused',
      error: {
        code: 'inference/context-too-long',
        message: 'The prompt is longer than this model’s 4,096 tokens.',
      },
      ...ended(3, 3),
    }),
    job(4, { state: 'cancelled', generatedTokens: 64, earnedLamports: '6000', ...ended(4, 320) }),
    job(5, {
      state: 'done',
      source: 'local',
      client: 'this computer',
      generatedTokens: 355,
      ...ended(5, 1900),
    }),
    job(6, {
      state: 'failed',
      error: { code: 'inference/crashed', message: 'The engine crashed.' },
      ...ended(6, 700),
    }),
  ];
};
