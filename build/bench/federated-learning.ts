import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
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
import { epsilonOf } from '#node/training/privacy/conversion.ts';
import { renyiOfSteps } from '#node/training/privacy/renyi.ts';
import { openTrainer, type Trainer } from '#node/training/trainer/open-trainer.ts';
import { mailParts } from '#testing/mail-parts.ts';
import { median, spread } from './statistics.ts';

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

const splits = 5;

/**
 * 1,797 real digits, a fifth held back: 10 nodes, E 5, B 10, learning rate 0.1, evenly divided and two shards of classes a node. Medians
 * over five ways of holding back and dividing; an image is 0.28 points.
 */
export async function measureDigits() {
  const rows = gunzipSync(readFileSync(join(resourcesDir(), 'data/digits.csv.gz')))
    .toString()
    .trim()
    .split('\n')
    .map((line) => line.split(',').map(Number));
  const { training: _, ...task } = shipped('digits');
  const training = localTrainingSchema.parse({ epochs: 5, batchSize: 10, learningRate: 0.1 });
  const trainer = openTrainer({ threads: 1 });
  const courses = { iid: [], iidSecure: [], twoShards: [], twoShardsSecure: [] } as Record<string, Course[]>;
  try {
    for (let split = 0; split < splits; split += 1) {
      const { heldOut, even, twoShards } = divided(rows, split, task);
      const course = (parts: number[][][], isSecure: boolean) =>
        learn(trainer, {
          task,
          training,
          data: parts.map((part) => memory(part, task)),
          heldOut,
          rounds: digitRounds,
          isSecure,
        });
      courses.iid?.push(await course(even, false));
      courses.iidSecure?.push(await course(even, true));
      courses.twoShards?.push(await course(twoShards, false));
      courses.twoShardsSecure?.push(await course(twoShards, true));
    }
  } finally {
    await trainer.dispose();
  }
  return {
    nodes: digitNodes,
    parameters: parameterCount(task.model),
    ...Object.fromEntries(Object.entries(courses).map(([name, all]) => [name, summary(all)])),
  };
}

function divided(rows: number[][], split: number, task: TrainingTask) {
  const rowsAt = (order: Int32Array | number[]) => [...order].map((row) => rows[row] ?? []);
  const order = shuffled(rows.length, `held-out/${split}`);
  const learnt = rowsAt(order.subarray(360));
  const even = Array.from({ length: digitNodes }, (_, node) =>
    learnt.filter((_, at) => at % digitNodes === node),
  );
  const byClass = [...learnt].sort((a, b) => (a[64] ?? 0) - (b[64] ?? 0));
  const count = 2 * digitNodes;
  const size = Math.floor(byClass.length / count);
  const shards = Array.from({ length: count }, (_, shard) =>
    byClass.slice(shard * size, shard === count - 1 ? undefined : (shard + 1) * size),
  );
  const dealt = [...shuffled(count, `shards/${split}`)].map((shard) => shards[shard] ?? []);
  const twoShards = even.map((_, node) => [...(dealt[2 * node] ?? []), ...(dealt[2 * node + 1] ?? [])]);
  return { heldOut: memory(rowsAt(order.subarray(0, 360)), task), even, twoShards };
}

function summary(courses: Course[]) {
  const atRound = (round: number) => courses.map(({ accuracy }) => accuracy[round - 1] ?? 0);
  const first = (share: number) => courses.map(({ accuracy }) => firstAt(accuracy, share));
  return {
    accuracyAtRound5: spread(atRound(5)),
    accuracyAtRound14: spread(atRound(digitRounds)),
    firstRoundAt90: first(0.9),
    firstRoundAt95: first(0.95),
    firstRoundAt97: first(0.97),
    secondsARound: median(courses.map(({ secondsARound }) => secondsARound)),
  };
}

/** Rows as the shipped task scales them: by the mean and deviation of all pixels. */
function memory(rows: number[][], { data }: TrainingTask) {
  const { offset, factor } = (data.kind === 'table' && data.scale[0]) || { offset: 0, factor: 1 };
  const inputs = rows.flatMap((row) => row.slice(0, 64).map((value) => (value - offset) * factor));
  return {
    kind: 'memory',
    inputs: Float32Array.from(inputs),
    labels: Int32Array.from(rows.map((row) => row[64] ?? 0)),
  };
}

/** The shipped task on real mails: five nodes, a fifth held back, with and without differential privacy. */
export async function measureMails() {
  const dir = mkdtempSync(join(tmpdir(), 'solanalm-bench-'));
  const { training: shippedTraining, ...task } = shipped('spam');
  const parts = mailParts(dir, mailNodes);
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
    const plain = await learn(trainer, { ...federation, training });
    const noise = { clipNorm: 2, noiseMultiplier: 2.05, delta };
    const privately = localTrainingSchema.parse({
      epochs: 3,
      batchSize: 256,
      learningRate: 8,
      optimizer: { type: 'sgd', momentum: 0.9 },
      privacy: noise,
    });
    const secret = await learn(trainer, { ...federation, training: privately });
    const examples = Math.round(parts.learnt / mailNodes);
    const spent = {
      samplingRate: privately.batchSize / examples,
      noiseMultiplier: noise.noiseMultiplier,
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
