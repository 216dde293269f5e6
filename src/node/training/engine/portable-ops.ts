import * as tf from '@tensorflow/tfjs-core';
import type { Activation, ConvolutionGeometry, Ops, PoolGeometry } from './ops.ts';
import { portableSequenceOps } from './portable-sequence-ops.ts';

const activate: Record<Activation, (x: tf.Tensor) => tf.Tensor> = {
  linear: (x) => x,
  relu: tf.relu,
  tanh: tf.tanh,
  sigmoid: tf.sigmoid,
  gelu: (x) => tf.mul(x, tf.sigmoid(twice(x))),
};

/** GELU in its tanh form is x · sigmoid(2u), u = √(2/π)·(x + 0.044715·x³). */
const twice = (x: tf.Tensor): tf.Tensor =>
  tf.mul(tf.mul(x, 2 * Math.sqrt(2 / Math.PI)), tf.add(1, tf.mul(0.044715, tf.square(x))));

function slope(kept: tf.Tensor, activation: Activation): tf.Tensor {
  switch (activation) {
    case 'linear':
      return tf.onesLike(kept);
    case 'relu':
      return tf.step(kept);
    case 'tanh':
      return tf.sub(1, tf.square(kept));
    case 'sigmoid':
      return tf.mul(kept, tf.sub(1, kept));
    case 'gelu': {
      const share = tf.sigmoid(twice(kept));
      const inner = tf.mul(2 * Math.sqrt(2 / Math.PI), tf.add(1, tf.mul(3 * 0.044715, tf.square(kept))));
      return tf.add(share, tf.mul(tf.mul(kept, tf.mul(share, tf.sub(1, share))), inner));
    }
  }
}

const imageShape = (g: ConvolutionGeometry | PoolGeometry): [number, number, number, number] =>
  [...[g.examples, g.height, g.width, g.channels]] as [number, number, number, number];
const filterShape = (g: ConvolutionGeometry): [number, number, number, number] => [
  g.kernel,
  g.kernel,
  g.channels,
  g.filters,
];
const outShape = (g: ConvolutionGeometry): [number, number, number, number] => [
  g.examples,
  g.outHeight,
  g.outWidth,
  g.filters,
];

/** The same computations in TensorFlow.js's own operations, for every backend of it. */
export const portableOps: Ops = {
  ...portableSequenceOps,
  tensor: (values, shape) => tf.tensor(values, shape, 'float32'),
  zeros: (size) => tf.zeros([size]),
  product(a, b, [m, k, n], transposed = 'none') {
    const left = tf.reshape(a, transposed === 'a' ? [k, m] : [m, k]);
    const right = tf.reshape(b, transposed === 'b' ? [n, k] : [k, n]);
    return tf.matMul(left, right, transposed === 'a', transposed === 'b');
  },
  dense(x, w, bias, sizes, activation) {
    return activate[activation](tf.add(portableOps.product(x, w, sizes), bias));
  },
  exampleProducts: (a, b, examples, steps, m, n) =>
    tf.matMul(tf.reshape(a, [examples, steps, m]), tf.reshape(b, [examples, steps, n]), true, false),
  exampleProductNorms(a, b, examples, steps, m, n) {
    const lefts = tf.split(tf.reshape(a, [examples, steps, m]), examples);
    const rights = tf.split(tf.reshape(b, [examples, steps, n]), examples);
    return tf.stack(
      lefts.map((left, index) =>
        tf.tidy(() => tf.sum(tf.square(tf.matMul(left, rights[index] as tf.Tensor, true, false)))),
      ),
    );
  },
  convolve(x, w, bias, g, activation) {
    const image = tf.reshape(x, imageShape(g)) as tf.Tensor4D;
    const filter = tf.reshape(w, filterShape(g)) as tf.Tensor4D;
    return activate[activation](tf.add(tf.conv2d(image, filter, g.stride, g.padding), bias));
  },
  convolveFilterGradient(x, dy, g, each) {
    if (!each) return filterGradient(x, dy, g);
    const one = { ...g, examples: 1 };
    const images = tf.split(tf.reshape(x, imageShape(g)), g.examples);
    const slopes = tf.split(tf.reshape(dy, outShape(g)), g.examples);
    return tf.stack(images.map((image, index) => filterGradient(image, slopes[index] as tf.Tensor, one)));
  },
  convolveInputGradient(dy, w, g) {
    const inputs = { dy: tf.reshape(dy, outShape(g)), filter: tf.reshape(w, filterShape(g)) };
    const attributes = {
      strides: [g.stride, g.stride],
      pad: g.padding,
      dataFormat: 'NHWC',
      inputShape: imageShape(g),
    };
    return tf.engine().runKernel(tf.Conv2DBackpropInput, inputs, attributes) as tf.Tensor;
  },
  maxPool: (x, g) => tf.maxPool(tf.reshape(x, imageShape(g)) as tf.Tensor4D, g.size, g.size, 'valid'),
  maxPoolGradient(x, y, dy, g) {
    const shape = [g.examples, Math.floor(g.height / g.size), Math.floor(g.width / g.size), g.channels];
    const inputs = {
      dy: tf.reshape(dy, shape),
      input: tf.reshape(x, imageShape(g)),
      output: tf.reshape(y, shape),
    };
    const attributes = { filterSize: g.size, strides: g.size, pad: 'valid' };
    return tf.engine().runKernel(tf.MaxPoolGrad, inputs, attributes) as tf.Tensor;
  },
  activate: (x, activation) => activate[activation](x),
  activationGradient: (dy, kept, activation) => tf.mul(dy, tf.reshape(slope(kept, activation), dy.shape)),
  columnSums: (x, groups, rows, size) => tf.sum(tf.reshape(x, [groups, rows, size]), 1),
  productSums: (a, b, groups, rows, size) =>
    tf.sum(tf.mul(tf.reshape(a, [groups, rows, size]), tf.reshape(b, [groups, rows, size])), 1),
  rowSquares: (x, rows, size) => tf.sum(tf.square(tf.reshape(x, [rows, size])), 1),
  scaleRows: (x, factors, rows, rowsPerFactor, size) =>
    tf.mul(
      tf.reshape(x, [rows / rowsPerFactor, rowsPerFactor * size]),
      tf.reshape(factors, [rows / rowsPerFactor, 1]),
    ),
  weightedSum(x, factors, rows, size) {
    const table = tf.reshape(x, [rows, size]);
    return tf.sum(factors ? tf.mul(table, tf.reshape(factors, [rows, 1])) : table, 0);
  },
  addToRows: (x, row, rows, size) => tf.add(tf.reshape(x, [rows, size]), tf.reshape(row, [1, size])),
  repeatRows: (x, rows, times, size, factor) =>
    tf.mul(tf.tile(tf.reshape(x, [rows, 1, size]), [1, times, 1]), factor),
  addScaled: (a, b, factor) => tf.add(a, tf.mul(tf.reshape(b, a.shape), factor)),
  sumSquares: (x) => tf.sum(tf.square(x)).dataSync()[0] as number,
  adam(weights, first, second, gradient, { beta1, beta2, rate, correction2, epsilon }) {
    const slopes = tf.reshape(gradient, weights.shape);
    const mean = tf.add(tf.mul(first, beta1), tf.mul(slopes, 1 - beta1));
    const spread = tf.add(tf.mul(second, beta2), tf.mul(tf.square(slopes), 1 - beta2));
    const root = tf.add(tf.sqrt(tf.mul(spread, correction2)), epsilon);
    return [tf.sub(weights, tf.div(tf.mul(mean, rate), root)), mean, spread];
  },
};

function filterGradient(x: tf.Tensor, dy: tf.Tensor, g: ConvolutionGeometry): tf.Tensor {
  const inputs = { x: tf.reshape(x, imageShape(g)), dy: tf.reshape(dy, outShape(g)) };
  const attributes = {
    strides: [g.stride, g.stride],
    pad: g.padding,
    dataFormat: 'NHWC',
    filterShape: filterShape(g),
  };
  return tf.engine().runKernel(tf.Conv2DBackpropFilter, inputs, attributes) as tf.Tensor;
}
