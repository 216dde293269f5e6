import { type ChildProcess, fork } from 'node:child_process';
import { AppError } from '#contract/errors.ts';
import type { Settings } from '#contract/settings.ts';
import type { Clock } from '../clock.ts';
import { entryPath, resourcesDir } from '../entries.ts';

const startLimitMs = 15_000;
const endLimitMs = 5000;
const firstBackoffMs = 500;
const mostBackoffMs = 30_000;

export interface LocalGateway {
  /** Starts the gateway's process unless it runs; resolves with its address. */
  open(): Promise<string>;
  /** Tells it what of its settings has changed. */
  tell(): void;
  close(): Promise<void>;
}

/** The local test network: the gateway in a process of its own, restarted at the same address when it dies. */
export function createLocalGateway(options: {
  dataDir: string;
  settings(): Pick<Settings, 'testRequestsPerMinute' | 'phoneRelayUrl'>;
  clock: Clock;
  /** A chain to pay on, as the gateway's flags name it; without it there are test credits. */
  chain?: {
    cluster: 'localnet' | 'devnet';
    rpcUrls: readonly string[];
    treasuryFile: string;
    mint?: string;
    thresholdAtomic?: bigint;
  };
}): LocalGateway {
  let child: ChildProcess | null = null;
  let url: string | null = null;
  let ended = new AbortController();
  let backoffMs = firstBackoffMs;

  const told = () => {
    const { testRequestsPerMinute, phoneRelayUrl } = options.settings();
    return { testRequestsPerMinute, relays: phoneRelayUrl === null ? [] : [new URL(phoneRelayUrl).origin] };
  };

  function start(): Promise<string> {
    const { testRequestsPerMinute, relays } = told();
    const port = url === null ? '0' : new URL(url).port;
    const args = [
      '--port',
      port,
      '--data',
      options.dataDir,
      '--trainer',
      entryPath('trainer'),
      '--resources',
      resourcesDir(),
      '--test-requests',
      `${testRequestsPerMinute}`,
      ...relays.flatMap((relay) => ['--phone-relay', relay]),
      ...chainFlags(options.chain),
    ];
    const mine = fork(entryPath('gateway'), args, {
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      execArgv: [],
    });
    child = mine;
    const { signal } = ended;
    return new Promise((resolve, reject) => {
      const failed = () => reject(new AppError('link/unreachable', 'The local test network did not start.'));
      const limit = setTimeout(() => mine.kill(), startLimitMs);
      mine.once('message', (message: { url: string }) => {
        clearTimeout(limit);
        url = message.url;
        backoffMs = firstBackoffMs;
        resolve(message.url);
      });
      mine.once('exit', () => {
        clearTimeout(limit);
        failed();
        if (child !== mine) return;
        child = null;
        if (url !== null && !signal.aborted) restart(signal);
      });
    });
  }

  function restart(signal: AbortSignal): void {
    const pauseMs = backoffMs;
    backoffMs = Math.min(backoffMs * 2, mostBackoffMs);
    options.clock
      .sleep(pauseMs, signal)
      .then(start)
      .catch(() => {});
  }

  return {
    async open() {
      if (child && url !== null) return url;
      ended = new AbortController();
      return start();
    },
    tell() {
      if (child?.connected) child.send(told());
    },
    async close() {
      ended.abort();
      const mine = child;
      child = null;
      url = null;
      if (!mine || mine.exitCode !== null) return;
      const exited = new Promise((resolve) => mine.once('exit', resolve));
      mine.kill('SIGTERM');
      const force = setTimeout(() => mine.kill('SIGKILL'), endLimitMs);
      await exited;
      clearTimeout(force);
    },
  };
}

const chainFlags = (chain: Parameters<typeof createLocalGateway>[0]['chain']): string[] =>
  chain
    ? [
        ...['--cluster', chain.cluster, '--treasury', chain.treasuryFile],
        ...chain.rpcUrls.flatMap((url) => ['--rpc', url]),
        ...(chain.mint === undefined ? [] : ['--mint', chain.mint]),
        ...(chain.thresholdAtomic === undefined ? [] : ['--settle-threshold', `${chain.thresholdAtomic}`]),
      ]
    : [];
