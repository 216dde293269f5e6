import type { LimitSet } from '#contract/manners.ts';
import type { Resources } from '#contract/resources.ts';
import type { Memory } from '../inference/pool-policy.ts';

/** Main memory that stays free for everybody else. */
const spareShare = 0.05;
/** Use moves a little all the time; what is given out does not have to follow each move. */
const stepBytes = 32 * 1024 * 1024;

/**
 * What all of the node's work together may take, in bytes: its share of main memory by the limit, as far as other programs leave it; of
 * each GPU what others leave below the limit. `workRamBytes` is what engines and trainers take already.
 */
export function ceilingOf(options: {
  limits: Pick<LimitSet, 'ramPercent' | 'gpuMemoryPercent'>;
  ram: Resources['ram'];
  gpus: Pick<Resources['gpus'][number], 'totalBytes' | 'usedBytes'>[];
  work: Memory;
}): Memory {
  const { limits, ram, gpus, work } = options;
  const others = Math.max(0, ram.usedBytes - work.ramBytes);
  const ramBytes = Math.min(
    (ram.totalBytes * limits.ramPercent) / 100,
    ram.totalBytes * (1 - spareShare) - others,
  );
  const gpuTotal = gpus.reduce((sum, { totalBytes }) => sum + totalBytes, 0);
  const gpuUsed = gpus.reduce((sum, { usedBytes }) => sum + (usedBytes ?? 0), 0);
  const gpuBytes = (gpuTotal * limits.gpuMemoryPercent) / 100 - Math.max(0, gpuUsed - work.gpuBytes);
  return { ramBytes: inSteps(ramBytes), gpuBytes: inSteps(gpuBytes) };
}

const inSteps = (bytes: number) => Math.max(0, Math.floor(bytes / stepBytes) * stepBytes);
