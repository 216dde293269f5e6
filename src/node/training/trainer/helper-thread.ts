import { parentPort, workerData } from 'node:worker_threads';
import { dispose } from '@tensorflow/tfjs-core';
import { openWasmEngine } from '../engine/engine.ts';
import { createLearner } from '../engine/gradients.ts';
import { createModel } from '../engine/model.ts';
import { toFlat, toTensors } from './flat-weights.ts';
import { type SharedStep, scoreSize } from './shared-step.ts';

/** Makes this thread a helper of a team: computes its rows' gradients, step by step, until it is ended. */
export async function serveHelper(): Promise<void> {
  const { step, index } = workerData as { step: SharedStep; index: number };
  const { ops } = await openWasmEngine();
  const model = createModel(ops, step.model);
  const learner = createLearner(ops, model, step.keptNumbers);
  parentPort?.postMessage('ready');

  function compute(): void {
    const [first, count] = step.orders.subarray(2 * index) as unknown as [number, number];
    const rows = {
      count,
      inputs: step.inputs.subarray(first * step.inputSize, (first + count) * step.inputSize),
      labels: step.labels.subarray(first * step.labelSize, (first + count) * step.labelSize),
    };
    const isClipped = step.orders[2 * step.helpers] === 1;
    const factor = step.factor[0] as number;
    const weights = toTensors(ops, model.plan, step.weights);
    const { loss, hits, counted, gradients } = isClipped
      ? learner.clippedGradients(weights, rows, factor)
      : learner.gradients(weights, rows, factor);
    toFlat(gradients, step.gradients[index] as Float32Array);
    dispose(weights);
    dispose(gradients);
    step.scores.set([loss, hits, counted, 0], scoreSize * index);
  }

  for (let turn = 0; ; ) {
    Atomics.wait(step.turn, 0, turn);
    turn = Atomics.load(step.turn, 0);
    try {
      compute();
    } catch {
      step.scores.set([0, 0, 0, 1], scoreSize * index);
    }
    Atomics.store(step.done, index, turn);
    Atomics.notify(step.done, index);
  }
}
