import { AppError } from '#contract/errors.ts';
import type { ModelPlan } from '#contract/federated/model-plan.ts';
import type { LocalTraining } from '#contract/federated/task.ts';
import { slotsOf } from '../engine/optimizer.ts';

const intervalMs = 250;
const bytesPerMb = 1024 * 1024;

export interface MemoryGuard {
  /** Numbers that one pass of a thread may keep: a quarter of the limit, shared out. */
  keptNumbers(threads: number): number;
  /** Refuses, before anything is allocated, a model whose weights alone do not fit. */
  checkModel(plan: ModelPlan, training: LocalTraining): void;
  /** Refuses once the process has outgrown its limit; looks four times a second. */
  check(): void;
}

/** Holds the process to its memory limit with `training/out-of-memory`. */
export function createMemoryGuard(limitMb: number | undefined): MemoryGuard {
  let lookedAt = 0;
  const outOfMemory = (neededBytes: number) =>
    new AppError(
      'training/out-of-memory',
      `Training needs about ${Math.ceil(neededBytes / bytesPerMb)} MB, and ${limitMb} MB are allowed.`,
      { data: { neededMb: Math.ceil(neededBytes / bytesPerMb), limitMb: limitMb ?? 0 } },
    );
  return {
    keptNumbers: (threads) =>
      limitMb === undefined ? Number.POSITIVE_INFINITY : (limitMb * bytesPerMb) / 16 / threads,
    checkModel({ size, activationSize }, training) {
      if (limitMb === undefined) return;
      // Weights before, now and next, gradients, the optimiser's slots; and one example.
      const neededBytes = 4 * (size * (4 + 2 * slotsOf(training)) + 2 * activationSize);
      if (neededBytes > limitMb * bytesPerMb) throw outOfMemory(neededBytes);
    },
    check() {
      if (limitMb === undefined || performance.now() - lookedAt < intervalMs) return;
      lookedAt = performance.now();
      const usedBytes = process.memoryUsage.rss();
      if (usedBytes > limitMb * bytesPerMb) throw outOfMemory(usedBytes);
    },
  };
}
