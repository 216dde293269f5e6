import type { SettingsPatch } from '#contract/settings.ts';

/** A computer that tests run on is busy with them: the node works all the same. */
export const besideOthers = { othersCpuPercent: null, othersGpuMemoryPercent: null } satisfies SettingsPatch;
