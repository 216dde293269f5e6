import type { ModelPlan, PlannedLayer } from '#contract/federated/model-plan.ts';

/** Multiplications of one example on its way forwards, in a layer's products; the way back takes twice as many. */
function multiplications({ layer, input, output }: PlannedLayer): number {
  const [steps, size] = input.length > 1 ? (input as [number, number]) : [1, input[0] as number];
  switch (layer.type) {
    case 'dense':
      return steps * size * layer.units;
    case 'conv2d': {
      const [height, width] = output as [number, number];
      return height * width * layer.kernel ** 2 * (input.at(-1) as number) * layer.filters;
    }
    case 'lstm':
      return steps * 4 * layer.units * (size + layer.units);
    case 'transformer':
      return steps * size * (4 * size + 2 * layer.feedForward + 2 * steps);
    default:
      return 0;
  }
}

const multiplicationsPerMs = 12e6;
const handOverMs = 0.1;
const numbersHandedOverPerMs = 250_000;

/**
 * Whether several threads are done sooner with a step than one: each has to be given the weights and to give back its gradients. A
 * rule without a clock, for the order of sums, and so the weights' last digits, depend on it.
 */
export function threadsPay({ layers, size }: ModelPlan, examples: number, threads: number): boolean {
  const alone = layers.reduce((sum, layer) => sum + multiplications(layer), 0) * 3 * examples;
  const savedMs = (alone / multiplicationsPerMs) * (1 - 1 / threads);
  const spentMs = handOverMs + (size * (threads - 1)) / numbersHandedOverPerMs;
  return threads > 1 && examples >= 2 * threads && savedMs > spentMs;
}
