import type { CallOutput } from '#contract/calls.ts';
import type { HybridStatus, Reservation, SharePreview } from '#contract/hybrid.ts';
import type { EnergyDay, PowerBalance } from '#contract/resources.ts';
import type { Settings } from '#contract/settings.ts';

const gigabyte = 1e9;
const minute = 60_000;

const model = (now: number): Reservation[] => [
  {
    id: 'model',
    owner: 'model',
    name: 'Llama 3.2 3B Instruct',
    ramBytes: 0.9 * gigabyte,
    gpuBytes: 2.3 * gigabyte,
    usedRamBytes: 0.78 * gigabyte,
    usedGpuBytes: 2.2 * gigabyte,
    since: now - 90 * minute,
  },
  {
    id: 'kv',
    owner: 'kv-cache',
    name: 'Llama 3.2 3B Instruct',
    ramBytes: 0,
    gpuBytes: 2 * gigabyte,
    usedRamBytes: null,
    usedGpuBytes: 1.9 * gigabyte,
    since: now - 90 * minute,
  },
];
const training = (now: number): Reservation => ({
  id: 'training',
  owner: 'training',
  name: 'Spam filter',
  ramBytes: 1.2 * gigabyte,
  gpuBytes: 1.9 * gigabyte,
  usedRamBytes: 0.4 * gigabyte,
  usedGpuBytes: null,
  since: now - 12 * minute,
});

const allowances = (share: number, networkMbps: number | null) => ({
  inference: {
    ...(networkMbps === null ? {} : { networkMbps: (networkMbps * (100 - share)) / 100 }),
    diskBytes: (400 * gigabyte * (100 - share)) / 100,
    threads: Math.round((14 * (100 - share)) / 100),
    ramBytes: (12 * gigabyte * (100 - share)) / 100,
    gpuBytes: (10.8 * gigabyte * (100 - share)) / 100,
  },
  training: {
    ...(networkMbps === null ? {} : { networkMbps: (networkMbps * share) / 100 }),
    diskBytes: (400 * gigabyte * share) / 100,
    threads: Math.round((14 * share) / 100),
    ramBytes: (12 * gigabyte * share) / 100,
    gpuBytes: (10.8 * gigabyte * share) / 100,
  },
});

/** How the machine is shared, as the preview's address names it: `both`, `inference`, `training`, `deadline`, `held`, `switching`, … */
export function sampleHybrid(now: number, wanted: string, hasGpu: boolean): HybridStatus {
  const base: HybridStatus = {
    mode: 'both',
    since: now - 12 * minute,
    reason: 'both-fit',
    switching: null,
    settledUntil: now + 8 * minute,
    trainingTimeShare: 0.28,
    allowance: allowances(30, null),
    ceiling: { ramBytes: 25 * gigabyte, gpuBytes: hasGpu ? 10.8 * gigabyte : 0 },
    reservations: [...model(now), training(now)].map((one) =>
      hasGpu ? one : { ...one, gpuBytes: 0, usedGpuBytes: null },
    ),
  };
  const serving = { mode: 'inference' as const, reservations: base.reservations.slice(0, 2) };
  const switching = (step: NonNullable<HybridStatus['switching']>['step'], progress: number | null) => ({
    from: 'training' as const,
    to: 'inference' as const,
    step,
    progress,
    startedAt: now - 9000,
  });
  const samples: Record<string, Partial<HybridStatus>> = {
    both: {},
    inference: { ...serving, reason: 'demand' },
    training: { mode: 'training', reason: 'share', reservations: base.reservations.slice(2) },
    deadline: { mode: 'training', reason: 'deadline', settledUntil: null },
    held: { ...serving, reason: 'held', settledUntil: null },
    switching: { mode: 'training', switching: switching('draining', 0.4) },
    loading: { mode: 'training', switching: switching('loading', null) },
    none: { mode: 'none', reason: 'held', settledUntil: null, trainingTimeShare: null, reservations: [] },
    'only-serving': { ...serving, reason: 'only-kind', settledUntil: null, trainingTimeShare: null },
    'only-training': { mode: 'training', reason: 'only-kind', settledUntil: null },
  };
  return { ...base, ...samples[wanted] };
}

/** What the slider's position would mean on a machine where both fit up to 60 %. */
export function samplePreview(share: number, settings: Settings): SharePreview {
  const turns = share > 60;
  const mbps = settings.limitsIdle.networkMbps;
  const isKnown = settings.takePartInTraining;
  return {
    trainingSharePercent: share,
    arrangement:
      share === 0 ? 'inference-only' : share === 100 ? 'training-only' : turns ? 'in-turns' : 'side-by-side',
    allowance: turns
      ? { inference: allowances(0, mbps).inference, training: allowances(100, mbps).training }
      : allowances(share, mbps),
    inferenceLamportsPerHour: `${504_000 - share * 3900}`,
    trainingLamportsPerHour: isKnown ? `${share * 4700}` : null,
    unloads: share > 80 ? ['Qwen3 8B'] : [],
    obstacle: share > 90 ? 'Less than a model needs would be left for serving.' : null,
  };
}

export function samplePower(now: number, wanted: string, settings: Settings): PowerBalance {
  const hasPrice = settings.powerMicroUsdPerKwh !== null;
  const base: PowerBalance = {
    at: now,
    watts: 209,
    source: 'measured',
    costMicroUsdPerHour: hasPrice ? 62_700 : null,
    earnedMicroUsdPerHour: wanted === 'loss' ? 41_000 : 74_800,
    netMicroUsdPerHour: hasPrice ? (wanted === 'loss' ? -21_700 : 12_100) : null,
    todayCostMicroUsd: hasPrice ? 310_000 : 0,
  };
  return wanted === 'unknown'
    ? { ...base, watts: null, source: null, costMicroUsdPerHour: null, netMicroUsdPerHour: null }
    : base;
}

export function sampleEnergy(now: number, days: number): EnergyDay[] {
  return Array.from({ length: Math.min(days, 24) }, (_, n): EnergyDay => {
    const at = new Date(now - (Math.min(days, 24) - 1 - n) * 86_400_000);
    const wattHours = Math.round(1900 + 700 * Math.sin(n));
    return {
      day: at.toLocaleDateString('sv-SE'),
      wattHours,
      costMicroUsd: wattHours * 300,
      isMeasured: n > 3,
    };
  });
}

export const samplePrograms: CallOutput<'resources.programs'> = [
  'blender',
  'code',
  'cs2',
  'davinci-resolve',
  'firefox',
  'gnome-shell',
  'obs',
  'steam',
  'Xorg',
];
