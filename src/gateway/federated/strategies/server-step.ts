import type { StrategySettings } from '../task-config.ts';

/** A model with all that its strategy remembers from round to round. */
export interface Checkpoint {
  weights: Float32Array;
  /** SCAFFOLD: the server's control variate. */
  control: Float32Array | null;
  /** FedAvgM's velocity; FedAdam's first moments, then its second. */
  memory: Float64Array | null;
}

/** What a round's nodes found, averaged: new − global, and with SCAFFOLD the change of their control variates. */
export interface MeanUpdate {
  delta: Float64Array;
  control: Float64Array | null;
  /** Share of all nodes of the task that took part; SCAFFOLD's |S| / N. */
  participation: number;
}

/** The server's step upon the mean of a round. Pure: the checkpoint before stays as it was. */
export function serverStep(before: Checkpoint, mean: MeanUpdate, strategy: StrategySettings): Checkpoint {
  switch (strategy.type) {
    case 'fedavg':
    case 'fedprox':
    case 'krum':
    case 'trimmed-mean':
      return { ...before, weights: moved(before.weights, mean.delta, 1) };
    case 'fedavgm':
      return fedAvgM(before, mean.delta, strategy);
    case 'fedadam':
      return fedAdam(before, mean.delta, strategy);
    case 'scaffold':
      return scaffold(before, mean, strategy.serverRate);
  }
}

/** Hsu et al. 2019: v ← β·v + Δ, x ← x + η·v. */
function fedAvgM(
  before: Checkpoint,
  delta: Float64Array,
  { rate, momentum }: { rate: number; momentum: number },
): Checkpoint {
  const velocity = delta.map((value, at) => momentum * (before.memory?.[at] ?? 0) + value);
  return { ...before, weights: moved(before.weights, velocity, rate), memory: velocity };
}

/** Reddi et al. 2021, algorithm 2: no bias correction; second moments begin at τ². */
function fedAdam(
  before: Checkpoint,
  delta: Float64Array,
  { rate, beta1, beta2, tau }: { rate: number; beta1: number; beta2: number; tau: number },
): Checkpoint {
  const size = delta.length;
  const memory = new Float64Array(2 * size);
  const step = new Float64Array(size);
  for (let at = 0; at < size; at++) {
    const change = delta[at] as number;
    const first = beta1 * (before.memory?.[at] ?? 0) + (1 - beta1) * change;
    const second = beta2 * (before.memory?.[size + at] ?? tau * tau) + (1 - beta2) * change * change;
    memory[at] = first;
    memory[size + at] = second;
    step[at] = first / (Math.sqrt(second) + tau);
  }
  return { ...before, weights: moved(before.weights, step, rate), memory };
}

/** Karimireddy et al. 2020: x ← x + η_g·Δx, c ← c + |S|/N·Δc. */
function scaffold(before: Checkpoint, mean: MeanUpdate, serverRate: number): Checkpoint {
  const control = before.control ?? new Float32Array(before.weights.length);
  return {
    ...before,
    weights: moved(before.weights, mean.delta, serverRate),
    control: mean.control ? moved(control, mean.control, mean.participation) : control,
  };
}

const moved = (from: Float32Array, by: Float64Array, rate: number): Float32Array =>
  from.map((value, at) => value + rate * (by[at] as number));
