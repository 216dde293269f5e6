import type { Gpu, Resources, Surroundings } from '#contract/resources.ts';
import { unknownFigures } from '#node/resources/gpu/unknown-figures.ts';

/** A GPU of which nothing is known but what is given. */
export const sampleGpu = (more: Partial<Gpu> & Pick<Gpu, 'totalBytes'>): Gpu => ({
  ...unknownFigures,
  id: '0',
  vendor: 'nvidia',
  name: 'gpu',
  ...more,
});

/** Surroundings of which nothing is known. */
export const unknownSurroundings: Surroundings = {
  idleSeconds: null,
  onBattery: null,
  batteryPercent: null,
  fullScreenApp: null,
  exclusiveApps: [],
  isMetered: null,
  thermalState: null,
};

/** A reading of a machine of 1,000 bytes without a GPU, of which nothing else is known but what is given. */
export const sampleReading = (more: Partial<Resources> = {}): Resources => ({
  at: 0,
  cpu: { model: 'CPU', cores: 2, load: 0.5, ownLoad: null, tempC: null, powerWatts: null },
  ram: { totalBytes: 1000, usedBytes: 600 },
  own: { hostBytes: 100, engineBytes: 200, engineGpuBytes: 50, trainingBytes: 0, trainingGpuBytes: 0 },
  gpus: [],
  disk: null,
  network: { receivedBytesPerSecond: null, sentBytesPerSecond: null, monthBytes: 0 },
  power: null,
  surroundings: unknownSurroundings,
  ...more,
});
