import { availableParallelism, freemem, hostname, totalmem } from 'node:os';
import { AppError } from '#contract/errors.ts';
import type { Engine } from '#contract/model.ts';
import type { Resources } from '#contract/resources.ts';
import type { Clock } from '../clock.ts';
import type { MemoryLedger } from '../hybrid/memory-ledger.ts';
import type { ModelStore } from '../models/model-store.ts';
import type { ServerList } from '../models/server-list.ts';
import type { ResourceProbe } from '../resources/probe.ts';
import type { SettingsStore } from '../settings-store.ts';
import { openLoadLimits } from './load-limits.ts';
import { createModelPool, type ModelPool } from './model-pool.ts';
import { ceilingShare, type Memory } from './pool-policy.ts';
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
  /** Whether somebody sits at this computer. */
  isInUse(): boolean;
  memory: Pick<MemoryLedger, 'reserve' | 'room'>;
  /** Threads that serving may use beside other work; null: as the settings say. */
  mostThreads(): number | null;
  clock: Clock;
  limitsFile: string;
}): ModelPool {
  const { clock } = parts;
  const settings = () => parts.settings.current.get();

  function find(id: string) {
    const model = parts.models().get(id);
    if (!model) throw new AppError('models/not-found', `The model “${id}” is not in the store.`);
    if (model.problem) throw new AppError(model.problem.code, model.problem.message);
    const { contextSize, parallelRequests, engineProcesses, gpu } = settings();
    const threads = threadsWithin(settings().threads, parts.mostThreads());
    // No more processes than threads: `auto` leaves one core to everybody else.
    const mostProcesses = threads === 'auto' ? Math.max(1, availableParallelism() - 1) : threads;
    const processes = Math.min(parts.processes(id, engineProcesses), mostProcesses);
    const needs = { ramBytes: model.needsBytes - model.needsGpuBytes, gpuBytes: model.needsGpuBytes };
    // What is not the file itself is context; where it lies follows the whole.
    const share = model.needsBytes > 0 ? Math.max(0, 1 - model.sizeBytes / model.needsBytes) : 0;
    return {
      name: model.name,
      options: { modelId: id, path: model.path, contextSize, parallelRequests, threads, processes, gpu },
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
      return freeMemory(parts.probe().current.get(), parts.isInUse());
    },
    memory: parts.memory,
    limits: openLoadLimits(parts.limitsFile, `${hostname()} ${totalmem()}`),
    clock,
  });
  parts.settings.current.subscribe(() => pool.settingsChanged());
  return pool;
}

function threadsWithin(wanted: number | 'auto', most: number | null): number | 'auto' {
  if (most === null) return wanted;
  // `auto` leaves one core to everybody else by itself.
  if (wanted === 'auto') return most >= availableParallelism() - 1 ? 'auto' : Math.max(1, most);
  return Math.max(1, Math.min(wanted, most));
}

/** Bytes left below the ceilings, with what every program takes counted; main memory as it is this moment. */
function freeMemory({ gpus, own }: Resources, isInUse: boolean): Memory {
  return {
    ramBytes: Math.max(0, freemem() - totalmem() * spareRamShare),
    gpuBytes: gpus.reduce(
      (sum, gpu) =>
        sum + Math.max(0, gpu.totalBytes * ceilingShare(isInUse) - (gpu.usedBytes ?? own.engineGpuBytes)),
      0,
    ),
  };
}

/** What the engines take together. */
export function enginesMemory(engines: Engine[]): Memory {
  return {
    ramBytes: engines.reduce((sum, { memory }) => sum + (memory?.ramBytes ?? 0), 0),
    gpuBytes: engines.reduce((sum, { memory }) => sum + (memory?.gpuBytes ?? 0), 0),
  };
}
