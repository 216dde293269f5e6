import { chmodSync, mkdirSync } from 'node:fs';
import { freemem, totalmem } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { AppError } from '#contract/errors.ts';
import type { LinkState } from '#contract/node-status.ts';
import { systemClock } from './clock.ts';
import { createEarningSteps } from './earning-steps.ts';
import { createEarningsSummary } from './earnings-summary.ts';
import { resourcesDir } from './entries.ts';
import { createHandlers } from './handlers.ts';
import { createJobService } from './inference/job-service.ts';
import { openMachineBenchmark } from './inference/machine-benchmark.ts';
import { createMemoryGuard } from './inference/memory-guard.ts';
import { createNodePool, enginesMemory } from './inference/node-pool.ts';
import { createResponseCache } from './inference/response-cache.ts';
import { workerInspector } from './inference/runtimes/worker/worker-inspector.ts';
import { createServedModels } from './inference/served-models.ts';
import { createServingRecorder } from './inference/serving-stats.ts';
import { followSharedCache } from './inference/shared-cache.ts';
import { type Ledger, openLedger } from './ledger/ledger.ts';
import { createJobAccounting } from './link/job-accounting.ts';
import { createLocalGateway } from './link/local-gateway.ts';
import { openNodeKey } from './link/node-key.ts';
import { offered, readCatalogue } from './models/catalogue.ts';
import { openDownloads } from './models/downloads.ts';
import { evictionPlan } from './models/eviction.ts';
import { type ModelStore, openModelStore } from './models/model-store.ts';
import { openServerList } from './models/server-list.ts';
import { createNodeController, type NodeController } from './node-controller.ts';
import { createNotices } from './notices.ts';
import { readPrices } from './proxy/prices.ts';
import { createProviderKeys, fileVault, type KeyVault } from './proxy/provider-keys.ts';
import { openProxyConfig } from './proxy/proxy-config.ts';
import { createProxyNode } from './proxy/proxy-node.ts';
import { startResourceProbe } from './resources/probe.ts';
import { openApiKey } from './server/api-key.ts';
import { type ContractServer, createContractServer } from './server/contract-server.ts';
import { startUiServer, type UiServer } from './server/ui-server.ts';
import { openSettings, type SettingsStore } from './settings-store.ts';
import { createSignal } from './signal.ts';
import { createSources } from './sources.ts';
import { openTraining } from './training/open-training.ts';
import { openWallet } from './wallet/open-wallet.ts';

export const version = '0.1.0';

export interface Host {
  nodeId: string;
  contract: ContractServer;
  controller: NodeController;
  settings: SettingsStore;
  models: ModelStore;
  ledger: Ledger;
  apiKey(): string;
  serveUi(rendererDir: string, port: number): Promise<UiServer>;
  /** Stops at once what still runs; `node.stop` before it drains. */
  dispose(): Promise<void>;
}

/** The node host: every part that earns, put together over one profile folder. */
export async function createHost(options: {
  profileDir: string;
  logLevel: 'info' | 'silent';
  /** Whether somebody sits at this computer; absent: nobody, as on a server. */
  isInUse?(): boolean;
  /** Where providers' keys are kept; absent or null: a file that only this user reads. */
  keyVault?: KeyVault | null;
}): Promise<Host> {
  const { profileDir } = options;
  const clock = systemClock;
  mkdirSync(profileDir, { recursive: true });
  chmodSync(profileDir, 0o700);
  const log = pino({ level: options.logLevel, base: null });
  const ended = new AbortController();

  const settings = openSettings(join(profileDir, 'settings.json'));
  if (settings.unreadable) log.warn(settings.unreadable.message);
  const key = openNodeKey(join(profileDir, 'node-key'));
  const apiKey = openApiKey(join(profileDir, 'api-key'));
  const ledger = openLedger(join(profileDir, 'node.db'), { clock });
  const modelsDir = join(profileDir, 'models');
  const servers = openServerList(join(profileDir, 'servers.json'));
  const isInUse = () => options.isInUse?.() ?? false;
  const benchmark = openMachineBenchmark({
    file: join(profileDir, 'benchmarks.json'),
    pool: () => pool,
    clock,
  });
  const pool = createNodePool({
    settings,
    models: () => models,
    servers,
    probe: () => probe,
    processes: (id, wanted) => benchmark.processes(id, wanted),
    isInUse,
    clock,
    limitsFile: join(profileDir, 'load-limits.json'),
  });
  const probe = await startResourceProbe({
    clock,
    engines: () => enginesMemory(pool.engines.get()),
    modelsDir: profileDir,
  });
  const usableMemory = () => ({
    ramBytes: Math.max(freemem(), totalmem() * 0.5),
    gpuBytes: probe.current.get().gpus.reduce((sum, gpu) => sum + gpu.totalBytes, 0),
  });
  const models = await openModelStore({
    shippedDir: join(resourcesDir(), 'models'),
    modelsDir,
    cacheFile: join(profileDir, 'models.json'),
    inspectors: {
      'llama.cpp': workerInspector('llama-worker'),
      transformers: workerInspector('transformers-worker'),
    },
    servers,
    inspectOptions: () => {
      const { contextSize, parallelRequests, gpu } = settings.current.get();
      return { contextSize, parallelRequests, gpu };
    },
    memory: () => usableMemory(),
    served: settings.current.get().servedModels,
  });

  const catalogue = readCatalogue(join(resourcesDir(), 'models.json'));
  const downloads = await openDownloads({
    catalogue,
    modelsDir,
    hub: () => {
      const { modelHubs, downloadProxy } = settings.current.get();
      return { hubs: modelHubs, proxy: downloadProxy };
    },
    async makeRoom(bytes) {
      const { modelsQuotaGigabytes, pinnedModels } = settings.current.get();
      const lastServed = ledger.lastServedAt();
      const stored = models.models.get().map(({ id, sizeBytes, served, shipped }) => ({
        id,
        sizeBytes,
        lastServedAt: lastServed[id] ?? 0,
        isKept: served || shipped || pinnedModels.includes(id),
      }));
      for (const id of evictionPlan(stored, bytes, modelsQuotaGigabytes * 1e9)) await models.remove(id);
    },
    onDone: () => models.scan(),
    clock,
  });
  const link = createSignal<LinkState>({ state: 'off' });
  const stats = createServingRecorder(clock);
  const localGateway = createLocalGateway({
    dataDir: join(profileDir, 'local-gateway'),
    testRequestsPerMinute: () => settings.current.get().testRequestsPerMinute,
    clock,
  });
  settings.current.subscribe(({ testRequestsPerMinute }) =>
    localGateway.setTestRequests(testRequestsPerMinute),
  );
  const pricing = () => ({
    perRequestLamports: BigInt(settings.current.get().pricePerRequestLamports),
    perMillionTokensLamports: BigInt(settings.current.get().pricePerMillionTokensLamports),
    cacheHitPercent: BigInt(settings.current.get().cacheHitPricePercent),
  });
  const shared = followSharedCache(
    () => settings.current.get().responseCacheUrl,
    (thrown) => log.warn({ err: thrown }, 'the shared cache does not answer'),
  );
  const cache = createResponseCache({
    shared: shared.current,
    mostBytes: () => settings.current.get().responseCacheMegabytes * 1e6,
    ttlMs: () => settings.current.get().responseCacheMinutes * 60_000,
    clock,
  });
  const guard = createMemoryGuard({ resources: probe.current, pool, cache, isInUse });
  // Another file under the same name gives other answers.
  models.models.subscribe(() => cache.clear());
  const proxy = createProxyNode({
    store: openProxyConfig(join(profileDir, 'proxy.json')),
    keys: createProviderKeys(options.keyVault ?? fileVault(join(profileDir, 'provider-keys.json'))),
    prices: readPrices(join(resourcesDir(), 'prices.json')),
    ledger,
    clock,
    onBudgetWarning: (budget) => log.warn({ budget }, 'a budget comes to its end'),
  });
  const served = createServedModels(pool, proxy);
  const jobs = createJobService({
    models: served,
    cache,
    stats,
    clock,
    accounting: createJobAccounting({
      ledger,
      key,
      pricing,
      gateway: () => earning.payingGateway(),
      configuration: (model) => {
        const engine = pool.engines.get().find(({ modelId }) => modelId === model);
        return { backend: engine?.backend ?? null, model, context_size: engine?.contextSize ?? null };
      },
      onBooked: () => earning.flushReceipts(),
    }),
    queueLimit: () => settings.current.get().queueLimit,
    gate: () => controller.gate(),
    refusal: (source) => (source.kind === 'gateway' ? wallet.credit.refusal(source.payer) : null),
    onUnbookable: (error) => void controller.fail(error),
  });
  const training = openTraining({
    dir: join(profileDir, 'training'),
    resourcesDir: resourcesDir(),
    key,
    clock,
    settings,
    ledger,
    nvidiaGpu: () =>
      probe.current.get().gpus.find(({ name }) => /nvidia|geforce|rtx|quadro|tesla/i.test(name))?.name ??
      null,
    onBooked: () => earning.flushReceipts(),
    onFault: (error) => log.error({ err: error }, 'training failed'),
  });
  const earning = createEarningSteps({
    key,
    clock,
    settings,
    pool,
    models,
    proxy,
    benchmark,
    jobs,
    stats,
    ledger,
    training,
    probe,
    link,
    localGateway,
    apiKey,
    pricing,
    healthy: () => controller.healthy(),
    wallet: () => wallet,
  });
  const wallet = openWallet({
    file: join(profileDir, 'wallet.json'),
    ledger,
    settings,
    key,
    clock,
    signal: ended.signal,
    gateway: () => earning.workingGateway(),
    pricing,
    onFault: (error) => log.error({ err: error }, 'looking for payments failed'),
  });
  const controller: NodeController = createNodeController({
    nodeId: key.nodeId,
    settings,
    engine: pool.foremost,
    obstacle: guard.refusal,
    credit: wallet.credit.obstacle,
    link,
    modelName: (id) => models.get(id)?.name ?? id,
    steps: earning.steps,
    clock,
    onFault: (error) => log.error(error, 'the node could not start'),
  });
  // What is sold, or for how much, is for the gateway to know at once.
  proxy.quote.subscribe(() => earning.steps.announce());
  proxy.onChange(() => earning.steps.announce());
  controller.status.subscribe(({ state }) => log.info({ state }, 'state'));
  link.subscribe(() => {
    wallet.credit.changed();
    wallet.changed();
  });
  const followTraining = () => {
    const { state } = controller.status.get().state;
    training.node.hold(state === 'paused' || wallet.credit.obstacle.get() !== null);
    // A gateway that is away for a while is no reason to stop what is being trained.
    training.follow(state === 'draining' ? null : earning.roundGateway());
  };
  controller.status.subscribe(followTraining);
  settings.current.subscribe(followTraining);
  const earnings = createEarningsSummary({
    ledger,
    clock,
    signal: ended.signal,
    earningSince: () => {
      const { state } = controller.status.get();
      return state.state === 'earning' ? state.since : null;
    },
    account: () => earning.account(),
  });
  const notices = createNotices({
    ledger,
    file: join(profileDir, 'notices.json'),
    settings: settings.current,
    clock,
    signal: ended.signal,
  });
  const contract = createContractServer({
    handlers: createHandlers({
      version,
      profileDir,
      settings,
      controller,
      models,
      servers,
      catalogue: () => offered(catalogue, settings.current.get(), usableMemory()),
      downloads,
      benchmark,
      proxy,
      jobs,
      training,
      ledger,
      probe,
      apiKey,
      wallet,
    }),
    sources: createSources({
      controller,
      settings,
      pool,
      models,
      servers,
      downloads,
      benchmark,
      proxy,
      jobs,
      serving: stats.stats,
      training,
      ledger,
      earnings,
      notices,
      probe,
      wallet,
    }),
    onFault: (name, error) => log.error({ err: error }, `call ${name} failed`),
  });
  const uis: UiServer[] = [];

  return {
    nodeId: key.nodeId,
    contract,
    controller,
    settings,
    models,
    ledger,
    apiKey: apiKey.get,
    async serveUi(rendererDir, port) {
      const ui = await startUiServer({ rendererDir, contract, port });
      uis.push(ui);
      return ui;
    },
    async dispose() {
      ended.abort(new AppError('node/stopped', 'The host has ended.'));
      for (const ui of uis) await ui.close();
      await training.dispose();
      await earning.steps.release();
      await localGateway.close();
      await pool.dispose();
      await proxy.dispose();
      shared.dispose();
      downloads.dispose();
      guard.dispose();
      probe.dispose();
      stats.dispose();
      ledger.close();
    },
  };
}
