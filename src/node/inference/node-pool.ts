import { availableParallelism, freemem, hostname, totalmem } from 'node:os';
import { AppError } from '#contract/errors.ts';
import type { LimitSet } from '#contract/manners.ts';
import type { Engine, EngineVram } from '#contract/model.ts';
import type { Resources } from '#contract/resources.ts';
import type { Clock } from '../clock.ts';
import type { MemoryLedger } from '../hybrid/memory-ledger.ts';
import type { ModelStore } from '../models/model-store.ts';
import type { ServerList } from '../models/server-list.ts';
import { workRamBytes } from '../resources/own-memory.ts';
import type { ResourceProbe } from '../resources/probe.ts';
import type { SettingsStore } from '../settings-store.ts';
import { openLoadLimits } from './load-limits.ts';
import { modelNeeds } from './model-needs.ts';
import { createModelPool, type ModelPool } from './model-pool.ts';
import type { Memory } from './pool-policy.ts';
import type { LoadOptions } from './runtime.ts';
import { createRemoteRuntime } from './runtimes/remote/remote-runtime.ts';
import { createWorkerGroup } from './runtimes/worker/worker-group.ts';
import { createWorkerRuntime } from './runtimes/worker/worker-runtime.ts';

/** Main memory that stays free for everybody else. */
const spareRamShare = 0.05;

/** The pool over this node's store, settings and machine. The store and the probe are asked for when they are needed. */
export function createNodePool(parts: {
  settings: SettingsStore;
  models(): Pick<ModelStore, 'get'>;
  servers: Pick<ServerList, 'get'>;
  probe(): Pick<ResourceProbe, 'current' | 'refresh'>;
  /** In how many processes a model is run. */
  processes(id: string, wanted: number | 'auto'): number;
  /** What the node may take just now. */
  limits(): LimitSet;
  memory: Pick<MemoryLedger, 'reserve' | 'room'>;
  giveBack(): boolean;
  /** Threads that serving may use beside other work of the node. */
  mostThreads(): number;
  clock: Clock;
  limitsFile: string;
}): ModelPool {
  const { clock } = parts;
  const settings = () => parts.settings.current.get();

  /** `auto` leaves one core to everybody else, and what the limit of the processor and other work leave them. */
  function threadsNow(): LoadOptions['threads'] {
    const { threads } = settings();
    const beside = parts.mostThreads();
    if (threads !== 'auto') return Math.max(1, Math.min(threads, beside));
    const most = Math.max(1, availableParallelism() - 1);
    const limited = Math.max(1, Math.min(threadsWithin(parts.limits()), beside));
    return limited >= most ? 'auto' : limited;
  }

  function find(id: string) {
    const model = parts.models().get(id);
    if (!model) throw new AppError('models/not-found', `The model “${id}” is not in the store.`);
    if (model.problem) throw new AppError(model.problem.code, model.problem.message);
    const { contextSize, parallelRequests, engineProcesses, gpu } = settings();
    const threads = threadsNow();
    // No more processes than threads.
    const mostProcesses = threads === 'auto' ? Math.max(1, availableParallelism() - 1) : threads;
    const processes = Math.min(parts.processes(id, engineProcesses), mostProcesses);
    const needs = modelNeeds(model, parts.probe().current.get());
    // What is not the file itself is context; where it lies follows the whole.
    const share = model.needsBytes > 0 ? Math.max(0, 1 - model.sizeBytes / model.needsBytes) : 0;
    return {
      name: model.name,
      options: {
        modelId: id,
        path: model.path,
        contextSize,
        parallelRequests,
        threads,
        processes,
        gpu,
      },
      needs,
      context: {
        ramBytes: Math.floor(needs.ramBytes * share),
        gpuBytes: Math.floor(needs.gpuBytes * share),
      },
    };
  }

  const pool = createModelPool({
    settings() {
      const { serveOwnModels, servedModels, pinnedModels, mostLoadedModels, idleUnloadMinutes } = settings();
      return {
        offered: serveOwnModels ? servedModels : [],
        pinned: pinnedModels,
        mostLoaded: mostLoadedModels,
        idleUnloadMs: idleUnloadMinutes * 60_000,
      };
    },
    find,
    createRuntime(id, afterCrash) {
      const server = parts.servers.get(id);
      if (server) return createRemoteRuntime(server, { clock });
      return parts.models().get(id)?.runtime === 'transformers'
        ? createWorkerRuntime('transformers', 'transformers-worker', { clock, afterCrash })
        : createWorkerGroup(() => createWorkerRuntime('llama.cpp', 'llama-worker', { clock, afterCrash }));
    },
    async freeMemory() {
      await parts.probe().refresh();
      return freeMemory(parts.probe().current.get(), parts.limits());
    },
    memory: parts.memory,
    giveBack: parts.giveBack,
    limits: openLoadLimits(parts.limitsFile, `${hostname()} ${totalmem()}`),
    threads: threadsNow,
    clock,
  });
  parts.settings.current.subscribe(() => {
    pool.settingsChanged();
    pool.threadsChanged();
  });
  return pool;
}

/** Bytes left below the ceilings: on GPUs with what every program takes, of main memory the node's own share and what is there. */
function freeMemory(reading: Resources, limits: LimitSet): Memory {
  const { gpus, own } = reading;
  const ownShare = (totalmem() * limits.ramPercent) / 100 - workRamBytes(reading);
  const gpuShare = limits.gpuMemoryPercent / 100;
  return {
    ramBytes: Math.max(0, Math.min(ownShare, freemem() - totalmem() * spareRamShare)),
    gpuBytes: gpus.reduce(
      (sum, gpu) => sum + Math.max(0, gpu.totalBytes * gpuShare - (gpu.usedBytes ?? own.engineGpuBytes)),
      0,
    ),
  };
}

/** Threads that the limit of the processor leaves: the nearest whole number, at least one. */
export const threadsWithin = ({ cpuPercent }: LimitSet): number =>
  Math.max(1, Math.round((availableParallelism() * cpuPercent) / 100));

/** What the engines take together, and what one of them says of its GPU's memory. */
export function enginesMemory(engines: Engine[]): Memory & { vram: EngineVram | null } {
  return {
    vram: engines.map(({ memory }) => memory?.vram ?? null).find((vram) => vram !== null) ?? null,
    ramBytes: engines.reduce((sum, { memory }) => sum + (memory?.ramBytes ?? 0), 0),
    gpuBytes: engines.reduce((sum, { memory }) => sum + (memory?.gpuBytes ?? 0), 0),
  };
}

/** What models may be measured against: main memory that is free, at least half of it, and all of the GPUs'. */
export const usableMemory = ({ gpus }: Pick<Resources, 'gpus'>): Memory => ({
  ramBytes: Math.max(freemem(), totalmem() * 0.5),
  gpuBytes: gpus.reduce((sum, gpu) => sum + gpu.totalBytes, 0),
});
