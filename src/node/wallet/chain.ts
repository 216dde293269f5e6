import type { Connection } from '@solana/web3.js';
import { AppError } from '#contract/errors.ts';
import { toAppError } from '#contract/result.ts';
import type { Cluster } from '#contract/wire/network.ts';
import type { Clock } from '../clock.ts';

const usualTimeoutMs = 10_000;
const firstBackoffMs = 2000;
const mostBackoffMs = 120_000;
const genesisGoodMs = 600_000;

/** Where a cluster is asked when the operator names no endpoint. */
export const publicEndpoints: Record<Cluster, string> = {
  localnet: 'http://127.0.0.1:8899',
  devnet: 'https://api.devnet.solana.com',
  'mainnet-beta': 'https://api.mainnet-beta.solana.com',
};

export interface ChainAccess {
  cluster: Cluster;
  genesisHash: string;
  /** How many endpoints there are, answering or not. */
  endpoints: number;
  /** Of the first endpoint that answers and is of the right cluster. Throws `chain/*`; a refusal is an answer. */
  ask<T>(call: (connection: Connection) => Promise<T>): Promise<T>;
  /** Of each that does; the others are left out. */
  askAll<T>(call: (connection: Connection) => Promise<T>): Promise<T[]>;
  /** What is known of the endpoints since they were last asked. */
  state(): { endpoint: string; isRightCluster: boolean; problem: AppError | null };
}

interface Endpoint {
  url: string;
  connection: Promise<Connection> | null;
  /** Until when its genesis hash needs no new look. */
  rightUntil: number;
  restUntil: number;
  backoffMs: number;
  problem: AppError | null;
}

/**
 * A Solana cluster behind several RPC endpoints in order of preference. Each call has a limit; an endpoint that answers 429 or not at
 * all rests, twice as long each time; one whose chain began with another block is not believed.
 */
export function createChainAccess(options: {
  cluster: Cluster;
  genesisHash: string;
  urls: readonly string[];
  clock: Clock;
  timeoutMs?: number | undefined;
}): ChainAccess {
  const { cluster, genesisHash, clock, timeoutMs = usualTimeoutMs } = options;
  const urls = options.urls.length > 0 ? [...new Set(options.urls)] : [publicEndpoints[cluster]];
  const endpoints = urls.map(
    (url): Endpoint => ({
      url,
      connection: null,
      rightUntil: 0,
      restUntil: 0,
      backoffMs: firstBackoffMs,
      problem: null,
    }),
  );

  async function use<T>(endpoint: Endpoint, call: (connection: Connection) => Promise<T>): Promise<T> {
    if (endpoint.restUntil > clock.now()) throw endpoint.problem ?? away(endpoint.url, 'it rests');
    try {
      endpoint.connection ??= connect(endpoint.url, timeoutMs);
      const connection = await endpoint.connection;
      if (endpoint.rightUntil <= clock.now()) {
        const found = await connection.getGenesisHash();
        if (found !== genesisHash)
          throw new AppError(
            'chain/wrong-cluster',
            `${shown(endpoint.url)} is not ${cluster}: its chain began with ${found}.`,
            { data: { endpoint: shown(endpoint.url) } },
          );
        endpoint.rightUntil = clock.now() + genesisGoodMs;
      }
      const answer = await call(connection);
      Object.assign(endpoint, { restUntil: 0, backoffMs: firstBackoffMs, problem: null });
      return answer;
    } catch (thrown) {
      const error = chainError(thrown, endpoint.url);
      if (error.code === 'chain/rejected') throw error;
      endpoint.problem = error;
      endpoint.rightUntil = 0;
      endpoint.restUntil = clock.now() + Math.max(endpoint.backoffMs, (error.retryAfterSeconds ?? 0) * 1000);
      endpoint.backoffMs = Math.min(endpoint.backoffMs * 2, mostBackoffMs);
      throw error;
    }
  }

  return {
    cluster,
    genesisHash,
    endpoints: endpoints.length,
    async ask(call) {
      let first: AppError | null = null;
      for (const endpoint of endpoints) {
        try {
          return await use(endpoint, call);
        } catch (thrown) {
          const error = toAppError(thrown);
          if (error.code === 'chain/rejected') throw error;
          if (first?.code !== 'chain/wrong-cluster') first = error;
        }
      }
      throw first ?? away('', 'there is no endpoint');
    },
    async askAll(call) {
      const answers = await Promise.allSettled(endpoints.map((endpoint) => use(endpoint, call)));
      return answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
    },
    state() {
      const good = endpoints.find(({ problem }) => problem === null);
      const wrong = endpoints.find(({ problem }) => problem?.code === 'chain/wrong-cluster');
      const first = good ?? wrong ?? endpoints[0];
      return {
        endpoint: shown(first?.url ?? ''),
        isRightCluster: good !== undefined || wrong === undefined,
        problem: good ? null : (first?.problem ?? null),
      };
    },
  };
}

/** Loaded on demand: it would take a fifth of the idle host's memory. */
async function connect(url: string, timeoutMs: number): Promise<Connection> {
  const { Connection } = await import('@solana/web3.js');
  const limited = async (input: string, init: RequestInit) => {
    const response = await fetch(input, { ...init, signal: AbortSignal.timeout(timeoutMs) });
    if (response.status !== 429) return response;
    await response.body?.cancel();
    const seconds = Number(response.headers.get('retry-after'));
    throw new AppError('chain/unreachable', `${shown(url)} asks for fewer requests.`, {
      retryAfterSeconds: Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds, 600) : 5,
    });
  };
  return new Connection(url, {
    commitment: 'confirmed',
    disableRetryOnRateLimit: true,
    fetch: limited as never,
  });
}

/** Scheme and host: what follows may be a key. */
const shown = (url: string): string => (URL.canParse(url) ? new URL(url).origin : url);

const away = (url: string, why: string) =>
  new AppError('chain/unreachable', `${shown(url)} does not answer: ${why}`);

function chainError(thrown: unknown, url: string): AppError {
  if (thrown instanceof AppError) return thrown;
  const error = thrown instanceof Error ? thrown : new Error(`${thrown}`);
  if (error.constructor.name === 'SendTransactionError')
    return new AppError('chain/rejected', refusalIn(error), { cause: thrown });
  return new AppError('chain/unreachable', `${shown(url)}: ${error.message.slice(0, 200)}`, {
    cause: thrown,
  });
}

const refusalIn = (error: Error): string =>
  (/Message: (.*?)\.?\s*$/m.exec(error.message)?.[1] ?? error.message.split('\n')[0] ?? '').slice(0, 300);
