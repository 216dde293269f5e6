import { setBackend } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { initialWeights } from '#contract/federated/parameters.ts';
import { randomData, smallModels } from '#testing/training-models.ts';
import { type Engine, openWasmEngine } from '../engine/engine.ts';
import { createLearner, type Gradients } from '../engine/gradients.ts';
import { createModel } from '../engine/model.ts';
import { toFlat, toTensors } from './flat-weights.ts';
import { openTeam, type Team } from './team.ts';

const spec = smallModels.transformer;
const { inputs, labels } = randomData(spec, 11);
const rows = { count: 11, inputs, labels };
let engine: Engine;
let team: Team;
let alone: ReturnType<typeof createLearner>;
let weights: ReturnType<typeof toTensors>;
const flat = ({ gradients }: Gradients) =>
  toFlat(gradients, new Float32Array(initialWeights(spec, 1).length));

beforeAll(async () => {
  engine = await openWasmEngine();
  await setBackend('wasm');
  const model = createModel(engine.ops, spec);
  alone = createLearner(engine.ops, model);
  weights = toTensors(engine.ops, model.plan, initialWeights(spec, 1));
  team = await openTeam({
    ...{ ops: engine.ops, plan: model.plan, model: spec, learner: alone, threads: 3 },
    ...{ rows: 4, inputSize: 5, labelSize: 5 },
  });
});
afterAll(() => team.dispose());

it('computes with three threads, in parts, what one computes', () => {
  for (const kind of ['gradients', 'clippedGradients'] as const) {
    const [ours, theirs] = [team[kind](weights, rows, 0.3), alone[kind](weights, rows, 0.3)];
    expect(ours).toMatchObject({ hits: theirs.hits, counted: theirs.counted });
    expect(ours.loss).toBeCloseTo(theirs.loss, 4);
    const [a, b] = [flat(ours), flat(theirs)];
    expect(Math.max(...a.map((value, index) => Math.abs(value - (b[index] as number))))).toBeLessThan(1e-5);
  }
});

it('gives the very same numbers each time', () => {
  expect(flat(team.gradients(weights, rows, 1))).toEqual(flat(team.gradients(weights, rows, 1)));
});

it('takes a batch that is smaller than the team, or empty', () => {
  const count = 1;
  const single = { count, inputs: inputs.subarray(0, 5), labels: labels.subarray(0, 5) };
  expect(team.gradients(weights, single, 1).loss).toBeCloseTo(alone.gradients(weights, single, 1).loss, 5);
  const none = { count: 0, inputs: new Float32Array(0), labels: new Int32Array(0) };
  expect(flat(team.clippedGradients(weights, none, 1)).every((value) => value === 0)).toBe(true);
});
