import type { Trainer } from '#gateway/federated/trainer.ts';

/** A “model” of four weights that is best where all are 1: its loss is the squared distance to there. */
export const scriptedWeights = 4;

export function createScriptedTrainer(): Trainer & { evaluations: Float32Array[]; isBroken: boolean } {
  const trainer = {
    evaluations: [] as Float32Array[],
    isBroken: false,
    initialise: async () => new Float32Array(scriptedWeights),
    async evaluate(_: unknown, weights: Float32Array) {
      if (trainer.isBroken) throw new Error('the trainer is broken');
      trainer.evaluations.push(weights);
      const loss = weights.reduce((sum, value) => sum + (1 - value) ** 2, 0);
      return { loss, accuracy: 1 / (1 + loss), examples: 10 };
    },
    close: async () => {},
  };
  return trainer;
}
