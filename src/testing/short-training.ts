import type { RoundTrainer, Trained } from '#node/training/round-ports.ts';

/** What training gives back that has learnt nothing in particular. */
export const trained = (length: number): Trained => ({
  delta: new Float32Array(length).fill(0.25),
  controlDelta: null,
  examples: 40,
  steps: 4,
  durationMs: 10,
  loss: 0.4,
  accuracy: 0.8,
});
export const trainsAtOnce: RoundTrainer['train'] = async ({ weights }) => trained(weights.length);

/** Trains until it is let go, or stopped. */
export function slowTrainer() {
  let begun = 0;
  let letGo = () => {};
  const gone = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  const train: RoundTrainer['train'] = async ({ weights }, onProgress, signal) => {
    begun += 1;
    onProgress({ epoch: 1, epochs: 1, step: 1, steps: 4, loss: 0.9, examplesPerSecond: 10 });
    const stopped = new Promise<never>((_, reject) =>
      signal.addEventListener('abort', () => reject(signal.reason)),
    );
    await Promise.race([gone, stopped]);
    return trained(weights.length);
  };
  return { train, letGo, begun: () => begun };
}
