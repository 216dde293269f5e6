import { generateKeyPairSync } from 'node:crypto';
import type { AppError } from '#contract/errors.ts';
import { gatewayDispatchText, gatewayHeaders } from '#contract/wire/signed-request.ts';
import { createByteRate } from '#node/byte-rate.ts';
import { systemClock } from '#node/clock.ts';
import type { FinishedJob, JobAccounting } from '#node/inference/job-request.ts';
import { createJobService, type JobServiceParts } from '#node/inference/job-service.ts';
import { createResponseCache } from '#node/inference/response-cache.ts';
import { createServingRecorder } from '#node/inference/serving-stats.ts';
import { sha256Hex, signingKey } from '#node/link/ed25519.ts';
import { createApiMetrics } from '#node/server/api-metrics.ts';
import { createApiServer } from '#node/server/api-server.ts';
import { createPlainRounds } from '#node/training/plain-rounds.ts';
import { noTraining } from './no-training.ts';
import { createScriptedRuntime, onlyModel } from './scripted-runtime.ts';

export const newKey = () =>
  signingKey(generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());

/** The node's real API over a real socket, on a scripted runtime. */
export async function startScriptedApi(
  options: Parameters<typeof createScriptedRuntime>[0] & {
    queueLimit?: number;
    perMinute?: number;
    cacheBytes?: number;
    gateway?: 'signed' | 'plain' | 'none';
    /** base58; without it the caller signs with `signed`. */
    gatewayPublicKey?: string;
    gate?: AppError | null;
    /** Instead of taking down what was served in `booked`. */
    accounting?: JobAccounting;
    refusal?: JobServiceParts['refusal'];
    /** Of an update that is fetched. */
    bytesPerSecond?(): number | null;
  } = {},
) {
  const scripted = createScriptedRuntime(options);
  const gatewayKey = newKey();
  const stats = createServingRecorder(systemClock);
  const booked: FinishedJob[] = [];
  const jobs = createJobService({
    models: onlyModel(scripted.runtime),
    cache: createResponseCache({
      mostBytes: () => options.cacheBytes ?? 0,
      ttlMs: () => 60_000,
      clock: systemClock,
    }),
    stats,
    clock: systemClock,
    accounting: options.accounting ?? {
      book: async (job) => {
        booked.push(job);
        return job.request.source.kind === 'gateway'
          ? { priceLamports: 1000n, feeLamports: 50n, netLamports: 950n }
          : null;
      },
    },
    queueLimit: () => options.queueLimit ?? 100,
    gate: () => options.gate ?? null,
    ...(options.refusal ? { refusal: options.refusal } : {}),
    onUnbookable: () => {},
  });
  const rate = createByteRate(options.bytesPerSecond ?? (() => null), systemClock);
  const mode = options.gateway ?? 'signed';
  const rounds = createPlainRounds({
    nodeId: 'scripted-node',
    clock: systemClock,
    obstacle: (model) => (model === 'unknown' ? 'This node does not know the model “unknown”.' : null),
  });
  const server = createApiServer({
    jobs,
    clock: systemClock,
    training: { rounds, rate, status: () => noTraining, history: () => [] },
    metrics: createApiMetrics(() => ({
      running: jobs.running(),
      waiting: jobs.waiting(),
      gpuBytes: 0,
      earned: [],
    })),
    nodeId: 'slm-test',
    healthy: () => !options.gate,
    health: () => ({ status: options.gate ? 'unavailable' : 'healthy', node_id: 'slm-test' }),
    capabilities: () => ({ node_id: 'slm-test' }),
    servedModels: () => ['scripted'],
    hasChatTemplate: () => true,
    apiKey: () => 'slm-key',
    gateway: () =>
      mode === 'signed' ? { mode, publicKey: options.gatewayPublicKey ?? gatewayKey.publicKey } : { mode },
    requestsPerMinutePerKey: () => options.perMinute ?? 10_000,
    defaultTimeoutMs: () => 10_000,
  });
  const port = await server.listen({ host: '127.0.0.1', port: 0 });
  const url = `http://127.0.0.1:${port}`;

  /** Headers of a dispatch as a gateway signs it. */
  function signed(
    method: string,
    path: string,
    body: string,
    change: {
      key?: typeof gatewayKey;
      timestamp?: number;
      nonce?: string;
      deadlineMs?: number;
      requestId?: string;
    } = {},
  ) {
    const key = change.key ?? gatewayKey;
    const timestamp = change.timestamp ?? Math.floor(Date.now() / 1000);
    const nonce = change.nonce ?? `${Math.random()}`;
    const requestId = change.requestId ?? `gw-${Math.random()}`;
    const deadlineMs = change.deadlineMs ?? Date.now() + 10_000;
    const text = gatewayDispatchText({
      method,
      path,
      timestamp,
      nonce,
      bodySha256: sha256Hex(body),
      requestId,
      payer: 'payer',
      deadlineMs,
    });
    return {
      [gatewayHeaders.key]: key.publicKey,
      [gatewayHeaders.timestamp]: `${timestamp}`,
      [gatewayHeaders.nonce]: nonce,
      [gatewayHeaders.signature]: key.sign(text),
      [gatewayHeaders.requestId]: requestId,
      [gatewayHeaders.payer]: 'payer',
      [gatewayHeaders.deadline]: `${deadlineMs}`,
    };
  }

  const post = (
    path: string,
    body: unknown,
    headers: Record<string, string> = { authorization: 'Bearer slm-key' },
  ) =>
    fetch(url + path, {
      method: 'POST',
      body: typeof body === 'string' ? body : JSON.stringify(body),
      headers,
    });

  return {
    ...scripted,
    jobs,
    rounds,
    url,
    port,
    booked,
    signed,
    post,
    close: async () => {
      stats.dispose();
      await server.close();
    },
  };
}
