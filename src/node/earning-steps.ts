import { assetOf } from '#contract/assets.ts';
import { AppError } from '#contract/errors.ts';
import { type Pricing, pricingToWire } from '#contract/money.ts';
import type { LinkState } from '#contract/node-status.ts';
import type { HardwareReport } from '#contract/resources.ts';
import type { Settings } from '#contract/settings.ts';
import type { NodeCapabilities, NodeHealth } from '#contract/wire/node-capabilities.ts';
import type { NodeAccount } from '#contract/wire/receipt.ts';
import { nativeMint } from '#contract/wire/voucher.ts';
import type { Clock } from './clock.ts';
import type { DrainableJobService } from './inference/job-service.ts';
import type { MachineBenchmark } from './inference/machine-benchmark.ts';
import type { ModelPool } from './inference/model-pool.ts';
import type { ServingRecorder } from './inference/serving-stats.ts';
import type { Ledger } from './ledger/ledger.ts';
import { createFederatedCalls } from './link/federated-calls.ts';
import { createGatewayLink, type GatewayLink } from './link/gateway-link.ts';
import type { PayingGateway } from './link/job-accounting.ts';
import type { LocalGateway } from './link/local-gateway.ts';
import type { NodeKey } from './link/node-key.ts';
import type { ModelStore } from './models/model-store.ts';
import type { EarningSteps } from './node-controller.ts';
import { pricedIn } from './node-pricing.ts';
import type { ProxyNode } from './proxy/proxy-node.ts';
import { hardwareToWire, readHardware } from './resources/hardware.ts';
import type { ResourceProbe } from './resources/probe.ts';
import type { ApiKey } from './server/api-key.ts';
import { createApiMetrics } from './server/api-metrics.ts';
import { type ApiServer, createApiServer } from './server/api-server.ts';
import type { TrustedGateway } from './server/authentication.ts';
import type { SettingsStore } from './settings-store.ts';
import type { WritableSignal } from './signal.ts';
import type { Training } from './training/open-training.ts';
import { createPlainCalls } from './training/plain-calls.ts';
import type { RoundGateway } from './training/training-node.ts';
import type { Wallet, WorkingGateway } from './wallet/open-wallet.ts';

const mostAnnouncedModels = 1000;
/** Requests at once that a proxy is announced with; its providers' limits are told by its answers. */
const proxySlots = 64;
const extensions = [
  'signed-nodes',
  'health-report',
  'deregister',
  'streaming',
  'receipts',
  'vouchers',
  'settlement',
  'federated',
];
/** The protocol wants a model's name of every node; one that only trains serves none. */
const trainingOnly = 'federated-training';

export interface EarningParts {
  key: NodeKey;
  clock: Clock;
  settings: SettingsStore;
  pool: ModelPool;
  models: ModelStore;
  proxy: ProxyNode;
  benchmark: Pick<MachineBenchmark, 'results'>;
  jobs: DrainableJobService;
  stats: ServingRecorder;
  ledger: Ledger;
  training: Pick<Training, 'api' | 'rounds' | 'taskOf' | 'rate'>;
  probe: ResourceProbe;
  link: WritableSignal<LinkState>;
  localGateway: LocalGateway;
  apiKey: ApiKey;
  pricing(): Pricing;
  /** Whether requests are taken; `despiteHold`: or would be, were they not held back. */
  healthy(despiteHold?: boolean): boolean;
  /** Why a request would be refused now. */
  gate(): AppError | null;
  /** Another program is to have the memory: no model is loaded before it is asked for. */
  leavesMemory(): boolean;
  /** What trains gives its memory back before anything is loaded for the next start. */
  beforeRelease(): Promise<void>;
  /** The gateway wants no work done for a while; null: it does not. */
  onPauseAsked(ask: { until: number; reason: string } | null): void;
  wallet(): Pick<Wallet, 'binding' | 'credit' | 'tellReceiptProblem'>;
}

export interface Earning {
  steps: EarningSteps;
  payingGateway(): PayingGateway | null;
  account(): { account: NodeAccount; at: number } | null;
  /** `SOL`, or the mint that a gateway pays with: by what it says, else by the channel that it last had. */
  assetOf(gatewayKey: string): string;
  /** Where training rounds come from; null while there is no such gateway. */
  roundGateway(): RoundGateway | null;
  flushReceipts(): void;
  /** Tells the gateway that no request for this computer's models is taken just now, or that they are again. */
  setBusy(isBusy: boolean): void;
  /** The gateway, once it has told what it is; null while the node works for none. */
  workingGateway(): WorkingGateway | null;
}

/** What starting to earn does, step by step: network, model, API, registration; and how each is let go. */
export function createEarningSteps(parts: EarningParts): Earning {
  const { settings, pool, jobs, stats, link } = parts;
  let current: { link: GatewayLink; url: string } | null = null;
  let api: ApiServer | null = null;
  let endpoint = '';
  let isHeld = false;
  let isBusy = false;
  let hardware: HardwareReport | null = null;
  const startedAt = parts.clock.now();
  const metrics = createApiMetrics(() => ({
    running: jobs.running(),
    waiting: jobs.waiting(),
    gpuBytes: pool.engines.get().reduce((sum, { memory }) => sum + (memory?.gpuBytes ?? 0), 0),
    earned: parts.ledger.netByMoney().filter(({ asset }) => asset === 'SOL'),
  }));

  function capabilities(): NodeCapabilities {
    const engine = pool.foremost.get();
    const own = servable();
    const models = served();
    const paidWith = pricedIn(current?.link.info.get() ?? null);
    parts.proxy.paidWith(paidWith.asset);
    const quote = parts.proxy.quote.get();
    const wanted = settings.current.get();
    const trains = wanted.takePartInTraining;
    if (!hardware || (models.length === 0 && !trains)) throw nothingServed();
    return {
      node_id: parts.key.nodeId,
      node_type: nodeType({ serves: own.length > 0, proxies: models.length > own.length, trains }),
      // Only the local test network takes a node without one; its credits are booked to the node's own key.
      wallet_address: wanted.payoutAddress ?? parts.key.publicKey,
      endpoint_url: endpoint,
      endpoint,
      capabilities: {
        models,
        context_size: engine.contextSize ?? 0,
        tokens_per_second: measuredSpeeds(own),
      },
      hardware: hardwareToWire(hardware),
      pricing: {
        ...pricingToWire(parts.pricing(), paidWith),
        per_training_round: 0,
        minimum_payment: 0.001,
        ...(quote ? { proxy: quote } : {}),
      },
      supported_models: models.length > 0 ? models : [trainingOnly],
      max_concurrent_requests: slots(),
      status: standing(),
      reputation_score: 1,
      total_requests_served: stats.stats.get().completed,
      success_rate: stats.stats.get().successRate ?? 1,
      average_response_time: stats.jobSeconds() ?? 0,
      extensions,
      ...(current ? wallet(current.url, wanted) : {}),
    };
  }

  const standing = (): NodeHealth['status'] => {
    if (takesNone()) return 'maintenance';
    // Providers answer whatever the machine is at.
    return isBusy && parts.proxy.offered().length === 0 ? 'busy' : 'online';
  };

  /** The wallet's word where it is for this gateway, and who begins payments. */
  function wallet(url: string, { payoutBy }: Settings) {
    const { binding } = parts.wallet();
    const delegation = binding.delegationFor(url);
    const changes = binding.payoutChanges();
    return {
      payout_by: payoutBy,
      ...(delegation ? { delegation } : {}),
      ...(changes.length > 0 ? { payout_changes: changes } : {}),
    };
  }

  /** A gateway that owes too much sends nothing more, and is still told that the node is there. */
  const takesNone = () => isHeld || parts.wallet().credit.obstacle.get() !== null;

  function nothingServed(): AppError {
    const { obstacle } = parts.proxy.status.get();
    return obstacle
      ? new AppError(obstacle.code, obstacle.message)
      : new AppError('proxy/no-provider', 'Neither a model of this computer nor a provider’s is sold.');
  }

  /** Served models that are there and sound. */
  function servable(): string[] {
    return pool.offered().filter((id) => parts.models.get(id)?.problem === null);
  }

  /** All that a request may name, as many as a registration takes. */
  const served = (): string[] =>
    [...new Set([...servable(), ...parts.proxy.offered()])].slice(0, mostAnnouncedModels);

  /** What was measured on this machine with the most requests at once, by model. */
  function measuredSpeeds(models: string[]): Record<string, number> {
    return Object.fromEntries(
      parts.benchmark.results
        .get()
        .filter(({ modelId }) => models.includes(modelId))
        .map(({ modelId, decode }) => [modelId, decode.at(-1)?.tokensPerSecond ?? 0]),
    );
  }

  const slots = (): number =>
    Math.max(1, ...servable().map(pool.slots), parts.proxy.offered().length > 0 ? proxySlots : 1);

  function health(): NodeHealth {
    const { ram } = parts.probe.current.get();
    return {
      node_id: parts.key.nodeId,
      status: standing(),
      current_load: (jobs.running() + jobs.waiting()) / slots(),
      memory_usage: Math.min(1, ram.usedBytes / ram.totalBytes),
      requests_processed: stats.stats.get().completed,
    };
  }

  function trustedGateway(): TrustedGateway {
    const info = current?.link.info.get();
    if (!info) return { mode: 'none' };
    return info.extensions.includes('signed-nodes') && info.public_key
      ? { mode: 'signed', publicKey: info.public_key }
      : { mode: 'plain' };
  }

  const newApi = () =>
    createApiServer({
      jobs,
      clock: parts.clock,
      metrics,
      nodeId: parts.key.nodeId,
      // A node that rests registers too, as one in maintenance; the gateway asks for its health before it takes it.
      healthy: () => parts.healthy(current?.link.isRegistering() === true),
      retryAfterSeconds: () => parts.gate()?.retryAfterSeconds ?? null,
      health: () => {
        const engine = pool.foremost.get();
        return {
          status: parts.healthy() ? 'healthy' : 'unavailable',
          node_id: parts.key.nodeId,
          uptime: (parts.clock.now() - startedAt) / 1000,
          requests_processed: stats.stats.get().completed,
          current_load: health().current_load,
          model: engine.modelId,
          device: engine.backend,
          stats: stats.stats.get(),
        };
      },
      capabilities,
      servedModels: served,
      hasChatTemplate: (id) => parts.models.get(id)?.hasChatTemplate ?? true,
      training: parts.training.api,
      apiKey: parts.apiKey.get,
      gateway: trustedGateway,
      requestsPerMinutePerKey: () => settings.current.get().requestsPerMinutePerKey,
      defaultTimeoutMs: () => settings.current.get().requestTimeoutSeconds * 1000,
    });

  const steps: EarningSteps = {
    async openNetwork({ network, payoutAddress }) {
      if (network.kind === 'local') return parts.localGateway.open();
      if (payoutAddress === null)
        throw new AppError('wallet/needed', `Nobody could be paid for work for ${network.url}.`);
      return network.url;
    },
    async loadModel({ serveOwnModels, servedModels, takePartInTraining }, signal) {
      await parts.proxy.ready();
      if (!serveOwnModels) {
        if (parts.proxy.offered().length > 0 || takePartInTraining) return;
        throw nothingServed();
      }
      await parts.models.scan();
      const first = servedModels[0] as string;
      const model = parts.models.get(first);
      if (!model) throw new AppError('models/not-found', `The model “${first}” is not in the store.`);
      if (model.problem) throw new AppError(model.problem.code, model.problem.message);
      if (!parts.leavesMemory()) await pool.load(first, signal);
      parts.models.setServed(servedModels);
    },
    async listen({ apiPort, listenOnAllInterfaces }) {
      api = newApi();
      const port = await api.listen({ host: listenOnAllInterfaces ? '0.0.0.0' : '127.0.0.1', port: apiPort });
      return `http://127.0.0.1:${port}`;
    },
    async register(gatewayUrl, apiUrl, signal) {
      const { publicUrl, declaredNetworkMbps } = settings.current.get();
      endpoint = publicUrl ?? apiUrl;
      if (publicUrl === null && !isLoopback(gatewayUrl))
        throw new AppError(
          'link/endpoint-not-public',
          `The gateway at ${gatewayUrl} cannot reach ${apiUrl}.`,
        );
      hardware = await readHardware(parts.probe.current.get(), declaredNetworkMbps);
      const mine = createGatewayLink({
        url: gatewayUrl,
        key: parts.key,
        clock: parts.clock,
        ledger: parts.ledger,
        state: link,
        capabilities,
        health,
        onPauseAsked: parts.onPauseAsked,
        onRegistered: ({ pricing }) => parts.proxy.announced(pricing.proxy ?? null),
        onReceiptProblem: (problem) => parts.wallet().tellReceiptProblem(problem),
        creditLimit: (info) => parts.wallet().credit.voucherLimit(info),
      });
      current = { link: mine, url: gatewayUrl };
      const abandon = () => void mine.stop();
      signal.addEventListener('abort', abandon, { once: true });
      await mine.start();
      signal.removeEventListener('abort', abandon);
    },
    drain: (untilMs) => jobs.drain(untilMs),
    runningJobs: () => jobs.running(),
    holdServing(hold) {
      const wasHeld = isHeld;
      isHeld = hold !== null;
      if (wasHeld !== isHeld) current?.link.reportSoon();
      if (!hold) return;
      jobs.refuseWaiting(hold.error);
      if (hold.how === 'stop') jobs.stopRunning(hold.error, (model) => pool.offered().includes(model));
    },
    announce: () => current?.link.announce(),
    reportSoon: () => current?.link.reportSoon(),
    async release() {
      await parts.beforeRelease();
      await current?.link.stop();
      await api?.close();
      api = null;
      current = null;
      link.set({ state: 'off' });
      parts.onPauseAsked(null);
      parts.wallet().tellReceiptProblem(null);
      await pool.unloadAll();
      await parts.localGateway.close();
    },
  };

  return {
    steps,
    payingGateway() {
      const info = current?.link.info.get();
      if (!current || !info) return null;
      const takesReceipts = info.extensions.includes('receipts') && info.extensions.includes('signed-nodes');
      return {
        url: current.url,
        publicKey: takesReceipts ? (info.public_key ?? null) : null,
        network: info.network ?? null,
        asset: pricedIn(info).asset,
      };
    },
    account: () => current?.link.account.get() ?? null,
    assetOf(gatewayKey) {
      const info = current?.link.info.get();
      if (info?.public_key === gatewayKey) return pricedIn(info).asset;
      const last = parts.ledger.channels().find((channel) => channel.gatewayKey === gatewayKey);
      return assetOf(last?.mint ?? nativeMint);
    },
    roundGateway() {
      const info = current?.link.info.get();
      if (!current || !info) return null;
      const { url } = current;
      const { rounds, taskOf, rate } = parts.training;
      const { public_key: publicKey, network, extensions: spoken } = info;
      const clock = parts.clock;
      if (spoken.includes('federated') && publicKey && network)
        return {
          url,
          publicKey,
          network,
          calls: createFederatedCalls(url, parts.key, () => clock.now(), rate),
        };
      if (!settings.current.get().trainForPlainGateways) return null;
      const calls = createPlainCalls({ url, key: parts.key, clock, rounds, taskOf, rate });
      return { url, publicKey: null, network: null, calls };
    },
    flushReceipts: () => current?.link.flushReceipts(),
    setBusy(busy) {
      if (isBusy === busy) return;
      isBusy = busy;
      current?.link.reportSoon();
    },
    workingGateway() {
      const info = current?.link.info.get();
      return current && info ? { url: current.url, info, calls: current.link.calls } : null;
    },
  };
}

function nodeType(does: {
  serves: boolean;
  proxies: boolean;
  trains: boolean;
}): NodeCapabilities['node_type'] {
  if (does.serves) return does.trains ? 'hybrid' : 'inference';
  return does.proxies ? 'proxy' : 'training';
}

function isLoopback(url: string): boolean {
  return /^(127\.|localhost$|\[::1\]$)/.test(new URL(url).hostname);
}
