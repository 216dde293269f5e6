import { z } from 'zod';
import { instantSchema } from './node-status.ts';

export const gpuSchema = z.object({
  name: z.string(),
  totalBytes: z.number(),
  usedBytes: z.number().nullable(),
  /** 0–1. */
  load: z.number().nullable(),
  tempC: z.number().nullable(),
  powerWatts: z.number().nullable(),
});
export type Gpu = z.infer<typeof gpuSchema>;

/** One reading, every 2 s. Unknown figures are null, never guessed. */
export const resourcesSchema = z.object({
  at: instantSchema,
  cpu: z.object({ model: z.string(), cores: z.int(), load: z.number().nullable() }),
  ram: z.object({ totalBytes: z.number(), usedBytes: z.number() }),
  /** Resident memory of our own processes in bytes. */
  own: z.object({ hostBytes: z.number(), engineBytes: z.number(), engineGpuBytes: z.number() }),
  gpus: z.array(gpuSchema),
  disk: z.object({ totalBytes: z.number(), freeBytes: z.number() }).nullable(),
});
export type Resources = z.infer<typeof resourcesSchema>;

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
