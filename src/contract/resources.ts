import { z } from 'zod';
import { instantSchema } from './node-status.ts';

const figure = z.number().nullable();

/** A program that holds memory of a GPU. */
export const gpuProcessSchema = z.object({
  pid: z.int(),
  name: z.string(),
  usedBytes: figure,
  /** One of the node's own processes. */
  isOurs: z.boolean(),
});

export const gpuSchema = z.object({
  /** The driver's own name of the device (UUID, PCI address), else its place in the list. */
  id: z.string(),
  vendor: z.enum(['nvidia', 'amd', 'intel', 'apple', 'other']),
  name: z.string(),
  totalBytes: z.number(),
  usedBytes: figure,
  /** Its memory is the computer's own. */
  isUnified: z.boolean(),
  /** 0–1. */
  load: figure,
  tempC: figure,
  powerWatts: figure,
  powerLimitWatts: figure,
  fanPercent: figure,
  driverVersion: z.string().nullable(),
  /** Null where the driver does not tell. */
  processes: z.array(gpuProcessSchema).nullable(),
});
export type Gpu = z.infer<typeof gpuSchema>;

/** What there is to know of who sits at the computer and how it is fed. Unknown is null. */
export const surroundingsSchema = z.object({
  /** Seconds since the last key or move of the mouse. */
  idleSeconds: figure,
  onBattery: z.boolean().nullable(),
  /** 0–100. */
  batteryPercent: figure,
  /** Name of the program that fills the screen. */
  fullScreenApp: z.string().nullable(),
  /** Programs of the operator's list that run. */
  exclusiveApps: z.array(z.string()),
  isMetered: z.boolean().nullable(),
  thermalState: z.enum(['nominal', 'fair', 'serious', 'critical']).nullable(),
});
export type Surroundings = z.infer<typeof surroundingsSchema>;

/** One reading, every 2 s. Unknown figures are null, never guessed. */
export const resourcesSchema = z.object({
  at: instantSchema,
  cpu: z.object({
    model: z.string(),
    cores: z.int(),
    /** Of all cores, 0–1; `ownLoad` is the node's own processes' part of it. */
    load: figure,
    ownLoad: figure,
    tempC: figure,
    /** Of the processor's package. */
    powerWatts: figure,
  }),
  ram: z.object({ totalBytes: z.number(), usedBytes: z.number() }),
  /** Resident memory of our own processes in bytes. */
  own: z.object({
    hostBytes: z.number(),
    engineBytes: z.number(),
    engineGpuBytes: z.number(),
    trainingBytes: z.number(),
    trainingGpuBytes: z.number(),
  }),
  gpus: z.array(gpuSchema),
  disk: z.object({ totalBytes: z.number(), freeBytes: z.number() }).nullable(),
  /** Of the default interface; `monthBytes` is what the node itself has sent and received this calendar month. */
  network: z.object({
    receivedBytesPerSecond: figure,
    sentBytesPerSecond: figure,
    monthBytes: z.number(),
  }),
  /** What the work takes: measured by GPU and processor, else what the operator assumes. */
  power: z.object({ watts: z.number(), source: z.enum(['measured', 'assumed']) }).nullable(),
  surroundings: surroundingsSchema,
});
export type Resources = z.infer<typeof resourcesSchema>;

/** What `resources.energy` answers for at most: eleven years. */
export const mostEnergyDays = 4000;

/** Electricity of one local day while the node worked. */
export const energyDaySchema = z.object({
  /** `YYYY-MM-DD`, local. */
  day: z.string(),
  wattHours: z.number(),
  costMicroUsd: z.int(),
  isMeasured: z.boolean(),
});
export type EnergyDay = z.infer<typeof energyDaySchema>;

/** What an hour at the present pace brings and costs, in micro-dollars; null while unknown. */
export const powerBalanceSchema = z.object({
  at: instantSchema,
  watts: figure,
  source: z.enum(['measured', 'assumed']).nullable(),
  costMicroUsdPerHour: z.int().nullable(),
  earnedMicroUsdPerHour: z.int().nullable(),
  netMicroUsdPerHour: z.int().nullable(),
  /** Of today so far. */
  todayCostMicroUsd: z.int(),
});
export type PowerBalance = z.infer<typeof powerBalanceSchema>;

/** What the node announces of this machine, in the network's units, and where each figure comes from. */
export const hardwareReportSchema = z.object({
  cpuCores: z.int(),
  ramGb: z.int(),
  storageGb: z.int(),
  networkMbps: z.int(),
  networkSource: z.enum(['measured', 'declared', 'assumed']),
  gpuModel: z.string().nullable(),
  gpuMemoryGb: z.int().nullable(),
});
export type HardwareReport = z.infer<typeof hardwareReportSchema>;
