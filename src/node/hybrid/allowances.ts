import type { Allowance, WorkMode } from '#contract/hybrid.ts';
import type { Memory } from '../inference/pool-policy.ts';
import type { ArbiterInputs } from './allocation.ts';

type Shared = Pick<
  ArbiterInputs,
  'can' | 'sharePercent' | 'ceiling' | 'needs' | 'threads' | 'networkMbps' | 'disk'
>;

export interface Allowances {
  inference: Allowance;
  training: Allowance;
}

/** Whether a kind's need fits into the ceiling; an unknown need does, as it is not known not to. */
export const fits = (need: Memory, ceiling: Memory): boolean =>
  !(need.ramBytes > ceiling.ramBytes) && !(need.gpuBytes > ceiling.gpuBytes);

/** Whether both kinds fit side by side, with `headroom` (0.05 for 5 %) to spare. */
export function fitsBoth(inputs: Pick<Shared, 'ceiling' | 'needs' | 'threads'>, headroom: number): boolean {
  const { ceiling, needs } = inputs;
  const sum = (of: keyof Memory) => (needs.inference[of] + needs.training[of]) * (1 + headroom);
  return inputs.threads >= 2 && sum('ramBytes') <= ceiling.ramBytes && sum('gpuBytes') <= ceiling.gpuBytes;
}

/** Training's part of a whole: its share by the slider, but never so much or so little that one of the two lacks what it needs. */
function partOf(whole: number, share: number, needs: { inference: number; training: number }): number {
  const greatest = Math.max(0, whole - needs.inference);
  return Math.min(greatest, Math.max(Math.min(whole, needs.training), Math.floor(whole * share)));
}

/** Threads of training beside serving: by the slider, at least one for each of the two. */
export const threadsBeside = (threads: number, sharePercent: number): number =>
  Math.min(threads - 1, Math.max(1, Math.round((threads * sharePercent) / 100)));

/** Converted data of a few tasks; a slider that stands at training must not cost anybody a model that there is room for. */
const mostTrainingDiskBytes = 20e9;

/** Disk stays divided whoever works, since files stay where they are. Where training is off it keeps only what it has. */
export function diskParts({
  can,
  disk,
  sharePercent,
}: Pick<Shared, 'disk' | 'sharePercent'> & { can: Pick<Shared['can'], 'training'> }): {
  inference: number;
  training: number;
} | null {
  if (!disk) return null;
  const byShare = partOf(disk.totalBytes, can.training ? sharePercent / 100 : 0, disk.storedBytes);
  const training = Math.min(byShare, Math.max(disk.storedBytes.training, mostTrainingDiskBytes));
  return { inference: disk.totalBytes - training, training };
}

/** What each kind may take in a mode; whole bytes, so that the sum is never above the ceiling. */
export function allowancesIn(mode: WorkMode, inputs: Shared, trainingThreads: number): Allowances {
  const { ceiling, needs, threads, networkMbps } = inputs;
  const share = inputs.sharePercent / 100;
  const disk = diskParts(inputs);
  const divide = (whole: number, trainingInBoth: number) => {
    const training = mode === 'training' ? whole : mode === 'both' ? trainingInBoth : 0;
    return { training, inference: mode === 'none' ? 0 : whole - training };
  };
  const needed = (of: keyof Memory) => ({ inference: needs.inference[of], training: needs.training[of] });
  const parts = {
    ramBytes: divide(ceiling.ramBytes, partOf(ceiling.ramBytes, share, needed('ramBytes'))),
    gpuBytes: divide(ceiling.gpuBytes, partOf(ceiling.gpuBytes, share, needed('gpuBytes'))),
    threads: divide(threads, trainingThreads),
    // Each keeps a twentieth, else an answer or an update would never leave.
    network:
      typeof networkMbps === 'number'
        ? divide(networkMbps, networkMbps * Math.min(0.95, Math.max(0.05, share)))
        : null,
  };
  const of = (kind: 'inference' | 'training'): Allowance => ({
    ramBytes: parts.ramBytes[kind],
    gpuBytes: parts.gpuBytes[kind],
    threads: parts.threads[kind],
    ...(parts.network ? { networkMbps: parts.network[kind] } : {}),
    ...(disk ? { diskBytes: disk[kind] } : {}),
  });
  return { inference: of('inference'), training: of('training') };
}
