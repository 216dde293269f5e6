import type { Manners } from '#contract/manners.ts';
import type { PauseCode, PauseReason } from '#contract/node-status.ts';
import type { Gpu, Resources } from '#contract/resources.ts';

/** Reasons that are read off the machine. */
export type SensedCode = Extract<
  PauseCode,
  | 'on-battery'
  | 'exclusive-app'
  | 'full-screen'
  | 'temperature'
  | 'others-gpu'
  | 'others-cpu'
  | 'metered-network'
  | 'network-cap'
  | 'disk-low'
>;

export interface Sensed {
  /** Null: the machine does not tell. */
  is: boolean | null;
  /** What the sentence is filled with; `figures` are those of the beginning, so that nothing flickers. */
  limits: PauseReason['detail'];
  figures: PauseReason['detail'];
  /** Nobody may overrule it. */
  isGrave?: boolean;
}

const coolDownC = 8;
/** From here on hardware takes harm or throttles itself, whatever the limit is. */
const criticalTempC = 95;
/** No processor runs hotter: a sensor that says so is broken. */
const mostTempC = 150;
/** Space beyond the reserve that ends a pause for it. */
const diskBackFactor = 1.1;

/** A figure of a sensor; one that is no number, without end or below zero is unknown. */
export const known = (value: number | null | undefined): number | null =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : null;

/** What each sense says; null: the operator does not want it watched. `holds` says which reasons are in force already. */
export function readSenses(
  resources: Resources,
  settings: Manners,
  inputs: { usesGpu: boolean; holds(code: SensedCode): boolean },
): Record<SensedCode, Sensed | null> {
  const { surroundings, network } = resources;
  return {
    'on-battery': settings.pauseOnBattery
      ? {
          is: surroundings.onBattery,
          limits: {},
          figures: percentOf(known(surroundings.batteryPercent)),
        }
      : null,
    'exclusive-app':
      settings.exclusiveApps.length > 0
        ? {
            is: surroundings.exclusiveApps.length > 0,
            limits: programOf(surroundings.exclusiveApps[0]),
            figures: {},
          }
        : null,
    'full-screen': settings.pauseForFullScreen
      ? {
          is: surroundings.fullScreenApp !== null,
          limits: programOf(surroundings.fullScreenApp),
          figures: {},
        }
      : null,
    temperature: temperature(resources, settings.mostTempC, inputs.holds('temperature')),
    'others-gpu':
      inputs.usesGpu && settings.othersGpuMemoryPercent !== null
        ? othersGpu(resources, settings.othersGpuMemoryPercent)
        : null,
    'others-cpu': settings.othersCpuPercent === null ? null : othersCpu(resources, settings.othersCpuPercent),
    'metered-network': settings.pauseOnMetered
      ? { is: surroundings.isMetered, limits: {}, figures: {} }
      : null,
    'network-cap': settings.monthlyNetworkGigabytes === null ? null : networkCap(network, settings),
    'disk-low': diskLow(resources.disk, settings.diskReserveGigabytes, inputs.holds('disk-low')),
  };
}

const programOf = (program: string | null | undefined): PauseReason['detail'] => (program ? { program } : {});
const percentOf = (percent: number | null): PauseReason['detail'] =>
  percent === null ? {} : { percent: Math.round(percent) };

function temperature(resources: Resources, limitC: number, isInForce: boolean): Sensed {
  const measured = [
    { device: resources.cpu.model, tempC: known(resources.cpu.tempC) },
    ...resources.gpus.map(({ name, tempC }) => ({ device: name, tempC: known(tempC) })),
  ].flatMap(({ device, tempC }) => (tempC === null || tempC > mostTempC ? [] : [{ device, tempC }]));
  const hottest = measured.sort((a, b) => b.tempC - a.tempC)[0];
  const { thermalState } = resources.surroundings;
  const isHotBySystem = thermalState === 'serious' || thermalState === 'critical';
  const limits = { limitC, coolC: limitC - coolDownC };
  if (!hottest)
    return {
      is: thermalState === null ? null : isHotBySystem,
      limits,
      figures: {},
      isGrave: thermalState === 'critical',
    };
  const isHot = isInForce ? hottest.tempC > limitC - coolDownC : hottest.tempC >= limitC;
  return {
    is: isHot || isHotBySystem,
    limits,
    figures: isHot ? { tempC: Math.round(hottest.tempC), device: hottest.device } : {},
    isGrave: thermalState === 'critical' || (isHot && hottest.tempC >= criticalTempC),
  };
}

/** Memory that others hold of a GPU, in percent. Memory that is the computer's own is not the GPU's to guard. */
function othersGpu({ gpus, own }: Resources, limit: number): Sensed {
  const ours = (known(own.engineGpuBytes) ?? 0) + (known(own.trainingGpuBytes) ?? 0);
  const measured = gpus
    .filter(({ isUnified }) => !isUnified)
    .flatMap((gpu) => {
      const total = known(gpu.totalBytes);
      const bytes = othersBytes(gpu, gpus.length === 1 ? ours : null);
      if (!total || bytes === null) return [];
      return [{ percent: (bytes / total) * 100, program: largestOther(gpu), device: gpu.name }];
    });
  const fullest = measured.sort((a, b) => b.percent - a.percent)[0];
  return {
    is: fullest ? fullest.percent > limit : null,
    limits: { limit },
    figures: fullest
      ? { percent: Math.round(fullest.percent), device: fullest.device, ...programOf(fullest.program) }
      : {},
  };
}

function othersBytes(gpu: Gpu, oursBytes: number | null): number | null {
  const others = gpu.processes?.filter(({ isOurs }) => !isOurs).map(({ usedBytes }) => known(usedBytes));
  if (others && !others.includes(null)) return others.reduce<number>((sum, bytes) => sum + (bytes ?? 0), 0);
  const used = known(gpu.usedBytes);
  return used === null || oursBytes === null ? null : Math.max(0, used - oursBytes);
}

const largestOther = ({ processes }: Gpu): string | undefined =>
  processes
    ?.filter(({ isOurs }) => !isOurs)
    .sort((a, b) => (known(b.usedBytes) ?? 0) - (known(a.usedBytes) ?? 0))[0]?.name;

function othersCpu({ cpu }: Resources, limit: number): Sensed {
  const load = known(cpu.load);
  const own = known(cpu.ownLoad);
  const percent = load === null || own === null ? null : Math.max(0, load - own) * 100;
  return { is: percent === null ? null : percent > limit, limits: { limit }, figures: percentOf(percent) };
}

function networkCap({ monthBytes }: Resources['network'], settings: Manners): Sensed {
  const limit = settings.monthlyNetworkGigabytes ?? Number.POSITIVE_INFINITY;
  const bytes = known(monthBytes);
  return { is: bytes === null ? null : bytes >= limit * 1e9, limits: { limit }, figures: {} };
}

/** A reserve that the disk does not even have cannot be kept, and is left out. */
function diskLow(disk: Resources['disk'], reserveGigabytes: number, isInForce: boolean): Sensed {
  const free = known(disk?.freeBytes);
  const total = known(disk?.totalBytes);
  const limits = { limit: reserveGigabytes };
  if (free === null || total === null) return { is: null, limits, figures: {} };
  const reserve = reserveGigabytes * 1e9;
  const wanted = isInForce ? Math.min(reserve * diskBackFactor, total) : reserve;
  return {
    is: reserve < total && free < wanted,
    limits,
    figures: { gigabytes: Math.floor(free / 1e8) / 10 },
    isGrave: true,
  };
}
