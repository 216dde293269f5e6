import type { ErrorCode } from '#contract/errors.ts';

const usualRestMs = 60_000;
const restMs: Partial<Record<ErrorCode, number>> = {
  'training/round-failed': 3000,
  'training/deadline-passed': 3000,
  'training/left': 10 * 60_000,
  // How many examples are held back, and so what a round spends, shows when it is done: the node would learn for nothing again.
  'training/privacy-budget': 60 * 60_000,
};

/** How long a task is left alone after its round failed: a passing cause rests it shortly, the operator's own wish for longest. */
export const taskRestMs = (code: ErrorCode): number => restMs[code] ?? usualRestMs;
