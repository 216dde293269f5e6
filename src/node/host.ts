import { join } from 'node:path';
import { pino } from 'pino';
import { AppError } from '#contract/errors.ts';
import type { LinkState } from '#contract/node-status.ts';
import { networkRates } from './byte-rate.ts';
import { systemClock } from './clock.ts';
import { createEarningSteps } from './earning-steps.ts';
import { resourcesDir } from './entries.ts';
import type { Host, HostOptions } from './host-options.ts';
import { diskInputs } from './hybrid/disk-inputs.ts';
import { createHybrid, type Hybrid } from './hybrid/hybrid.ts';
import { createMemoryLedger, unlimited } from './hybrid/memory-ledger.ts';
import { isToBeLearnt } from './hybrid/round-work.ts';
import { createJobService } from './inference/job-service.ts';
import { openMachineBenchmark } from './inference/machine-benchmark.ts';
import { createMemoryGuard } from './inference/memory-guard.ts';
import { createNodeCache } from './inference/node-cache.ts';
import { createNodePool, enginesMemory, threadsWithin, usableMemory } from './inference/node-pool.ts';
import { runConfiguration } from './inference/run-configuration.ts';
import { createServedModels } from './inference/served-models.ts';
import { createServingRecorder } from './inference/serving-stats.ts';
import { createJobAccounting } from './link/job-accounting.ts';
import { createLocalGateway } from './link/local-gateway.ts';
import { offered, readCatalogue } from './models/catalogue.ts';
import { nodeDownloads } from './models/node-downloads.ts';
import { openNodeModels } from './models/node-models.ts';
import { createNodeController, type NodeController } from './node-controller.ts';
import { nodePricing } from './node-pricing.ts';
import { openBooks } from './open-books.ts';
import { openProfile } from './open-profile.ts';
import { openNodeProxy } from './proxy/node-proxy.ts';
import { devicesOf } from './resources/devices.ts';
import type { Electricity } from './resources/electricity.ts';
import { givesMemory } from './resources/gives-memory.ts';
import { createManners } from './resources/manners.ts';
import { countOwnTraffic } from './resources/own-traffic.ts';
import { startResourceProbe } from './resources/probe.ts';
import { isInUse } from './resources/surroundings.ts';
import { systemRam } from './resources/system-ram.ts';
import { serveContract } from './serve-contract.ts';
import { startUiServer, type UiServer } from './server/ui-server.ts';
import { shownMoney } from './shown-money.ts';
import { createSignal } from './signal.ts';
import { followStanding, isComputing } from './standing-orders.ts';
import { nvidiaName } from './training/gpu-engine.ts';
import { openTraining, type Training } from './training/open-training.ts';
import { openWallet } from './wallet/open-wallet.ts';

export const version = '0.1.0';

/** The node host: every part that earns, put together over one profile folder. */
export async function createHost(options: HostOptions): Promise<Host> {
  const { profileDir } = options;
  const clock = systemClock;
  const log = pino({ level: options.logLevel, base: null });
  const ended = new AbortController();

  const { settings, key, apiKey, ledger, servers } = openProfile(options, clock, log);
  const modelsDir = join(profileDir, 'models');
  const shell = () => options.shell?.() ?? null;
  const traffic = countOwnTraffic(join(profileDir, 'traffic.json'), clock);
  const limits = () => manners.standing.get().limits;
  const rates = networkRates({ limits, allowance: () => hybrid.status.get().allowance, clock });
  const benchmark = openMachineBenchmark({
    file: join(profileDir, 'benchmarks.json'),
    pool: () => pool,
    clock,
  });
  const memory = createMemoryLedger({ ceiling: unlimited, clock });
  const pool = createNodePool({
    settings,
    memory,
    giveBack: () => kept.room.giveBack(),
    mostThreads: () => hybrid.servingThreads() ?? Number.POSITIVE_INFINITY,
    models: () => models,
    servers,
    probe: () => probe,
    processes: (id, wanted) => benchmark.processes(id, wanted),
    limits,
    clock,
    limitsFile: join(profileDir, 'load-limits.json'),
  });
  const trainers: Pick<Training, 'pids'> = { pids: () => [] };
  const probe =
    options.probe ??
    (await startResourceProbe({
      clock,
      engines: () => enginesMemory(pool.engines.get()),
      modelsDir: profileDir,
      settings: settings.current.get,
      shell,
      trainers: () => trainers.pids(),
      traffic,
    }));
  const models = await openNodeModels({
    profileDir,
    modelsDir,
    servers,
    settings,
    memory: () => usableMemory(probe.current.get()),
  });
  const catalogue = readCatalogue(join(resourcesDir(), 'models.json'));
  const downloads = await nodeDownloads({
    catalogue,
    modelsDir,
    settings,
    models,
    ledger,
    rate: rates.inference,
    diskBytes: () => hybrid.status.get().allowance.inference.diskBytes ?? null,
    clock,
  });
  const link = createSignal<LinkState>({ state: 'off' });
  const stats = createServingRecorder(clock);
  const localGateway = createLocalGateway({
    dataDir: join(profileDir, 'local-gateway'),
    settings: settings.current.get,
    clock,
  });
  settings.current.subscribe(localGateway.tell);
  const pricing = () => nodePricing(settings.current.get());
  const money = () => shownMoney(earning.workingGateway(), settings.current.get(), ledger);
  const kept = createNodeCache({
    settings,
    memory,
    clock,
    onSharedFault: (thrown) => log.warn({ err: thrown }, 'the shared cache does not answer'),
  });
  const { cache } = kept;
  // Another file under the same name gives other answers.
  models.models.subscribe(() => cache.clear());
  const proxy = openNodeProxy({
    profileDir,
    keyVault: options.keyVault ?? null,
    ledger,
    clock,
    onBudgetWarning: (budget) => log.warn({ budget }, 'a budget comes to its end'),
  });
  const jobs = createJobService({
    models: createServedModels(pool, proxy),
    cache,
    stats,
    clock,
    accounting: createJobAccounting({
      ledger,
      key,
      pricing,
      gateway: () => earning.payingGateway(),
      configuration: (model) => runConfiguration(pool.engines.get(), model),
      onBooked: () => earning.flushReceipts(),
    }),
    queueLimit: () => settings.current.get().queueLimit,
    gate: () => controller.gate(),
    onAsked: (model) => hybrid.asked(model),
    refusal: (source) => (source.kind === 'gateway' ? wallet.credit.refusal(source.payer) : null),
    onUnbookable: (error) => void controller.fail(error),
    onEnd: (code, startedAt) => (code === null ? manners.finishedJob() : manners.lostJob(code, startedAt)),
  });
  const training = openTraining({
    dir: join(profileDir, 'training'),
    resourcesDir: resourcesDir(),
    key,
    clock,
    settings,
    ledger,
    memory,
    rate: rates.training,
    mayJoin: () => hybrid.takesRounds(),
    mostDiskBytes: () => hybrid.status.get().allowance.training.diskBytes ?? null,
    nvidiaGpu: () => nvidiaName(probe.current.get()),
    mostThreads: () => threadsWithin(limits()),
    assetOf: (gatewayKey) => earning.assetOf(gatewayKey),
    onBooked: () => earning.flushReceipts(),
    onFault: (error) => log.error({ err: error }, 'training failed'),
  });
  trainers.pids = training.pids;
  const trains = () =>
    settings.current.get().takePartInTraining || isToBeLearnt(training.node.status.get().state);
  let electricity: Electricity | null = null;
  const manners = createManners({
    clock,
    settings: settings.current,
    resources: probe.current,
    uses: () =>
      devicesOf(settings.current.get(), {
        engine: pool.foremost.get(),
        gpus: probe.current.get().gpus,
        trainer: training.node.status.get().engine,
        trains: trains(),
      }),
    isInUse() {
      const word = shell();
      return word && isInUse(word, settings.current.get().idleAfterMinutes, word.isLocked);
    },
    balance: () => electricity?.balance.get() ?? null,
    file: join(profileDir, 'manners.json'),
    onFault: (error) => log.error({ err: error }, 'a pause could not be stored'),
  });
  const leavesMemory = () => givesMemory(manners.standing.get());
  let isEarning = false;
  const guard = createMemoryGuard({
    resources: probe.current,
    pool,
    cache,
    limits,
    leavesMemory,
    // What the other work has unloaded is not this one's to bring back.
    serves: () => isEarning && hybrid.serves(),
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
    healthy: (despiteHold) => controller.healthy(despiteHold),
    gate: () => controller.gate(),
    leavesMemory,
    onPauseAsked: manners.gatewayAsks,
    beforeRelease: () => hybrid.rest(),
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
    onFault: (error) => log.error({ err: error }, 'a fault of the wallet'),
  });
  const controller: NodeController = createNodeController({
    nodeId: key.nodeId,
    settings,
    engine: pool.foremost,
    obstacle: guard.refusal,
    credit: wallet.credit.obstacle,
    isTestCredits: () => money().network === 'test-credits',
    link,
    standing: manners.standing,
    does: () => ({
      serves: settings.current.get().serveOwnModels || proxy.offered().length > 0,
      trains: trains(),
      isComputing: isComputing(training.node.status.get()),
    }),
    modelName: (id) => models.get(id)?.name ?? id,
    steps: earning.steps,
    clock,
    onFault: (error) => log.error(error, 'the node could not start'),
  });
  const hybrid: Hybrid = createHybrid({
    clock,
    settings: settings.current,
    nodeStatus: controller.status,
    standing: manners.standing,
    leavesMemory,
    resources: probe.current,
    ram: options.ram ?? systemRam,
    memory,
    disk: () =>
      diskInputs(probe.current.get().disk, settings.current.get().diskReserveGigabytes, {
        models: models.models.get(),
        downloads: downloads.list.get(),
        training: training.files.stored(),
      }),
    cacheRoom: kept.room,
    jobs,
    pool,
    models,
    training,
    ledger: { netByKind: (sinceMs) => ledger.netByKind(sinceMs, money().asset, money().network) },
    setBusy: earning.setBusy,
    onFault: (error) => log.error({ err: error }, 'sharing the machine failed'),
  });
  // What is sold, or for how much, is for the gateway to know at once.
  proxy.quote.subscribe(() => earning.steps.announce());
  proxy.onChange(() => earning.steps.announce());
  link.subscribe(() => {
    wallet.credit.changed();
    wallet.changed();
  });
  followStanding({
    controller,
    standing: manners.standing,
    settings: settings.current,
    training,
    downloads,
    resources: probe.current,
    roundGateway: earning.roundGateway,
    keepAwake: options.keepAwake,
    onState(state) {
      isEarning = state.state === 'earning';
    },
    onNews: (state) => log.info({ state }, 'state'),
  });
  const books = openBooks({
    profileDir,
    ledger,
    clock,
    signal: ended.signal,
    settings: settings.current,
    resources: probe.current,
    controller,
    proxy,
    money,
    gatewayUrl: () =>
      settings.current.get().network.kind === 'local' ? null : (earning.workingGateway()?.url ?? null),
    link,
    account: () => earning.account(),
    onFault: (error) => log.error({ err: error }, 'electricity could not be written down'),
  });
  electricity = books.electricity;
  const contract = serveContract({
    ...books,
    money,
    settings,
    controller,
    models,
    servers,
    downloads,
    benchmark,
    proxy,
    jobs,
    training,
    ledger,
    probe,
    pool,
    serving: stats.stats,
    hybrid,
    wallet,
    version,
    profileDir,
    catalogue: () => offered(catalogue, settings.current.get(), usableMemory(probe.current.get())),
    manners,
    apiKey,
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
    training,
    hybrid,
    apiKey: apiKey.get,
    async serveUi(rendererDir, port) {
      const ui = await startUiServer({ rendererDir, contract, port });
      uis.push(ui);
      return ui;
    },
    async dispose() {
      ended.abort(new AppError('node/stopped', 'The host has ended.'));
      for (const ui of uis) await ui.close();
      hybrid.dispose();
      await training.dispose();
      await earning.steps.release();
      await localGateway.close();
      await pool.dispose();
      await proxy.dispose();
      kept.dispose();
      downloads.dispose();
      guard.dispose();
      books.electricity.dispose();
      manners.dispose();
      probe.dispose();
      traffic.dispose();
      stats.dispose();
      ledger.close();
    },
  };
}
