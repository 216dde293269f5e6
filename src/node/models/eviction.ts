import { AppError } from '#contract/errors.ts';

/** A model on the disk as the quota sees it. */
export interface StoredModel {
  id: string;
  sizeBytes: number;
  /** Unix ms; 0 where it was never served. */
  lastServedAt: number;
  /** Served, pinned or shipped: it stays. */
  isKept: boolean;
}

/**
 * Which models to delete so that `needBytes` more fit into `mostBytes`: least recently served first, no more than it takes.
 * Throws `models/quota` when it cannot be done. Infinity is no limit.
 */
export function evictionPlan(models: readonly StoredModel[], needBytes: number, mostBytes: number): string[] {
  let excess = models.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) + needBytes - mostBytes;
  const plan: string[] = [];
  const movable = models.filter(({ isKept }) => !isKept).sort((a, b) => a.lastServedAt - b.lastServedAt);
  for (const { id, sizeBytes } of movable) {
    if (excess <= 0) break;
    plan.push(id);
    excess -= sizeBytes;
  }
  if (excess > 0)
    throw new AppError(
      'models/quota',
      `${Math.ceil(excess / 1e6).toLocaleString('en')} MB are missing in the ${gigabytes(mostBytes)} GB for models.`,
    );
  return plan;
}

const gigabytes = (bytes: number) => (bytes / 1e9).toFixed(bytes < 1e10 ? 1 : 0);
