import { statfs } from 'node:fs/promises';
import { cpus, freemem, totalmem } from 'node:os';
import type { Gpu, Resources } from '#contract/resources.ts';
import type { Clock } from '../clock.ts';
import { createSignal, type Signal } from '../signal.ts';
import { readNvidiaSmi } from './nvidia-smi.ts';

const intervalMs = 2000;
const historyLength = 300;

export interface ResourceProbe {
  current: Signal<Resources>;
  /** The readings of the last ten minutes, oldest first. */
  history(): Resources[];
  /** Reads at once. */
  refresh(): Promise<void>;
  dispose(): void;
}

/** Reads the machine every 2 s. `modelsDir` chooses the disk that counts. */
export async function startResourceProbe(options: {
  clock: Clock;
  /** What the engines take, in bytes. */
  engines(): { ramBytes: number; gpuBytes: number };
  modelsDir: string;
}): Promise<ResourceProbe> {
  const ended = new AbortController();
  const model = cpus()[0]?.model.trim() || 'CPU';
  let cpuBefore = cpuTimes();
  let nvidia = true;

  async function read(): Promise<Resources> {
    const cpuNow = cpuTimes();
    const spent = cpuNow.total - cpuBefore.total;
    const load = spent > 0 ? (cpuNow.busy - cpuBefore.busy) / spent : null;
    cpuBefore = cpuNow;
    const gpus: Gpu[] | null = nvidia ? await readNvidiaSmi() : [];
    if (gpus === null) nvidia = false;
    const memory = options.engines();
    return {
      at: options.clock.now(),
      cpu: { model, cores: cpus().length, load, ownLoad: null, tempC: null, powerWatts: null },
      ram: { totalBytes: totalmem(), usedBytes: totalmem() - freemem() },
      own: {
        hostBytes: process.memoryUsage.rss(),
        engineBytes: memory.ramBytes,
        engineGpuBytes: memory.gpuBytes,
        trainingBytes: 0,
        trainingGpuBytes: 0,
      },
      gpus: gpus ?? [],
      disk: await diskOf(options.modelsDir),
      network: { receivedBytesPerSecond: null, sentBytesPerSecond: null, monthBytes: 0 },
      power: null,
      surroundings: {
        idleSeconds: null,
        onBattery: null,
        batteryPercent: null,
        fullScreenApp: null,
        exclusiveApps: [],
        isMetered: null,
        thermalState: null,
      },
    };
  }

  const first = await read();
  const current = createSignal(first);
  const readings = [first];
  const loop = async () => {
    while (!ended.signal.aborted) {
      await options.clock.sleep(intervalMs, ended.signal);
      const reading = await read();
      readings.push(reading);
      if (readings.length > historyLength) readings.shift();
      current.set(reading);
    }
  };
  loop().catch((error: unknown) => {
    if (!ended.signal.aborted) throw error;
  });
  return {
    current,
    history: () => [...readings],
    async refresh() {
      current.set(await read());
    },
    dispose: () => ended.abort(),
  };
}

function cpuTimes(): { busy: number; total: number } {
  let busy = 0;
  let total = 0;
  for (const { times } of cpus()) {
    const sum = times.user + times.nice + times.sys + times.idle + times.irq;
    total += sum;
    busy += sum - times.idle;
  }
  return { busy, total };
}

/** Null when the system does not tell. */
export async function diskOf(path: string): Promise<Resources['disk']> {
  try {
    const disk = await statfs(path);
    return { totalBytes: disk.blocks * disk.bsize, freeBytes: disk.bavail * disk.bsize };
  } catch {
    return null;
  }
}
