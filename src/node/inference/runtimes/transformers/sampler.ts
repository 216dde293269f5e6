import type { Sampling } from '../../runtime.ts';

/** Picks the next token of a sequence from the model's logits, one a token of the vocabulary. */
export type Sampler = (logits: Float32Array, generated: readonly number[]) => number;

/**
 * Penalties and bias as OpenAI's API defines them, then temperature, top-k, top-p and min-p as llama.cpp orders them.
 * Temperature 0 takes the likeliest token; a seed makes the choices repeatable.
 */
export function createSampler(sampling: Sampling): Sampler {
  const { temperature, topK = 0, topP = 1, minP = 0, logitBias = {} } = sampling;
  const { frequencyPenalty = 0, presencePenalty = 0 } = sampling;
  const random = sampling.seed === undefined ? Math.random : mulberry32(sampling.seed);
  const bias = Object.entries(logitBias).map(([id, value]) => [Number(id), value] as const);

  return (logits, generated) => {
    for (const [id, value] of bias)
      if (id < logits.length) logits[id] = value <= -100 ? Number.NEGATIVE_INFINITY : at(logits, id) + value;
    if (frequencyPenalty || presencePenalty) penalise(logits, generated, frequencyPenalty, presencePenalty);
    if (temperature === 0) return likeliest(logits);
    const best = at(logits, likeliest(logits));
    // Less likely by e⁻³⁰ never comes: a vocabulary of 150,000 need not be sorted for that.
    const floor = best - 30 * temperature;
    let ids: number[] = [];
    for (let id = 0; id < logits.length; id += 1) if (at(logits, id) > floor) ids.push(id);
    ids.sort((a, b) => at(logits, b) - at(logits, a));
    if (topK > 0) ids = ids.slice(0, topK);
    const weights = ids.map((id) => Math.exp((at(logits, id) - best) / temperature));
    const kept = keptCount(weights, topP, minP);
    let left = random() * weights.slice(0, kept).reduce((sum, weight) => sum + weight, 0);
    for (let index = 0; index < kept; index += 1) {
      left -= weights[index] ?? 0;
      if (left <= 0) return ids[index] as number;
    }
    return ids[kept - 1] as number;
  };
}

/** How many of the weights, largest first, top-p and min-p leave; at least one. */
function keptCount(weights: number[], topP: number, minP: number): number {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let sum = 0;
  let kept = 0;
  for (const weight of weights) {
    if (kept > 0 && (sum >= topP * total || weight < minP * (weights[0] ?? 0))) break;
    sum += weight;
    kept += 1;
  }
  return kept;
}

function penalise(
  logits: Float32Array,
  generated: readonly number[],
  frequency: number,
  presence: number,
): void {
  const counts = new Map<number, number>();
  for (const id of generated) counts.set(id, (counts.get(id) ?? 0) + 1);
  for (const [id, count] of counts) logits[id] = at(logits, id) - count * frequency - presence;
}

function likeliest(logits: Float32Array): number {
  let best = 0;
  for (let id = 1; id < logits.length; id += 1) if (at(logits, id) > at(logits, best)) best = id;
  return best;
}

const at = (logits: Float32Array, id: number): number => logits[id] ?? Number.NEGATIVE_INFINITY;

/** A small generator of even quality (T. Ettinger, public domain): 32 bits of state, values in [0, 1). */
function mulberry32(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
