import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { initialWeights, parameterCount } from '#contract/federated/parameters.ts';
import { dequantisedMean, quantise } from '#contract/federated/quantisation.ts';
import { defaultQuantisation } from '#contract/federated/round-parameters.ts';
import { shuffled } from '#contract/federated/seeded-random.ts';
import { type LocalTraining, localTrainingSchema, type TrainingTask } from '#contract/federated/task.ts';
import { createWeightedMean } from '#gateway/federated/strategies/weighted-mean.ts';
import { resourcesDir } from '#node/entries.ts';
import { builtInSource, makeMails } from '#node/training/data/built-in.ts';
import { epsilonOf } from '#node/training/privacy/conversion.ts';
import { renyiOfSteps } from '#node/training/privacy/renyi.ts';
import { openTrainer, type Trainer } from '#node/training/trainer/open-trainer.ts';

const digitNodes = 10;
const digitRounds = 14;
const mailNodes = 5;
const mailRounds = 10;
const delta = 1e-5;

interface Course {
  /** Held-out accuracy after each round. */
  accuracy: number[];
  secondsARound: number;
}

interface Federation {
  task: TrainingTask;
  training: LocalTraining;
  /** One for each node, as the trainer opens it. */
  data: unknown[];
  heldOut: unknown;
  rounds: number;
  /** Updates are quantised and summed as secure aggregation does it; the masks, which cancel out, are left away. */
  isSecure: boolean;
}

/** Federated averaging of nodes that are trained one after the other by the product's own trainer. */
async function learn(
  trainer: Trainer,
  { task, training, data, heldOut, rounds, isSecure }: Federation,
): Promise<Course> {
  let weights = initialWeights(task.model, 1);
  const accuracy: number[] = [];
  const startedAt = performance.now();
  for (let round = 0; round < rounds; round += 1) {
    const updates: { change: Float32Array; examples: number }[] = [];
    for (const [node, part] of data.entries()) {
      const seed = `${round}/${node}`;
      const result = await trainer.train({ task, weights, training, data: part, seed });
      const change = result.weights.map((value, index) => value - (weights[index] ?? 0));
      updates.push({ change, examples: result.examples });
    }
    const mean = isSecure ? quantisedMean(updates) : plainMean(updates);
    weights = weights.map((value, index) => value + (mean[index] ?? 0));
    accuracy.push((await trainer.evaluate({ task, weights, data: heldOut })).accuracy);
  }
  return { accuracy, secondsARound: (performance.now() - startedAt) / 1000 / rounds };
}

function plainMean(updates: { change: Float32Array; examples: number }[]): Float64Array {
  const mean = createWeightedMean(updates[0]?.change.length ?? 0);
  for (const { change, examples } of updates) mean.add(change, examples);
  return mean.mean();
}

function quantisedMean(updates: { change: Float32Array; examples: number }[]): Float32Array {
  const vectorLength = updates[0]?.change.length ?? 0;
  const parameters = { ...defaultQuantisation, vectorLength };
  const sum = new Uint32Array(vectorLength + 1);
  for (const { change, examples } of updates) {
    const vector = quantise(change, Math.min(examples, parameters.maxWeight), parameters);
    for (let index = 0; index < sum.length; index += 1)
      sum[index] = ((sum[index] ?? 0) + (vector[index] ?? 0)) >>> 0;
  }
  return dequantisedMean(sum, updates.length, parameters).mean;
}

const shipped = (taskId: string): TrainingTask & { training: unknown } => {
  const { tasks } = JSON.parse(readFileSync(join(resourcesDir(), 'federated/tasks.json'), 'utf8'));
  const found = tasks.find(({ task }: { task: TrainingTask }) => task.taskId === taskId);
  return { ...found.task, training: found.training };
};

const firstAt = (accuracy: number[], share: number): number | null => {
  const index = accuracy.findIndex((value) => value >= share);
  return index < 0 ? null : index + 1;
};

/** 1,797 real digits, a fifth held back: 10 nodes, E 5, B 10, learning rate 0.1, evenly divided and two shards of classes a node. */
export async function measureDigits() {
  const { training: _, ...task } = shipped('digits');
  const training = localTrainingSchema.parse({ epochs: 5, batchSize: 10, learningRate: 0.1 });
  const rows = gunzipSync(readFileSync(join(resourcesDir(), 'data/digits.csv.gz')))
    .toString()
    .trim()
    .split('\n')
    .map((line) => line.split(',').map(Number));
  const order = [...shuffled(rows.length, 'held-out')];
  const heldOut = memory(order.slice(0, 360).map((row) => rows[row] ?? []));
  const learnt = order.slice(360).map((row) => rows[row] ?? []);
  const even = Array.from({ length: digitNodes }, (_, node) =>
    learnt.filter((_, at) => at % digitNodes === node),
  );
  const byClass = [...learnt].sort((a, b) => (a[64] ?? 0) - (b[64] ?? 0));
  const size = Math.floor(byClass.length / (2 * digitNodes));
  const shards = Array.from({ length: 2 * digitNodes }, (_, shard) =>
    byClass.slice(shard * size, shard === 2 * digitNodes - 1 ? undefined : (shard + 1) * size),
  );
  const dealt = [...shuffled(shards.length, 'shards')].map((shard) => shards[shard] ?? []);
  const twoShards = even.map((_, node) => [...(dealt[2 * node] ?? []), ...(dealt[2 * node + 1] ?? [])]);
  const trainer = openTrainer({ threads: 1 });
  try {
    const course = (parts: number[][][], isSecure: boolean) =>
      learn(trainer, { task, training, data: parts.map(memory), heldOut, rounds: digitRounds, isSecure });
    const iid = await course(even, false);
    const iidSecure = await course(even, true);
    const nonIid = await course(twoShards, false);
    const nonIidSecure = await course(twoShards, true);
    const shown = ({ accuracy, secondsARound }: Course) => ({
      accuracyAtRound5: accuracy[4],
      accuracyAtRound14: accuracy[13],
      best: Math.max(...accuracy),
      round95: firstAt(accuracy, 0.95),
      round97: firstAt(accuracy, 0.97),
      round90: firstAt(accuracy, 0.9),
      secondsARound,
    });
    return {
      iid: shown(iid),
      iidSecure: shown(iidSecure),
      nonIid: shown(nonIid),
      nonIidSecure: shown(nonIidSecure),
      parameters: parameterCount(task.model),
    };
  } finally {
    await trainer.dispose();
  }
}

function memory(rows: number[][]) {
  const inputs = Float32Array.from(rows.flatMap((row) => row.slice(0, 64).map((value) => value / 16)));
  return { kind: 'memory', inputs, labels: Int32Array.from(rows.map((row) => row[64] ?? 0)) };
}

/** The shipped task on real mails: five nodes, a fifth held back, with and without differential privacy. */
export async function measureMails(change: object = {}, only = false) {
  const dir = mkdtempSync(join(tmpdir(), 'solanalm-bench-'));
  const { training: shippedTraining, ...task } = shipped('spam');
  const parts = mailParts(dir);
  const local = (path: string) => ({
    source: { kind: 'json-lines', path },
    split: 'all',
    cacheDir: join(dir, 'cache'),
  });
  mkdirSync(join(dir, 'cache'));
  const federation = {
    task,
    data: parts.nodes.map(local),
    heldOut: local(parts.heldOut),
    rounds: mailRounds,
    isSecure: true,
  };
  const trainer = openTrainer({ threads: 1 });
  try {
    const training = localTrainingSchema.parse(shippedTraining);
    const plain = only ? { accuracy: [], secondsARound: 0 } : await learn(trainer, { ...federation, training });
    const noise = { clipNorm: 0.5, noiseMultiplier: 1, delta };
    const privately = localTrainingSchema.parse({ ...training, batchSize: 128, epochs: 3, privacy: noise, ...change });
    const secret = await learn(trainer, { ...federation, training: privately });
    const examples = Math.round(parts.learnt / mailNodes);
    const spent = {
      samplingRate: privately.batchSize / examples,
      noiseMultiplier: privately.privacy?.noiseMultiplier ?? 1,
    };
    const steps = mailRounds * privately.epochs * Math.ceil(examples / privately.batchSize);
    return {
      plain: { ...plain, last: plain.accuracy.at(-1) },
      private: {
        ...secret,
        last: secret.accuracy.at(-1),
        epsilon: epsilonOf(renyiOfSteps(spent, steps), delta).epsilon,
        delta,
      },
      heldOut: parts.held,
    };
  } finally {
    await trainer.dispose();
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Real mails, a part to each node and a fifth held back, by a hash of each mail's text, so that copies stay together. */
export function mailParts(dir: string): { nodes: string[]; heldOut: string; learnt: number; held: number } {
  const source = builtInSource('spam', { cacheDir: dir, resourcesDir: resourcesDir() });
  if (source.kind !== 'json-lines') throw new Error('the mails are not in one file');
  makeMails(dir, source.path);
  const parts: string[][] = Array.from({ length: mailNodes + 1 }, () => []);
  for (const line of readFileSync(source.path, 'utf8').split('\n')) {
    if (line === '') continue;
    const hash = createHash('sha256')
      .update((JSON.parse(line) as { text: string }).text)
      .digest();
    const part = hash.readUInt32LE(0) % 5 === 0 ? mailNodes : hash.readUInt32LE(4) % mailNodes;
    parts[part]?.push(line);
  }
  const files = parts.map((lines, index) => {
    const file = join(dir, `mails-${index}.jsonl`);
    writeFileSync(file, `${lines.join('\n')}\n`);
    return file;
  });
  const held = parts[mailNodes]?.length ?? 0;
  const learnt = parts.reduce((sum, { length }) => sum + length, -held);
  return { nodes: files.slice(0, mailNodes), heldOut: files[mailNodes] ?? '', learnt, held };
}
