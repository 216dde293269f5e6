import { createInterface } from 'node:readline';
import * as tf from '@tensorflow/tfjs-core';
import { initialWeights } from '#contract/federated/parameters.ts';
import { type Engine, openCpuEngine, openWasmEngine } from '#node/training/engine/engine.ts';
import { createLearner } from '#node/training/engine/gradients.ts';
import { createModel } from '#node/training/engine/model.ts';
import { createOptimizer } from '#node/training/engine/optimizer.ts';
import { portableOps } from '#node/training/engine/portable-ops.ts';
import { openWasmBackend } from '#node/training/engine/wasm-backend.ts';
import { toTensors } from '#node/training/trainer/flat-weights.ts';
import { openTeam, type Team } from '#node/training/trainer/team.ts';
import { randomData, sampleTraining } from '#testing/training-models.ts';
import { benchModels } from './training-models.ts';

/** One of the engines that are compared, in a process of its own: reads orders as lines of JSON, answers with its steps' milliseconds. */
export interface PeerOrder {
  model: string;
  batch: number;
  seconds: number;
  threads: number;
  private?: boolean;
}
export interface PeerReading {
  stepMs: number[];
  /** Time of the processor for each step: what a busy machine disturbs least. */
  processorMs: number;
}

/**
 * TensorFlow.js's WebAssembly backend as it comes. It cannot train CNNs: the gradient of a filter is made of its own pad, slice and
 * product here, and rows are summed by id in JavaScript.
 */
async function openStockEngine(): Promise<Engine> {
  await openWasmBackend();
  const missing = (name: string) => !tf.getKernel(name, 'wasm');
  if (missing(tf.Conv2DBackpropFilter))
    tf.registerKernel({
      kernelName: tf.Conv2DBackpropFilter,
      backendName: 'wasm',
      kernelFunc: filterGradient,
    });
  if (missing(tf.UnsortedSegmentSum))
    tf.registerKernel({ kernelName: tf.UnsortedSegmentSum, backendName: 'wasm', kernelFunc: segmentSum });
  return { name: 'wasm', device: 'CPU', usesGpu: false, ops: portableOps };
}

const filterGradient: tf.KernelFunc = ({ inputs, attrs }) => {
  const { filterShape, strides, pad } = attrs as unknown as {
    filterShape: [number, number, number, number];
    strides: [number, number];
    pad: 'same' | 'valid';
  };
  const [x, dy] = [inputs.x, inputs.dy].map((info) =>
    tf.engine().makeTensorFromTensorInfo(info as tf.TensorInfo),
  );
  const image = x as tf.Tensor4D;
  const { padInfo, outHeight, outWidth, filterHeight, filterWidth, strideHeight, strideWidth } =
    tf.backend_util.computeConv2DInfo(image.shape, filterShape, strides, 1, pad);
  const [batch, , , channels] = image.shape;
  const rows = batch * outHeight * outWidth;
  return tf.tidy(() => {
    const padded = tf.pad(image, [
      [0, 0],
      [padInfo.top, padInfo.bottom],
      [padInfo.left, padInfo.right],
      [0, 0],
    ]);
    const columns = Array.from({ length: filterHeight * filterWidth }, (_, place) => {
      const [i, j] = [Math.floor(place / filterWidth), place % filterWidth];
      const end = [
        batch,
        i + (outHeight - 1) * strideHeight + 1,
        j + (outWidth - 1) * strideWidth + 1,
        channels,
      ];
      const part = tf.stridedSlice(padded, [0, i, j, 0], end, [1, strideHeight, strideWidth, 1]);
      return tf.reshape(part, [rows, channels]);
    });
    const slopes = tf.reshape(dy as tf.Tensor, [rows, filterShape[3]]);
    return tf.reshape(tf.matMul(tf.concat(columns, 1), slopes, true, false), filterShape);
  });
};

const segmentSum: tf.KernelFunc = ({ inputs, attrs, backend }) => {
  const { x, segmentIds } = inputs as { x: tf.TensorInfo; segmentIds: tf.TensorInfo };
  const { numSegments } = attrs as unknown as { numSegments: number };
  const reader = backend as tf.KernelBackend;
  const [values, ids] = [
    reader.readSync(x.dataId) as Float32Array,
    reader.readSync(segmentIds.dataId) as Int32Array,
  ];
  const width = values.length / ids.length;
  const sums = new Float32Array(numSegments * width);
  ids.forEach((id, row) => {
    for (let column = 0; column < width; column += 1)
      sums[id * width + column] =
        (sums[id * width + column] as number) + (values[row * width + column] as number);
  });
  return tf.tensor(sums, [numSegments, ...x.shape.slice(1)]);
};

const openers: Record<string, () => Promise<Engine>> = {
  ours: openWasmEngine,
  stock: openStockEngine,
  cpu: openCpuEngine,
};
const { ops } = await (openers[process.argv[2] ?? ''] as () => Promise<Engine>)();
const training = sampleTraining({ learningRate: 0.01 });

async function measure({
  model: name,
  batch,
  seconds,
  threads,
  private: isPrivate,
}: PeerOrder): Promise<PeerReading> {
  const { model: spec } = benchModels[name] as (typeof benchModels)[string];
  const model = createModel(ops, spec);
  const learner = createLearner(ops, model);
  const { inputs, labels } = randomData(spec, batch);
  const rows = { count: batch, inputs, labels };
  let team: Team | null = null;
  if (threads > 1)
    team = await openTeam({
      ...{ ops, learner, threads, plan: model.plan, model: spec, rows: batch },
      ...{ inputSize: inputs.length / batch, labelSize: labels.length / batch },
    });
  const source = team ?? learner;
  const optimizer = createOptimizer(ops, training, { steps: 0, slots: [] });
  let weights = toTensors(ops, model.plan, initialWeights(spec, 1));
  const times: number[] = [];
  let used = process.cpuUsage();
  const startedAt = performance.now();
  for (let step = 0; performance.now() - startedAt < seconds * 1000 || times.length === 0; step += 1) {
    const from = performance.now();
    const { gradients } = isPrivate
      ? source.clippedGradients(weights, rows, 1)
      : source.gradients(weights, rows, 1 / labels.length);
    weights = optimizer.step(weights, gradients);
    await weights[0]?.data();
    // The first steps compile.
    if (step > 2 || seconds === 0) times.push(performance.now() - from);
    else used = process.cpuUsage();
  }
  const { user, system } = process.cpuUsage(used);
  tf.dispose(weights);
  model.dispose();
  await team?.dispose();
  return { stepMs: times, processorMs: (user + system) / 1000 / times.length };
}

for await (const line of createInterface({ input: process.stdin }))
  process.stdout.write(`${JSON.stringify(await measure(JSON.parse(line) as PeerOrder))}\n`);
process.exit(0);
