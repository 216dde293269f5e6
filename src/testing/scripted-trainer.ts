import type { Trainer } from '#gateway/federated/trainer.ts';

/** What the model of `testTask` starts from: gains of 1, offsets of 0. */
export const scriptedStart = [1, 1, 0, 0] as const;

/** Finds the model of `testTask` best where each weight is one more than at the start: the loss is the squared distance to there. */
export function createScriptedTrainer(): Trainer & { evaluations: Float32Array[]; isBroken: boolean } {
  const trainer = {
    evaluations: [] as Float32Array[],
    isBroken: false,
    async evaluate(_: unknown, weights: Float32Array) {
      if (trainer.isBroken) throw new Error('the trainer is broken');
      trainer.evaluations.push(weights);
      const loss = weights.reduce((sum, value, at) => sum + (1 + (scriptedStart[at] ?? 0) - value) ** 2, 0);
      return { loss, accuracy: 1 / (1 + loss), examples: 10 };
    },
    close: async () => {},
  };
  return trainer;
}
