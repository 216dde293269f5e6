import type { EarningsSummary } from '#contract/earnings.ts';
import type { ServingStats } from '#contract/node-status.ts';
import type { Notice } from '#contract/notice.ts';
import type { Hybrid } from './hybrid/hybrid.ts';
import type { JobService } from './inference/job-request.ts';
import type { MachineBenchmark } from './inference/machine-benchmark.ts';
import type { ModelPool } from './inference/model-pool.ts';
import type { Ledger } from './ledger/ledger.ts';
import type { Downloads } from './models/downloads.ts';
import type { ModelStore } from './models/model-store.ts';
import type { ServerList } from './models/server-list.ts';
import type { NodeController } from './node-controller.ts';
import type { ProxyNode } from './proxy/proxy-node.ts';
import type { Electricity } from './resources/electricity.ts';
import type { ResourceProbe } from './resources/probe.ts';
import type { Sources } from './server/contract-server.ts';
import type { SettingsStore } from './settings-store.ts';
import type { Signal } from './signal.ts';
import type { Training } from './training/open-training.ts';
import type { Wallet } from './wallet/open-wallet.ts';

/** Where each stream of the contract comes from. */
export function createSources(parts: {
  controller: NodeController;
  settings: SettingsStore;
  pool: ModelPool;
  models: ModelStore;
  servers: ServerList;
  downloads: Downloads;
  benchmark: MachineBenchmark;
  proxy: ProxyNode;
  jobs: JobService;
  serving: Signal<ServingStats>;
  ledger: Ledger;
  training: Training;
  earnings: Signal<EarningsSummary>;
  notices: Signal<Notice[]>;
  probe: ResourceProbe;
  hybrid: Pick<Hybrid, 'status'>;
  electricity: Electricity;
  wallet: Wallet;
}): Sources {
  return {
    'node.status': (listener) => parts.controller.status.subscribe(listener),
    'node.serving': (listener) => parts.serving.subscribe(listener),
    'node.engines': (listener) => parts.pool.engines.subscribe(listener),
    'settings.current': (listener) => parts.settings.current.subscribe(listener),
    'models.list': (listener) => parts.models.models.subscribe(listener),
    'models.benchmarks': (listener) => parts.benchmark.results.subscribe(listener),
    'downloads.list': (listener) => parts.downloads.list.subscribe(listener),
    'servers.list': (listener) => parts.servers.shown.subscribe(listener),
    'proxy.status': (listener) => parts.proxy.status.subscribe(listener),
    'training.status': (listener) => parts.training.node.status.subscribe(listener),
    'training.history': (listener) => parts.training.node.history.subscribe(listener),
    'training.curve': (listener) => parts.training.node.curve.subscribe(listener),
    'training.data': (listener) => parts.training.data.shown.subscribe(listener),
    'queue.items': (listener) => {
      listener({ type: 'snapshot', jobs: parts.jobs.jobs() });
      return parts.jobs.onChange((jobs, removed) => listener({ type: 'changed', jobs, removed }));
    },
    'earnings.summary': (listener) => parts.earnings.subscribe(listener),
    'earnings.changed': (listener) => parts.ledger.changes.subscribe(listener),
    'wallet.status': (listener) => parts.wallet.status.subscribe(listener),
    'earnings.sums': (listener) => parts.wallet.sums.subscribe(listener),
    'payouts.latest': (listener) => parts.wallet.latest.subscribe(listener),
    'resources.power': (listener) => parts.electricity.balance.subscribe(listener),
    'hybrid.status': (listener) => parts.hybrid.status.subscribe(listener),
    notices: (listener) => parts.notices.subscribe(listener),
    'resources.current': (listener) => parts.probe.current.subscribe(listener),
  };
}
