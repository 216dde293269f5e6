import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { sharePreviewSchema } from '#contract/hybrid.ts';
import { type PreviewInputs, previewShare } from './share-preview.ts';

const gigabyte = 1024 ** 3;
const memory = (ram: number, gpu: number) => ({ ramBytes: ram * gigabyte, gpuBytes: gpu * gigabyte });
const model = (name: string, gpu: number, lastUsedAt: number, pinned = false) => ({
  id: name,
  name,
  leases: 0,
  lastUsedAt,
  pinned,
  ...memory(1, gpu),
});

const roomy: PreviewInputs = {
  can: { inference: true, training: true },
  ceiling: memory(16, 12),
  needs: { inference: memory(2, 4), training: memory(2, 4) },
  threads: 8,
  lamportsPerMinute: { inference: 1000, training: 600 },
  measuredThreads: { inference: 8, training: 8 },
  loaded: [model('Llama', 4, 3), model('Qwen', 3, 2), model('Phi', 2, 1)],
};
const tight: PreviewInputs = { ...roomy, ceiling: memory(16, 6) };

describe('side by side', () => {
  test('each has its part, and earns by its threads', () => {
    const preview = previewShare(25, roomy);
    expect(preview.arrangement).toBe('side-by-side');
    expect(preview.allowance.inference).toEqual({ ...memory(12, 8), threads: 6 });
    expect(preview.allowance.training).toEqual({ ...memory(4, 4), threads: 2 });
    expect(preview.inferenceLamportsPerHour).toBe('45000');
    expect(preview.trainingLamportsPerHour).toBe('9000');
    expect(preview.obstacle).toBeNull();
  });

  test('models that no longer fit would be unloaded, least recently used first, pinned ones last', () => {
    expect(previewShare(25, roomy).unloads).toEqual(['Phi']);
    expect(previewShare(60, roomy).unloads).toEqual(['Phi', 'Qwen']);
    const pinned = {
      ...roomy,
      loaded: [model('Llama', 4, 3), model('Qwen', 3, 2), model('Phi', 2, 1, true)],
    };
    expect(previewShare(60, pinned).unloads).toEqual(['Qwen', 'Llama']);
  });

  test('serving is not estimated above what was measured, as threads bring no requests', () => {
    const measuredThreads = { inference: 4, training: 4 };
    expect(previewShare(10, { ...roomy, measuredThreads }).inferenceLamportsPerHour).toBe('60000');
  });
});

describe('in turns', () => {
  test('each earns for its share of the time, with the whole machine', () => {
    const preview = previewShare(25, tight);
    expect(preview.arrangement).toBe('in-turns');
    expect(preview.allowance.training).toEqual({ ...memory(16, 6), threads: 8 });
    expect(preview.inferenceLamportsPerHour).toBe('45000');
    expect(preview.trainingLamportsPerHour).toBe('9000');
    expect(preview.unloads).toEqual(['Llama', 'Qwen', 'Phi']);
    expect(preview.obstacle).toBe('Both at once need 8.0 GB of GPU memory, and 6.0 GB may be used.');
  });
});

test('in turns each has its least turn, near the ends of the slider too', () => {
  expect(previewShare(99, tight).inferenceLamportsPerHour).toBe('5679');
  expect(previewShare(1, tight).trainingLamportsPerHour).toBe('842');
});

describe('one alone', () => {
  test('the ends of the slider', () => {
    expect(previewShare(0, roomy)).toMatchObject({
      arrangement: 'inference-only',
      inferenceLamportsPerHour: '60000',
      trainingLamportsPerHour: '0',
      unloads: [],
      obstacle: null,
    });
    expect(previewShare(100, roomy)).toMatchObject({
      arrangement: 'training-only',
      inferenceLamportsPerHour: '0',
      trainingLamportsPerHour: '36000',
      unloads: ['Llama', 'Qwen', 'Phi'],
      obstacle: null,
    });
  });

  test('a training that needs more than there is says so', () => {
    const preview = previewShare(50, { ...roomy, needs: { ...roomy.needs, training: memory(2, 13) } });
    expect(preview.arrangement).toBe('inference-only');
    expect(preview.trainingLamportsPerHour).toBe('0');
    expect(preview.obstacle).toBe('Training needs 13.0 GB of GPU memory, and 12.0 GB may be used.');
  });

  test('what is off says so', () => {
    const off = { ...roomy, can: { inference: true, training: false } };
    expect(previewShare(50, off).obstacle).toBe('Training is off, or cannot be done here yet.');
    const none = { ...roomy, can: { inference: false, training: false } };
    expect(previewShare(50, none)).toMatchObject({
      inferenceLamportsPerHour: '0',
      trainingLamportsPerHour: '0',
      obstacle: 'Neither serving nor training can be done here yet.',
    });
  });
});

test('what was never measured is unknown, not nothing', () => {
  const unknown = { ...roomy, lamportsPerMinute: { inference: null, training: Number.NaN } };
  expect(previewShare(50, unknown)).toMatchObject({
    inferenceLamportsPerHour: null,
    trainingLamportsPerHour: null,
  });
});

const odd = fc.constantFrom(Number.NaN, -1, Number.POSITIVE_INFINITY, 1e300);
const figure = (max: number) =>
  fc.oneof({ weight: 9, arbitrary: fc.integer({ min: 0, max }) }, { weight: 1, arbitrary: odd });
const anyMemory = fc.record({ ramBytes: figure(2 ** 30), gpuBytes: figure(2 ** 30) });
const kinds = <T>(of: fc.Arbitrary<T>) => fc.record({ inference: of, training: of });
const anyInputs: fc.Arbitrary<PreviewInputs> = fc.record({
  can: kinds(fc.boolean()),
  ceiling: anyMemory,
  needs: kinds(anyMemory),
  threads: figure(64),
  lamportsPerMinute: kinds(fc.option(figure(2 ** 30))),
  measuredThreads: kinds(fc.option(figure(64))),
  loaded: fc.constant(roomy.loaded),
});

test('more training never raises what serving is estimated to earn, and every preview is one', () => {
  fc.assert(
    fc.property(anyInputs, fc.nat(100), fc.nat(100), (inputs, one, two) => {
      const [less, more] = [
        previewShare(Math.min(one, two), inputs),
        previewShare(Math.max(one, two), inputs),
      ];
      sharePreviewSchema.parse(less);
      sharePreviewSchema.parse(more);
      const before = less.inferenceLamportsPerHour;
      const after = more.inferenceLamportsPerHour;
      if (before !== null && after !== null) expect(BigInt(after) <= BigInt(before)).toBe(true);
      expect(more.unloads.length).toBeGreaterThanOrEqual(less.unloads.length);
    }),
    { numRuns: 10_000 },
  );
});
