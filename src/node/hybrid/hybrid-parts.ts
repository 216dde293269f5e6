import type { NodeStatus } from '#contract/node-status.ts';
import type { Resources } from '#contract/resources.ts';
import type { Settings } from '#contract/settings.ts';
import type { Clock } from '../clock.ts';
import type { HoldableJobs } from '../inference/job-hold.ts';
import type { DrainableJobService } from '../inference/job-service.ts';
import type { ModelPool } from '../inference/model-pool.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { ModelStore } from '../models/model-store.ts';
import type { Standing } from '../resources/standing.ts';
import type { Signal } from '../signal.ts';
import type { Training } from '../training/open-training.ts';
import type { ArbiterInputs } from './allocation.ts';
import type { CacheRoom } from './cache-room.ts';
import type { MemoryLedger } from './memory-ledger.ts';

/** What the sharing of the machine needs of the node. */
export interface HybridParts {
  clock: Clock;
  settings: Signal<Settings>;
  nodeStatus: Signal<NodeStatus>;
  standing: Signal<Standing>;
  /** Another program is to have the memory while the node rests. */
  leavesMemory(): boolean;
  resources: Signal<Resources>;
  /** Main memory as it is this moment, all programs' use counted. */
  ram(): Resources['ram'];
  memory: MemoryLedger;
  /** The disk that models and training may take; null while it is not known. */
  disk(): ArbiterInputs['disk'];
  cacheRoom: CacheRoom;
  jobs: HoldableJobs & Pick<DrainableJobService, 'running' | 'waiting'>;
  pool: Pick<
    ModelPool,
    'offered' | 'loaded' | 'load' | 'unloadAll' | 'unloadIdle' | 'quiet' | 'foremost' | 'threadsChanged'
  >;
  models: Pick<ModelStore, 'get'>;
  training: {
    node: Pick<Training['node'], 'status' | 'isPausedByOperator' | 'wake'>;
    turns: Training['turns'];
  };
  ledger: Pick<Ledger, 'netByKind'>;
  setBusy(isBusy: boolean): void;
  onFault(error: unknown): void;
}
