import type { Gpu } from '#contract/resources.ts';

/** Figures of a GPU that nothing tells. */
export const unknownFigures = {
  usedBytes: null,
  isUnified: false,
  load: null,
  tempC: null,
  powerWatts: null,
  powerLimitWatts: null,
  fanPercent: null,
  driverVersion: null,
  processes: null,
} satisfies Partial<Gpu>;
