import { expect, test } from 'vitest';
import { createSampler } from './sampler.ts';

const logits = () => new Float32Array([0, 3, 2, -1]);
const draws = (sampling: Parameters<typeof createSampler>[0], count = 200) => {
  const sample = createSampler({ seed: 7, ...sampling });
  return Array.from({ length: count }, () => sample(logits(), []));
};

test('temperature 0 takes the likeliest', () => {
  expect(new Set(draws({ temperature: 0 }, 5))).toEqual(new Set([1]));
});

test('every token comes about as often as its probability says', () => {
  const share = draws({ temperature: 1 }, 4000).filter((id) => id === 1).length / 4000;
  expect(share).toBeGreaterThan(0.65);
  expect(share).toBeLessThan(0.74);
});

test('top-k, top-p and min-p leave out the unlikely', () => {
  expect(new Set(draws({ temperature: 2, topK: 2 }))).toEqual(new Set([1, 2]));
  expect(new Set(draws({ temperature: 1, topP: 0.5 }))).toEqual(new Set([1]));
  expect(new Set(draws({ temperature: 1, minP: 0.2 }))).toEqual(new Set([1, 2]));
});

test('the same seed draws the same, another one not', () => {
  expect(draws({ temperature: 1, seed: 1 })).toEqual(draws({ temperature: 1, seed: 1 }));
  expect(draws({ temperature: 1, seed: 1 })).not.toEqual(draws({ temperature: 1, seed: 2 }));
});

test('bias forbids and favours; penalties push away what was said', () => {
  expect(new Set(draws({ temperature: 0, logitBias: { 1: -100 } }, 3))).toEqual(new Set([2]));
  expect(new Set(draws({ temperature: 0, logitBias: { 3: 50 } }, 3))).toEqual(new Set([3]));
  expect(createSampler({ temperature: 0, presencePenalty: 2 })(logits(), [1])).toBe(2);
  expect(createSampler({ temperature: 0, frequencyPenalty: 1 })(logits(), [1, 1])).toBe(2);
});
