import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { conclude } from '../conclusion.ts';
import { strategySettingsSchema } from '../task-config.ts';
import { krumChoice, trimmedMean } from './robust.ts';
import { type Checkpoint, serverStep } from './server-step.ts';
import { createWeightedMean } from './weighted-mean.ts';

const settings = (type: string, rest: object = {}) => strategySettingsSchema.parse({ type, ...rest });
const model = (...weights: number[]): Checkpoint => ({
  weights: new Float32Array(weights),
  control: null,
  memory: null,
});
const step = (before: Checkpoint, delta: number[], type: string, rest: object = {}) =>
  serverStep(
    before,
    { delta: new Float64Array(delta), control: null, participation: 1 },
    settings(type, rest),
  );
const scalars = (...values: number[]) => values.map((value) => new Float32Array([value]));
const value = fc.float({ min: -100, max: 100, noNaN: true });

/** The new model (of one weight, from 0) that these updates give. */
async function concluded(type: string, deltas: Float32Array[], rest: object = {}): Promise<number> {
  const { checkpoint } = await conclude({
    before: model(0),
    lossBefore: null,
    strategy: settings(type, rest),
    collected: {
      kind: 'updates',
      updates: deltas.map((delta, index) => ({
        nodeKey: `n${index}`,
        head: { round_id: 'r', model_sha256: '', length: 1, control: false, duration_ms: 0, steps: 0 },
        read: () => ({ delta, control: null }),
      })),
    },
    weightOf: () => 1,
    participationOf: () => 1,
    evaluate: null,
  });
  return checkpoint.weights[0] ?? Number.NaN;
}

describe('the weighted mean', () => {
  test('is that of all vectors, in whatever order they come', () => {
    const rows = fc.array(fc.tuple(fc.tuple(value, value), fc.integer({ min: 1, max: 1000 })), {
      minLength: 1,
      maxLength: 20,
    });
    fc.assert(
      fc.property(rows, (all) => {
        const meanOf = (order: typeof all) => {
          const mean = createWeightedMean(2);
          for (const [vector, weight] of order) mean.add(new Float32Array(vector), weight);
          return mean.mean();
        };
        const total = all.reduce((sum, [, weight]) => sum + weight, 0);
        const forwards = meanOf(all);
        const backwards = meanOf([...all].reverse());
        for (const at of [0, 1] as const) {
          const exact = all.reduce((sum, [vector, weight]) => sum + vector[at] * weight, 0) / total;
          expect(forwards[at]).toBeCloseTo(exact, 8);
          expect(backwards[at]).toBeCloseTo(exact, 8);
        }
      }),
    );
  });

  test('of equal updates is that update; weights of nothing add nothing', () => {
    const mean = createWeightedMean(1);
    mean.add(new Float32Array([3]), 5);
    mean.add(new Float32Array([3]), 1);
    mean.add(new Float32Array([900]), 0);
    mean.add(new Float32Array([900]), Number.NaN);
    expect([...mean.mean()]).toEqual([3]);
    expect([...createWeightedMean(2).mean()]).toEqual([0, 0]);
  });
});

describe('Krum', () => {
  test('takes the update that is nearest to the others', async () => {
    expect(await concluded('krum', scalars(0.2, 0.7, 1.0), { malicious: 1 })).toBeCloseTo(0.7, 6);
  });

  test('Multi-Krum averages the best', async () => {
    const multi = { malicious: 1, kept: 2 };
    expect(await concluded('krum', scalars(0.2, 0.5, 1.0), multi)).toBeCloseTo(0.35, 6);
  });

  test('never takes one of f far ones among 2f + 3', () => {
    const honest = fc.array(fc.float({ min: -1, max: 1, noNaN: true }), { minLength: 5, maxLength: 5 });
    const far = fc.tuple(fc.float({ min: 50, max: 1000, noNaN: true }), fc.integer({ min: 0, max: 5 }));
    fc.assert(
      fc.property(honest, far, (values, [wrong, at]) => {
        const all = [...values.slice(0, at), wrong, ...values.slice(at)];
        expect(krumChoice(scalars(...all), 1, 1)).not.toContain(at);
      }),
    );
  });
});

describe('the trimmed mean', () => {
  test('leaves out the least and the greatest of each value', () => {
    expect(trimmedMean(scalars(-1000, 1, 2, 3, 1000), 0.2)[0]).toBe(2);
    expect(trimmedMean(scalars(1, 2, 3, 10), 0.2)[0]).toBe(4);
  });

  test('stays among the honest values while the wrong ones are fewer than it cuts', () => {
    const honest = fc.array(value, { minLength: 4, maxLength: 8 });
    fc.assert(
      fc.property(honest, fc.constantFrom(-1e6, 1e6, 1e30), (values, wrong) => {
        const [mean = Number.NaN] = trimmedMean(scalars(...values, wrong), 0.2);
        expect(mean).toBeGreaterThanOrEqual(Math.min(...values) - 1e-9);
        expect(mean).toBeLessThanOrEqual(Math.max(...values) + 1e-9);
      }),
    );
  });

  test('of one or two updates is their mean', () => {
    expect(trimmedMean(scalars(5), 0.4)[0]).toBe(5);
    expect(trimmedMean(scalars(5, 7), 0.49)[0]).toBe(6);
  });
});

describe('the server’s step', () => {
  test('FedAvg and FedProx go to the mean, FedAvgM without momentum too', () => {
    for (const type of ['fedavg', 'fedprox', 'fedavgm'])
      expect([...step(model(1, 2), [0.5, -1], type).weights]).toEqual([1.5, 1]);
  });

  test('FedAvgM goes on in its direction', () => {
    const first = step(model(0), [1], 'fedavgm', { momentum: 0.5, rate: 1 });
    const second = step(first, [1], 'fedavgm', { momentum: 0.5, rate: 1 });
    expect([first.weights[0], second.weights[0]]).toEqual([1, 2.5]);
  });

  test('FedAdam’s first two steps are those of the paper’s algorithm', () => {
    const options = { rate: 0.1 };
    const first = step(model(0), [2], 'fedadam', options);
    const v1 = 0.99 * 1e-6 + 0.01 * 4;
    const x1 = (0.1 * 0.2) / (Math.sqrt(v1) + 1e-3);
    expect(first.weights[0]).toBeCloseTo(x1, 6);
    const second = step(first, [-1], 'fedadam', options);
    const m2 = 0.9 * 0.2 + 0.1 * -1;
    const v2 = 0.99 * v1 + 0.01;
    expect(second.weights[0]).toBeCloseTo(x1 + (0.1 * m2) / (Math.sqrt(v2) + 1e-3), 6);
  });

  test('FedAdam’s step is bounded by its rate, however large the update', () => {
    fc.assert(
      fc.property(fc.float({ min: Math.fround(1e-3), max: Math.fround(1e30), noNaN: true }), (delta) => {
        const moved = step(model(0), [delta], 'fedadam', { rate: 0.01 }).weights[0] ?? 0;
        expect(moved).toBeGreaterThan(0);
        expect(moved).toBeLessThanOrEqual(0.01 * 1.0001);
      }),
    );
  });

  test('SCAFFOLD moves its control by the share of nodes that took part', () => {
    const mean = { delta: new Float64Array([2]), control: new Float64Array([4]), participation: 0.25 };
    const after = serverStep(model(1), mean, settings('scaffold'));
    expect([after.weights[0], after.control?.[0]]).toEqual([3, 1]);
    const slow = serverStep(after, mean, settings('scaffold', { serverRate: 0.5 }));
    expect([slow.weights[0], slow.control?.[0]]).toEqual([4, 2]);
  });

  test('the checkpoint before stays as it was', () => {
    const before = model(1);
    for (const type of ['fedavg', 'fedadam', 'fedavgm', 'scaffold']) step(before, [1], type);
    expect(before).toEqual(model(1));
  });
});
