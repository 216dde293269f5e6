import type { SharePreview } from '#contract/hybrid.ts';
import type { LamportsText } from '#contract/money.ts';
import type { LoadedModelState, Memory } from '../inference/pool-policy.ts';
import type { ArbiterInputs } from './allocation.ts';
import { allowancesIn, fits, fitsBoth, threadsBeside } from './allowances.ts';
import { soundInputs } from './sound-inputs.ts';
import { type Kind, trainingTimeAt } from './turns.ts';

export interface PreviewInputs
  extends Pick<
    ArbiterInputs,
    'can' | 'ceiling' | 'needs' | 'threads' | 'networkMbps' | 'disk' | 'lamportsPerMinute'
  > {
  /** Threads with which the lamports a minute were measured; null where that is not known. */
  measuredThreads: { inference: number | null; training: number | null };
  /** The models that are loaded now. */
  loaded: (LoadedModelState & { name: string })[];
}

const gigabyte = 1024 ** 3;
const inGigabytes = (bytes: number) => `${(bytes / gigabyte).toFixed(1)} GB`;
const words = { inference: 'Serving', training: 'Training' } as const;
/** What a decimal integer of lamports may be at most. */
const mostLamports = 999_999_999_999_999_999n;

/**
 * What a share of `sharePercent` for training would mean on this machine, holds and rounds left aside.
 *
 * The estimate takes what a kind earned a minute of its own work and multiplies: by its share of time where they take turns; by
 * its threads over the threads it was measured with. Requests do not grow with threads, so serving is never estimated above what
 * was measured. Real work loses less than proportionally with fewer threads, so side by side it is a cautious figure.
 * More training never raises the estimate for serving.
 */
export function previewShare(sharePercent: number, given: PreviewInputs): SharePreview {
  const inputs = soundInputs(
    {
      ...given,
      now: 0,
      sharePercent,
      held: { inference: false, training: false },
      demand: { running: 0, waiting: 0, perMinute: 0 },
      round: null,
      hasRounds: true,
      isAsked: false,
      random: 0,
    },
    0,
  );
  const share = Math.round(inputs.sharePercent);
  const sound = { ...inputs, sharePercent: share };
  const arrangement = arrangementOf(sound);
  const isPossible = (kind: Kind) => sound.can[kind] && lackOf(kind, sound) === null;
  const works = {
    inference: isPossible('inference') && arrangement !== 'training-only',
    training: isPossible('training') && arrangement !== 'inference-only',
  };
  const allowance = allowanceOf(arrangement, sound, works);
  const perHour = (kind: Kind) => {
    const trainingTime = trainingTimeAt(share);
    const turns = kind === 'training' ? trainingTime : 1 - trainingTime;
    const time = arrangement === 'in-turns' ? turns : 1;
    const rate = sound.lamportsPerMinute[kind];
    if (!works[kind]) return '0';
    return rate === null
      ? null
      : lamportsText(rate * 60 * time * paceOf(kind, allowance[kind].threads, given));
  };
  return {
    trainingSharePercent: share,
    arrangement,
    allowance,
    inferenceLamportsPerHour: perHour('inference'),
    trainingLamportsPerHour: perHour('training'),
    unloads: unloadsFor(arrangement, allowance.inference, given.loaded),
    obstacle: obstacleOf(arrangement, sound),
  };
}

function arrangementOf(inputs: ArbiterInputs): SharePreview['arrangement'] {
  const { can, sharePercent } = inputs;
  const canServe = can.inference && lackOf('inference', inputs) === null;
  const canTrain = can.training && lackOf('training', inputs) === null;
  // At 0 % serving that is switched on keeps training out, even where it has no room itself.
  if (!canTrain || (sharePercent === 0 && can.inference)) return 'inference-only';
  if (!canServe || sharePercent === 100) return 'training-only';
  return fitsBoth(inputs, 0) ? 'side-by-side' : 'in-turns';
}

/** In turns each has the whole machine while it works. */
function allowanceOf(
  arrangement: SharePreview['arrangement'],
  inputs: ArbiterInputs,
  works: Record<Kind, boolean>,
): SharePreview['allowance'] {
  if (arrangement === 'side-by-side')
    return allowancesIn('both', inputs, threadsBeside(inputs.threads, inputs.sharePercent));
  return {
    inference: allowancesIn(works.inference ? 'inference' : 'none', inputs, 0).inference,
    training: allowancesIn(works.training ? 'training' : 'none', inputs, 0).training,
  };
}

function paceOf(kind: Kind, threads: number, { measuredThreads }: PreviewInputs): number {
  const measured = measuredThreads[kind];
  if (measured === null || !Number.isFinite(measured) || measured < 1) return 1;
  const pace = threads / measured;
  return kind === 'inference' ? Math.min(1, pace) : pace;
}

function lamportsText(lamports: number): LamportsText {
  const whole = BigInt(Math.floor(Math.min(lamports, Number.MAX_SAFE_INTEGER)));
  return `${whole < mostLamports ? whole : mostLamports}`;
}

/** Idle models first, least recently used first, pinned ones last, until the rest fits. In turns training needs all of the memory. */
function unloadsFor(
  arrangement: SharePreview['arrangement'],
  room: Memory,
  loaded: PreviewInputs['loaded'],
): string[] {
  if (arrangement === 'inference-only') return [];
  if (arrangement !== 'side-by-side') return loaded.map(({ name }) => name);
  const order = [...loaded].sort(
    (a, b) => Number(a.pinned) - Number(b.pinned) || a.leases - b.leases || a.lastUsedAt - b.lastUsedAt,
  );
  const sum = (of: keyof Memory, from: number) =>
    order.slice(from).reduce((total, model) => total + model[of], 0);
  let count = 0;
  while (
    count < order.length &&
    (sum('ramBytes', count) > room.ramBytes || sum('gpuBytes', count) > room.gpuBytes)
  )
    count += 1;
  return order.slice(0, count).map(({ name }) => name);
}

/** What a kind lacks to work even alone; null for nothing. */
function lackOf(kind: Kind, { needs, ceiling, threads }: ArbiterInputs): string | null {
  const need = needs[kind];
  if (threads < 1) return 'No thread of the processor may be used.';
  if (fits(need, ceiling)) return null;
  const [of, what] =
    need.gpuBytes > ceiling.gpuBytes
      ? (['gpuBytes', 'GPU memory'] as const)
      : (['ramBytes', 'memory'] as const);
  return `${words[kind]} needs ${inGigabytes(need[of])} of ${what}, and ${inGigabytes(ceiling[of])} may be used.`;
}

function obstacleOf(arrangement: SharePreview['arrangement'], inputs: ArbiterInputs): string | null {
  const { can, sharePercent, needs, ceiling } = inputs;
  if (!can.inference && !can.training) return 'Neither serving nor training can be done here yet.';
  const lacking = (kind: Kind) =>
    can[kind] ? lackOf(kind, inputs) : `${words[kind]} is off, or cannot be done here yet.`;
  if (arrangement === 'inference-only')
    return sharePercent > 0 ? lacking('training') : lackOf('inference', inputs);
  if (arrangement === 'training-only') return sharePercent < 100 ? lacking('inference') : null;
  if (arrangement === 'side-by-side') return null;
  if (inputs.threads < 2) return 'One thread of the processor cannot be shared.';
  const sum = (of: keyof Memory) => needs.inference[of] + needs.training[of];
  const [of, what] =
    sum('ramBytes') <= ceiling.ramBytes
      ? (['gpuBytes', 'GPU memory'] as const)
      : (['ramBytes', 'memory'] as const);
  if (Number.isNaN(sum(of))) return 'What the two need together is not known yet.';
  return `Both at once need ${inGigabytes(sum(of))} of ${what}, and ${inGigabytes(ceiling[of])} may be used.`;
}
