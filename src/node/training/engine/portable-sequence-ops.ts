import * as tf from '@tensorflow/tfjs-core';
import type { AttentionShape, LstmPass, Ops, SequenceShape } from './ops.ts';

type SequenceOps = Pick<
  Ops,
  | 'crossEntropy'
  | 'layerNorm'
  | 'layerNormGradient'
  | 'attention'
  | 'attentionGradient'
  | 'lstm'
  | 'lstmGradient'
  | 'delayed'
  | 'lastSteps'
  | 'gather'
  | 'segmentSum'
  | 'segmentNorms'
>;

const epsilon = 1e-5;

type Heads = [q: tf.Tensor, k: tf.Tensor, v: tf.Tensor];
type Gates = [i: tf.Tensor, f: tf.Tensor, g: tf.Tensor, o: tf.Tensor];

/** Rows of `size` numbers as examples × heads × steps × numbers of a head, and back. */
const toHeads = (x: tf.Tensor, { examples, steps, size, heads }: AttentionShape): tf.Tensor =>
  tf.transpose(tf.reshape(x, [examples, steps, heads, size / heads]), [0, 2, 1, 3]);
const fromHeads = (x: tf.Tensor, { examples, steps, size }: AttentionShape): tf.Tensor =>
  tf.reshape(tf.transpose(x, [0, 2, 1, 3]), [examples * steps, size]);

const headsOf = (qkv: tf.Tensor, shape: AttentionShape): Heads =>
  tf
    .split(tf.reshape(qkv, [shape.examples * shape.steps, 3 * shape.size]), 3, 1)
    .map((part) => toHeads(part, shape)) as Heads;

const scaleOf = ({ size, heads }: AttentionShape): number => 1 / Math.sqrt(size / heads);

function attend(qkv: tf.Tensor, shape: AttentionShape): { output: tf.Tensor; weights: tf.Tensor } {
  const { steps, causal } = shape;
  const [q, k, v] = headsOf(qkv, shape);
  const scores = tf.mul(tf.matMul(q, k, false, true), scaleOf(shape));
  const later = tf.sub(1, tf.linalg.bandPart(tf.ones([steps, steps]), -1, 0));
  const weights = tf.softmax(causal ? tf.sub(scores, tf.mul(later, 1e9)) : scores);
  return { output: fromHeads(tf.matMul(weights, v), shape), weights };
}

function attentionGradient(
  qkv: tf.Tensor,
  weights: tf.Tensor,
  dy: tf.Tensor,
  shape: AttentionShape,
): tf.Tensor {
  const [q, k, v] = headsOf(qkv, shape);
  const slopes = toHeads(dy, shape);
  const dWeights = tf.matMul(slopes, v, false, true);
  const along = tf.sum(tf.mul(dWeights, weights), -1, true);
  const dScores = tf.mul(tf.mul(weights, tf.sub(dWeights, along)), scaleOf(shape));
  const parts = [
    tf.matMul(dScores, k),
    tf.matMul(dScores, q, true, false),
    tf.matMul(weights, slopes, true, false),
  ];
  return tf.concat(
    parts.map((part) => fromHeads(part, shape)),
    1,
  );
}

function runLstm(z: tf.Tensor, recurrent: tf.Tensor, { examples, steps, size }: SequenceShape): LstmPass {
  const kernel = tf.reshape(recurrent, [size, 4 * size]);
  let output: tf.Tensor = tf.zeros([examples, size]);
  let cell: tf.Tensor = tf.zeros([examples, size]);
  const rows = tf.unstack(tf.reshape(z, [examples, steps, 4 * size]), 1).map((row) => {
    const [zi, zf, zg, zo] = tf.split(tf.add(row, tf.matMul(output, kernel)), 4, 1) as Gates;
    const gates: Gates = [tf.sigmoid(zi), tf.sigmoid(zf), tf.tanh(zg), tf.sigmoid(zo)];
    const [i, f, g, o] = gates;
    cell = tf.add(tf.mul(f, cell), tf.mul(i, g));
    output = tf.mul(o, tf.tanh(cell));
    return { gates: tf.concat(gates, 1), cell, output };
  });
  const stack = (part: 'gates' | 'cell' | 'output') =>
    tf.stack(
      rows.map((row) => row[part]),
      1,
    );
  return { output: stack('output'), gates: stack('gates'), cells: stack('cell') };
}

function lstmGradient(
  pass: LstmPass,
  recurrent: tf.Tensor,
  dOutputs: (tf.Tensor | null)[],
  { examples, steps, size }: SequenceShape,
): tf.Tensor {
  const kernel = tf.reshape(recurrent, [size, 4 * size]);
  const allGates = tf.unstack(pass.gates, 1);
  const cells = tf.unstack(pass.cells, 1);
  const dz: tf.Tensor[] = [];
  let dOutput: tf.Tensor = tf.zeros([examples, size]);
  let dCell: tf.Tensor = tf.zeros([examples, size]);
  for (let step = steps - 1; step >= 0; step -= 1) {
    const [i, f, g, o] = tf.split(allGates[step] as tf.Tensor, 4, 1) as Gates;
    const before = step > 0 ? (cells[step - 1] as tf.Tensor) : tf.zeros([examples, size]);
    const shape = tf.tanh(cells[step] as tf.Tensor);
    const own = dOutputs[step];
    const dh = own ? tf.add(dOutput, own) : dOutput;
    dCell = tf.add(dCell, tf.mul(tf.mul(dh, o), tf.sub(1, tf.square(shape))));
    const slopes = [
      tf.mul(tf.mul(dCell, g), tf.mul(i, tf.sub(1, i))),
      tf.mul(tf.mul(dCell, before), tf.mul(f, tf.sub(1, f))),
      tf.mul(tf.mul(dCell, i), tf.sub(1, tf.square(g))),
      tf.mul(tf.mul(dh, shape), tf.mul(o, tf.sub(1, o))),
    ];
    dz[step] = tf.concat(slopes, 1);
    dOutput = tf.matMul(dz[step] as tf.Tensor, kernel, false, true);
    dCell = tf.mul(dCell, f);
  }
  return tf.stack(dz, 1);
}

const stepsOf = (x: tf.Tensor, { examples, steps, size }: SequenceShape): tf.Tensor3D =>
  tf.reshape(x, [examples, steps, size]);
const lastOf = (x: tf.Tensor, shape: SequenceShape): tf.Tensor =>
  tf.slice(stepsOf(x, shape), [0, shape.steps - 1, 0], [shape.examples, 1, shape.size]);
const integers = (ids: tf.Tensor, count: number): tf.Tensor1D => tf.reshape(tf.cast(ids, 'int32'), [count]);

/** Sequences, norms and losses in TensorFlow.js's own operations. */
export const portableSequenceOps: SequenceOps = {
  crossEntropy(logits, labels, classes, scale) {
    const rows = labels.length;
    const table = tf.reshape(logits, [rows, classes]) as tf.Tensor2D;
    const classOf = tf.tensor1d(labels, 'int32');
    const counts = tf.cast(tf.greaterEqual(classOf, 0), 'float32');
    const truth = tf.mul(
      tf.oneHot(tf.cast(tf.maximum(classOf, 0), 'int32'), classes),
      tf.reshape(counts, [rows, 1]),
    );
    const logs = tf.logSoftmax(table);
    const gradient = tf.mul(tf.sub(tf.mul(tf.exp(logs), tf.reshape(counts, [rows, 1])), truth), scale);
    const own = tf.sum(tf.mul(tf.cast(truth, 'float32'), table), 1);
    const hits = tf.sum(tf.mul(tf.cast(tf.equal(own, tf.max(table, 1)), 'float32'), counts));
    return {
      loss: tf.neg(tf.sum(tf.mul(truth, logs))).dataSync()[0] as number,
      hits: hits.dataSync()[0] as number,
      gradient,
    };
  },
  layerNorm(x, gain, bias, rows, size) {
    const table = tf.reshape(x, [rows, size]);
    const centred = tf.sub(table, tf.mean(table, 1, true));
    const inverse = tf.rsqrt(tf.add(tf.mean(tf.square(centred), 1, true), epsilon));
    const normalised = tf.mul(centred, inverse);
    return { output: tf.add(tf.mul(normalised, gain), bias), normalised, inverse };
  },
  layerNormGradient(dy, gain, normalised, inverse, rows, size) {
    const slopes = tf.mul(tf.reshape(dy, [rows, size]), gain);
    const along = tf.mean(tf.mul(slopes, normalised), 1, true);
    const rest = tf.sub(tf.sub(slopes, tf.mean(slopes, 1, true)), tf.mul(normalised, along));
    return tf.mul(rest, inverse);
  },
  attention: attend,
  attentionGradient,
  lstm: runLstm,
  lstmGradient(pass, recurrent, dy, shape, last) {
    const { examples, steps, size } = shape;
    const dOutputs = last
      ? [...Array<null>(steps - 1).fill(null), tf.reshape(dy, [examples, size])]
      : tf.unstack(stepsOf(dy, shape), 1);
    return lstmGradient(pass, recurrent, dOutputs, shape);
  },
  delayed(x, shape) {
    const { examples, steps, size } = shape;
    const kept = tf.slice(stepsOf(x, shape), [0, 0, 0], [examples, steps - 1, size]);
    return tf.concat([tf.zeros([examples, 1, size]), kept], 1);
  },
  lastSteps: lastOf,
  gather: (table, ids, count, size) =>
    tf.gather(tf.reshape(table, [table.size / size, size]), integers(ids, count)),
  segmentSum: (x, ids, count, size, segments) =>
    tf.unsortedSegmentSum(tf.reshape(x, [count, size]), integers(ids, count), segments),
  segmentNorms(x, ids, shape) {
    const { examples, steps } = shape;
    const names = tf.reshape(ids, [examples, steps]);
    const same = tf.equal(tf.expandDims(names, 1), tf.expandDims(names, 2));
    const rows = stepsOf(x, shape);
    const products = tf.matMul(rows, rows, false, true);
    return tf.sum(tf.mul(products, tf.cast(same, 'float32')), [1, 2]);
  },
};
