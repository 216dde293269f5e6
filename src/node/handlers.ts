import { hostname } from 'node:os';
import type { OfferedEntry } from '#contract/catalogue.ts';
import { AppError } from '#contract/errors.ts';
import { gatewayInfoSchema } from '#contract/wire/node-capabilities.ts';
import type { Hybrid } from './hybrid/hybrid.ts';
import type { JobService } from './inference/job-request.ts';
import type { MachineBenchmark } from './inference/machine-benchmark.ts';
import { discoverServers } from './inference/runtimes/remote/discover.ts';
import type { Ledger } from './ledger/ledger.ts';
import { providerTotalsText } from './ledger/spend.ts';
import type { Downloads } from './models/downloads.ts';
import type { ModelStore } from './models/model-store.ts';
import type { ServerList } from './models/server-list.ts';
import type { NodeController } from './node-controller.ts';
import { periodStart } from './periods.ts';
import type { ProxyNode } from './proxy/proxy-node.ts';
import { tryModel } from './proxy/try-model.ts';
import type { Electricity } from './resources/electricity.ts';
import { readHardware } from './resources/hardware.ts';
import type { Manners } from './resources/manners.ts';
import type { ResourceProbe } from './resources/probe.ts';
import type { ApiKey } from './server/api-key.ts';
import type { Handlers } from './server/contract-server.ts';
import type { SettingsStore } from './settings-store.ts';
import type { ShownMoney } from './shown-money.ts';
import type { Training } from './training/open-training.ts';
import type { Wallet } from './wallet/open-wallet.ts';
import { payableAddress } from './wallet/payable.ts';
import { createWalletHandlers } from './wallet/wallet-handlers.ts';

export interface HandlerParts {
  version: string;
  profileDir: string;
  settings: SettingsStore;
  controller: NodeController;
  models: ModelStore;
  servers: ServerList;
  catalogue(): OfferedEntry[];
  downloads: Downloads;
  benchmark: MachineBenchmark;
  proxy: ProxyNode;
  jobs: JobService;
  training: Training;
  ledger: Ledger;
  /** What sums are shown in. */
  money(): ShownMoney;
  probe: ResourceProbe;
  electricity: Electricity;
  manners: Pick<Manners, 'pause' | 'resume' | 'earnAnyway'>;
  apiKey: ApiKey;
  hybrid: Pick<Hybrid, 'preview'>;
  wallet: Wallet;
}

/** What each call does. */
export function createHandlers(parts: HandlerParts): Handlers {
  const { settings, controller, models, servers, proxy, jobs, training, ledger, probe, apiKey } = parts;
  function checkServable(id: string): void {
    const model = models.get(id);
    if (!model) throw new AppError('models/not-found', `There is no model “${id}” in the store.`);
    if (model.problem) throw new AppError(model.problem.code, model.problem.message);
  }

  function setServed(ids: string[]): void {
    controller.changeSettings({ servedModels: ids });
    models.setServed(ids);
  }

  return {
    'app.info': () => ({
      version: parts.version,
      machine: hostname(),
      platform: process.platform,
      profileDir: parts.profileDir,
    }),
    'node.start': async () => {
      // Whoever presses start means it now, whatever pause was left.
      parts.manners.resume();
      await controller.start();
      return null;
    },
    'node.pause': ({ forMinutes }) => {
      parts.manners.pause(forMinutes);
      return null;
    },
    'node.resume': () => {
      parts.manners.resume();
      return null;
    },
    'node.stop': async () => {
      await controller.stop();
      return null;
    },
    'node.earnAnyway': ({ forMinutes }) => {
      parts.manners.earnAnyway(forMinutes);
      return null;
    },
    'hybrid.preview': ({ trainingSharePercent }) => parts.hybrid.preview(trainingSharePercent),
    'settings.get': () => settings.current.get(),
    'settings.update': async (patch) => {
      const { payoutAddress: text } = patch;
      if (text === undefined) return controller.changeSettings(patch);
      const payoutAddress = text === null ? null : await payableAddress(text, parts.wallet.chain());
      // Who is paid is changed with the wallet's own word, where it has given one.
      parts.wallet.binding.checkUnproven(payoutAddress);
      return controller.changeSettings({ ...patch, payoutAddress });
    },
    ...createWalletHandlers(parts),
    'network.check': ({ url }) => checkGateway(url),
    'models.add': ({ path }) => models.add(path),
    'models.remove': async ({ id }) => {
      await models.remove(id);
      return null;
    },
    'models.serve': ({ id, serve }) => {
      const { servedModels } = settings.current.get();
      const others = servedModels.filter((other) => other !== id);
      if (serve) checkServable(id);
      else if (others.length === 0)
        throw new AppError('models/last', 'One model has to be served: choose another one first.');
      setServed(serve ? (servedModels.includes(id) ? servedModels : [...servedModels, id]) : others);
      return null;
    },
    'models.serveOnly': ({ id }) => {
      checkServable(id);
      setServed([id]);
      return null;
    },
    'models.pin': ({ id, pinned }) => {
      const others = settings.current.get().pinnedModels.filter((other) => other !== id);
      controller.changeSettings({ pinnedModels: pinned ? [...others, id] : others });
      return null;
    },
    'models.catalogue': () => parts.catalogue(),
    'models.benchmark': ({ id }) => parts.benchmark.run(id),
    'models.optimise': ({ id }) => controller.aside(() => parts.benchmark.optimise(id)),
    'downloads.start': ({ id }) => {
      parts.downloads.start(id);
      return null;
    },
    'downloads.pause': ({ id }) => {
      parts.downloads.pause(id);
      return null;
    },
    'downloads.cancel': async ({ id }) => {
      await parts.downloads.cancel(id);
      return null;
    },
    'servers.find': () => discoverServers(),
    'servers.add': (server) => servers.add(server),
    'providers.set': async ({ provider, key }) => {
      await proxy.setProvider(provider, key);
      return null;
    },
    'providers.remove': ({ id }) => {
      proxy.removeProvider(id);
      return null;
    },
    'providers.test': ({ id }) => proxy.test(id),
    'providers.configure': (patch) => {
      proxy.configure(patch);
      return null;
    },
    'providers.try': (input) => tryModel(proxy, input),
    'training.pause': () => {
      training.node.pause();
      return null;
    },
    'training.resume': () => {
      training.node.resume();
      return null;
    },
    'training.giveUp': () => {
      training.node.giveUp();
      return null;
    },
    'training.installEngine': () => {
      training.installEngine();
      return null;
    },
    'training.previewData': ({ source, taskId }) => training.preview(source, taskId),
    'training.addData': (entry) => training.data.add(entry),
    'training.removeData': ({ id }) => {
      training.data.remove(id);
      return null;
    },
    'queue.cancel': ({ id }) => {
      if (!jobs.cancel(id)) throw new AppError('request/not-found', 'This request has already ended.');
      return null;
    },
    'earnings.entries': (input) => ledger.entries(input),
    'earnings.entry': ({ id }) => {
      const entry = ledger.entry(id);
      if (!entry) throw new AppError('request/not-found', `There is no entry ${id}.`);
      return entry;
    },
    'earnings.series': (input) => ledger.series({ ...input, ...parts.money() }),
    'earnings.providers': () => {
      const { asset, network } = parts.money();
      return ledger.providerTotals(asset, network).map(providerTotalsText);
    },
    'earnings.breakdown': ({ period, by }) => ledger.breakdown(periodStart(period, Date.now()), by),
    'earnings.names': () => ledger.names(),
    'earnings.yearly': ({ monthStarts }) => ledger.yearly(monthStarts),
    'earnings.csvPart': ({ afterId }) => ledger.csvPart(afterId),
    'resources.history': () => probe.history(),
    'resources.energy': ({ days }) => parts.electricity.days(days),
    'resources.programs': () => probe.programs(),
    'resources.hardware': () => readHardware(probe.current.get(), settings.current.get().declaredNetworkMbps),
    'access.key': () => ({ key: apiKey.get() }),
    'access.renewKey': () => ({ key: apiKey.renew() }),
  };
}

async function checkGateway(url: string) {
  const startedAt = performance.now();
  try {
    const response = await fetch(new URL('/', url), {
      signal: AbortSignal.timeout(10_000),
      redirect: 'error',
    });
    const info = gatewayInfoSchema.parse(await response.json());
    return {
      service: info.service,
      version: info.version,
      extensions: info.extensions,
      latencyMs: Math.round(performance.now() - startedAt),
    };
  } catch (cause) {
    throw new AppError('link/unreachable', `No SolanaLM gateway answers at ${url}.`, {
      cause,
      data: { url },
    });
  }
}
