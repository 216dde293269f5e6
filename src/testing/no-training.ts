import type { TrainingStatus } from '#contract/training.ts';

/** The training node's status where it takes no part. */
export const noTraining: TrainingStatus = {
  state: { state: 'off' },
  engine: null,
  gpuEngine: { state: 'not-possible', detail: null },
  tasks: [],
  privacy: { budgetEpsilon: 8, delta: 1e-5, spentEpsilon: 0, tasks: [], error: null },
  earned: { rounds: 0, netLamports: '0' },
};
