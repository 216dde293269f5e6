import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { AppError } from '#contract/errors.ts';
import { type DataFormat, type TrainingTask, trainingTaskSchema } from '#contract/federated/task.ts';
import type { DataPreview, DataSource } from '#contract/training-data.ts';
import type { ByteRate } from '../byte-rate.ts';
import type { Clock } from '../clock.ts';
import type { MemoryLedger } from '../hybrid/memory-ledger.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { NodeKey } from '../link/node-key.ts';
import type { TrainingApi } from '../server/training-routes.ts';
import type { SettingsStore } from '../settings-store.ts';
import { createDataInUse } from './data/data-in-use.ts';
import { type DataList, openDataList } from './data/data-list.ts';
import { fits } from './data/fits.ts';
import { usualValidationPercent } from './data/open-examples.ts';
import { previewData } from './data/survey.ts';
import { createGpuEngine } from './gpu-engine.ts';
import { createPlainRounds, type PlainRounds } from './plain-rounds.ts';
import { createRoundBooks } from './round-books.ts';
import { openRoundLog } from './round-log.ts';
import { openRoundPrivacy } from './round-privacy.ts';
import { createRoundTrainer, type NodeTrainer } from './round-trainer.ts';
import { secureClients } from './secure-client.ts';
import { createTrainingFiles, type TrainingFiles } from './training-files.ts';
import { createTrainingNode, type RoundGateway, type TrainingNode } from './training-node.ts';

/** All of the training node over one profile. */
export interface Training {
  node: TrainingNode;
  /** Its turns at the machine. */
  turns: Pick<NodeTrainer, 'grant' | 'interrupt' | 'needs' | 'usedBytes'>;
  data: DataList;
  /** What its folder takes. */
  files: Pick<TrainingFiles, 'stored'>;
  rounds: PlainRounds;
  api: TrainingApi;
  rate: ByteRate;
  /** The task that a plain round's model is; undefined where this app knows none of that name. */
  taskOf(model: string): TrainingTask | undefined;
  preview(source: DataSource, taskId?: string): Promise<DataPreview>;
  installEngine(): void;
  /** Process ids of its trainers. */
  pids(): number[];
  /** Takes part in this gateway's rounds from now on, or (null) in none. */
  follow(gateway: RoundGateway | null): void;
  dispose(): Promise<void>;
}

export function openTraining(options: {
  dir: string;
  resourcesDir: string;
  key: NodeKey;
  clock: Clock;
  settings: SettingsStore;
  ledger: Ledger;
  memory: Pick<MemoryLedger, 'reserve'>;
  /** What its transfers keep to. */
  rate: ByteRate;
  mayJoin(): boolean;
  /** Bytes that its files may take; null while that is not known. */
  mostDiskBytes(): number | null;
  nvidiaGpu(): string | null;
  /** Most threads that computing may take just now. */
  mostThreads(): number;
  /** `SOL`, or the mint that a gateway pays with. */
  assetOf(gatewayKey: string): string;
  onBooked(): void;
  onFault(error: unknown): void;
}): Training {
  const { dir, resourcesDir, key, clock, settings } = options;
  const current = () => settings.current.get();
  const places = { cacheDir: join(dir, 'cache'), resourcesDir };
  mkdirSync(places.cacheDir, { recursive: true, mode: 0o700 });
  const log = openRoundLog(join(dir, 'rounds.db'), { clock });
  const list = openDataList(join(dir, 'data.json'), places);
  const inUse = createDataInUse(places);
  const data: DataList = {
    ...list,
    add: (entry, signal) => inUse.during(entry.source, () => list.add(entry, signal)),
  };
  const files = createTrainingFiles({
    dir,
    cacheDir: places.cacheDir,
    inUse: inUse.ids,
    mostBytes: options.mostDiskBytes,
    clock,
    onFault: options.onFault,
  });
  const ended = new AbortController();
  const engineDir = join(dir, 'gpu-engine');
  const trainer = createRoundTrainer({
    cacheDir: places.cacheDir,
    engineDir,
    threads: () => threadsFor(current().trainingThreads, options.mostThreads()),
    memoryLimitMb: () => current().trainingMemoryMegabytes,
    dataItem: data.get,
    memory: options.memory,
    clock,
  });
  const gpuEngine = createGpuEngine({
    dir: engineDir,
    nvidiaGpu: options.nvidiaGpu,
    isInstalled: () => trainer.engine.get()?.name === 'tfjs-node-gpu',
    onInstalled: () => trainer.describe(ended.signal),
  });
  trainer.engine.subscribe(gpuEngine.refresh);
  const privacy = openRoundPrivacy({
    file: join(dir, 'privacy.jsonl'),
    clock,
    budget: () => ({ epsilon: current().privacyBudgetEpsilon, delta: current().privacyDelta }),
  });
  const knownTasks = readTasks(join(resourcesDir, 'federated/tasks.json'));
  const taskOf = (model: string) => knownTasks.find(({ taskId, name }) => model === taskId || model === name);
  const rounds = createPlainRounds({
    nodeId: key.nodeId,
    clock,
    obstacle(model) {
      const { takePartInTraining, trainForPlainGateways } = current();
      if (!takePartInTraining || !trainForPlainGateways)
        return 'This node does not train for plain gateways.';
      const task = taskOf(model);
      if (!task) return `This node does not know the model “${model}”.`;
      return dataFor(task.data) ? null : 'This node has no data for it.';
    },
  });

  /** The largest of the operator's own data that fit, else what ships with the app; the examples are those that will be learnt, about. */
  function dataFor(format: DataFormat): { id: string; examples: number } | null {
    const fitting = data.shown.get().filter(({ facts }) => fits(facts, format).fits);
    const own = fitting.filter(({ source }) => source.kind !== 'built-in');
    const [best] = (own.length > 0 ? own : fitting).sort((a, b) => b.facts.rows - a.facts.rows);
    if (!best) return null;
    const learnt = Math.floor((best.facts.rows * (100 - usualValidationPercent)) / 100);
    return { id: best.id, examples: Math.max(1, learnt) };
  }

  const node = createTrainingNode({
    dir,
    key,
    clock,
    log,
    settings: settings.current,
    trainer: {
      ...trainer,
      // From its first step to its last, also while it waits for its turn.
      train(job, onProgress, signal) {
        const train = () => trainer.train(job, onProgress, signal);
        const source = data.get(job.dataId)?.source;
        return source ? inUse.during(source, train) : train();
      },
    },
    gpuEngine: gpuEngine.state,
    privacy,
    data: {
      dataFor,
      onChange(listener) {
        const ends = [data.shown.subscribe(listener), rounds.changes.subscribe(listener)];
        return () => ends.forEach((end) => void end());
      },
    },
    books: createRoundBooks({
      ledger: options.ledger,
      key,
      clock,
      assetOf: options.assetOf,
      onBooked: options.onBooked,
    }),
    openSecure: secureClients(key),
    mayJoin: options.mayJoin,
    onFault: options.onFault,
  });
  let turn: Promise<void> = Promise.resolve();
  let followed: RoundGateway | null = null;

  function follow(gateway: RoundGateway | null): void {
    if (gateway?.url === followed?.url && gateway?.publicKey === followed?.publicKey) return;
    followed = gateway;
    turn = turn.then(async () => {
      await node.stop();
      if (gateway && gateway === followed) node.start(gateway);
    });
  }

  return {
    node,
    turns: trainer,
    data,
    files,
    rounds,
    taskOf,
    api: { rounds, rate: options.rate, status: node.status.get, history: node.history.get },
    rate: options.rate,
    preview(source, taskId) {
      const offered = taskId === undefined ? undefined : (node.task(taskId) ?? taskOf(taskId));
      if (taskId !== undefined && !offered)
        throw new AppError('training/unknown-task', `There is no task “${taskId}”.`);
      return inUse.during(source, () => previewData(source, { ...places, format: offered?.data }));
    },
    // How it goes is told by the status.
    installEngine: () => void gpuEngine.install().catch(() => {}),
    pids: trainer.pids,
    follow,
    async dispose() {
      follow(null);
      ended.abort();
      files.dispose();
      await turn;
      gpuEngine.dispose();
      await trainer.dispose();
      log.close();
    },
  };
}

const threadsFor = (wanted: 'auto' | number, most: number): number => (wanted === 'auto' ? most : wanted);

/** The tasks that ship with the app; what else the gateway's list has of them is not this node's. */
function readTasks(file: string): TrainingTask[] {
  try {
    const listed = z.object({ tasks: z.array(z.object({ task: trainingTaskSchema })) });
    return listed.parse(JSON.parse(readFileSync(file, 'utf8'))).tasks.map(({ task }) => task);
  } catch {
    return [];
  }
}
