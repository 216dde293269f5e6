import { z } from 'zod';

/** How much of the machine the node may take. */
export const limitSetSchema = z.strictObject({
  /** Share of the processor's threads. */
  cpuPercent: z.int().min(5).max(100),
  /** Share of main memory that the node's own work may take. */
  ramPercent: z.int().min(5).max(95),
  /** Share of each GPU's memory that all programs together may take. */
  gpuMemoryPercent: z.int().min(10).max(95),
  /** Mbit/s for downloads and uploads of models and rounds; null for no limit. */
  networkMbps: z.int().min(1).max(1_000_000).nullable(),
});
export type LimitSet = z.infer<typeof limitSetSchema>;

/** Seven days from Monday, each 48 half hours of local time from midnight: `1` allowed, `0` not. */
export const weekSchema = z
  .array(z.string().regex(/^[01]{48}$/, 'a day is 48 half hours, each 0 or 1'))
  .length(7);
export type Week = z.infer<typeof weekSchema>;

/** Everything an operator can set about how the node treats the computer and who sits at it. Part of the settings. */
export const mannersShape = {
  /** Share of time and memory for training while serving is on too; 0 trains only when there is nothing to serve, 100 the other way round. */
  trainingSharePercent: z.int().min(0).max(100),
  /** Limits while somebody uses the computer, and while nobody does. */
  limitsInUse: limitSetSchema,
  limitsIdle: limitSetSchema,
  /** Minutes without a key or a move of the mouse after which nobody uses the computer. */
  idleAfterMinutes: z.int().min(1).max(120),
  /** What rests while somebody uses the computer. */
  pauseWhileInUse: z.enum(['nothing', 'gpu', 'cpu', 'all']),
  /** When computing is allowed; null for always. */
  computeSchedule: weekSchema.nullable(),
  /** When the network may be used; null for always. */
  networkSchedule: weekSchema.nullable(),
  pauseOnBattery: z.boolean(),
  /** Names of programs while whose processes run the node rests, as the system lists them. */
  exclusiveApps: z.array(z.string().trim().min(1).max(200)).max(100),
  pauseForFullScreen: z.boolean(),
  /** °C of the GPU or the processor from which the node rests until it is 8 °C cooler. */
  mostTempC: z.int().min(40).max(110),
  /** Percent of the GPU's memory, and of the processor, that other programs may take before the node rests; null: however much. */
  othersGpuMemoryPercent: z.int().min(5).max(100).nullable(),
  othersCpuPercent: z.int().min(5).max(100).nullable(),
  pauseOnMetered: z.boolean(),
  /** Gigabytes a calendar month; null for no cap. */
  monthlyNetworkGigabytes: z.int().min(1).max(1_000_000).nullable(),
  /** Micro-dollars a kWh; null: electricity is left out of everything. Negative where using power is paid for. */
  powerMicroUsdPerKwh: z.int().min(-10_000_000).max(10_000_000).nullable(),
  /** Rest while what is earned is worth less than the electricity it takes. */
  pauseBelowPowerCost: z.boolean(),
  /** Watts that the node's work takes, where nothing measures them; null: the power is unknown. */
  assumedWatts: z.int().min(1).max(100_000).nullable(),
  /** Gigabytes of the disk that stay free. */
  diskReserveGigabytes: z.int().min(1).max(10_000),
  /** Keep the computer from sleeping, only while the node works. */
  keepAwake: z.boolean(),
} as const;

export type Manners = z.infer<z.ZodObject<typeof mannersShape>>;

export const defaultManners: Manners = {
  trainingSharePercent: 30,
  limitsInUse: { cpuPercent: 50, ramPercent: 50, gpuMemoryPercent: 80, networkMbps: null },
  limitsIdle: { cpuPercent: 90, ramPercent: 80, gpuMemoryPercent: 90, networkMbps: null },
  idleAfterMinutes: 3,
  pauseWhileInUse: 'nothing',
  computeSchedule: null,
  networkSchedule: null,
  pauseOnBattery: true,
  exclusiveApps: [],
  pauseForFullScreen: true,
  mostTempC: 85,
  othersGpuMemoryPercent: 60,
  othersCpuPercent: 75,
  pauseOnMetered: true,
  monthlyNetworkGigabytes: null,
  powerMicroUsdPerKwh: null,
  pauseBelowPowerCost: false,
  assumedWatts: null,
  diskReserveGigabytes: 5,
  keepAwake: true,
};
