import { statfs } from 'node:fs/promises';
import { cpus, freemem } from 'node:os';
import type { EngineVram } from '#contract/model.ts';
import type { Resources } from '#contract/resources.ts';
import type { Settings } from '#contract/settings.ts';
import type { Clock } from '../clock.ts';
import { createSignal, type Signal } from '../signal.ts';
import { createGpuProbe } from './gpu/gpus.ts';
import { type Machine, realMachine } from './machine.ts';
import { createNetworkProbe } from './network.ts';
import type { OwnTraffic } from './own-traffic.ts';
import { paced } from './paced.ts';
import { powerOf } from './power.ts';
import { createProcessProbe } from './processes.ts';
import {
  cpuTimesOf,
  findCpuSensor,
  loadBetween,
  packageWatts,
  readCpuTemp,
  readPackageEnergy,
} from './processor.ts';
import { createSurroundings, type ShellWord } from './surroundings.ts';
import { type WindowsWord, watchWindows } from './windows-watch.ts';

const intervalMs = 2000;
const historyLength = 300;
const diskEveryMs = 10_000;
const sensorEveryMs = 10 * 60_000;

export interface ResourceProbe {
  current: Signal<Resources>;
  /** The readings of the last ten minutes, oldest first. */
  history(): Resources[];
  /** Reads at once, the GPUs' memory too. */
  refresh(): Promise<void>;
  /** Distinct names of the programs that run, sorted. */
  programs(): Promise<string[]>;
  dispose(): void;
}

export interface ProbeParts {
  clock: Clock;
  /** What the engines take, in bytes, and what one of them says of its GPU. */
  engines(): { ramBytes: number; gpuBytes: number; vram?: EngineVram | null };
  /** Chooses the disk that counts. */
  modelsDir: string;
  settings(): Pick<Settings, 'exclusiveApps' | 'pauseForFullScreen' | 'assumedWatts'>;
  /** What the desktop shell tells; null without one. */
  shell?(): ShellWord | null;
  /** Process ids of what trains. */
  trainers?(): number[];
  traffic?: Pick<OwnTraffic, 'monthBytes'>;
  machine?: Machine;
}

/**
 * Reads the machine every 2 s. Each time only what costs next to nothing is read: the kernel's files, and what tools that are kept
 * running have said. What must be started is asked less often, and by `paced` still less while it fails.
 */
export async function startResourceProbe(parts: ProbeParts): Promise<ResourceProbe> {
  const { clock, machine = realMachine } = parts;
  const ended = new AbortController();
  const model = cpus()[0]?.model.trim() || 'CPU';
  const windowsWatch = machine.platform === 'win32' ? watchWindows(machine, clock) : null;
  const windows = (): WindowsWord | null => {
    const state = windowsWatch?.latest();
    return state?.is === 'known' ? state.value : null;
  };
  const processes = createProcessProbe({ machine, clock, pid: process.pid, windows });
  const network = createNetworkProbe({ machine, clock, windows });
  const gpuProbe = createGpuProbe({
    machine,
    clock,
    isOurs: processes.isOwn,
    engineWord: () => parts.engines().vram ?? null,
  });
  const surroundings = createSurroundings({
    machine,
    clock,
    settings: parts.settings,
    shell: () => parts.shell?.() ?? null,
    windows,
    programs: processes.programs,
    interfaceName: network.interfaceName,
  });
  const disk = paced({
    clock,
    everyMs: diskEveryMs,
    unknown: null as Resources['disk'],
    read: () => diskOf(parts.modelsDir),
  });
  const cpuSensor = paced({
    clock,
    everyMs: sensorEveryMs,
    unknown: null as string | null,
    read: async () => findCpuSensor(machine),
    isWanted: () => machine.platform === 'linux',
  });
  let times = { ...cpuTimesOf(cpus()), at: clock.now() };
  let energy = { counters: readPackageEnergy(machine), at: clock.now() };

  function read(): Resources {
    const at = clock.now();
    const cores = cpus();
    const cpuNow = cpuTimesOf(cores);
    const load = loadBetween(times, cpuNow);
    times = { ...cpuNow, at };
    const counters = readPackageEnergy(machine);
    const ofPackage = packageWatts(energy.counters, counters, at - energy.at);
    energy = { counters, at };
    processes.update();
    const gpus = gpuProbe.gpus();
    const trainers = parts.trainers?.() ?? [];
    const engines = parts.engines();
    return {
      at,
      cpu: {
        model,
        cores: cores.length,
        load,
        ownLoad: processes.ownLoad(),
        tempC: readCpuTemp(machine, cpuSensor()),
        powerWatts: ofPackage,
      },
      ram: { totalBytes: machine.ramBytes, usedBytes: Math.max(0, machine.ramBytes - freemem()) },
      own: {
        hostBytes: process.memoryUsage.rss(),
        engineBytes: engines.ramBytes,
        engineGpuBytes: engines.gpuBytes,
        trainingBytes: processes.residentBytes(trainers),
        trainingGpuBytes: gpus
          .flatMap((gpu) => gpu.processes ?? [])
          .reduce((sum, { pid, usedBytes }) => sum + (trainers.includes(pid) ? (usedBytes ?? 0) : 0), 0),
      },
      gpus,
      disk: disk(),
      network: { ...network.rates(), monthBytes: parts.traffic?.monthBytes() ?? 0 },
      power: powerOf(gpus, ofPackage, parts.settings().assumedWatts),
      surroundings: surroundings.read(),
    };
  }

  disk();
  await Promise.all([gpuProbe.first(), disk.settled()]);
  const first = read();
  const current = createSignal(first);
  const readings = [first];
  const loop = async () => {
    while (!ended.signal.aborted) {
      await clock.sleep(intervalMs, ended.signal);
      const reading = read();
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
      await gpuProbe.refresh();
      // Rates need some time between two readings: only what is asked for is taken anew.
      if (!ended.signal.aborted) current.set({ ...current.get(), gpus: gpuProbe.gpus(), at: clock.now() });
    },
    programs: processes.programs,
    dispose() {
      ended.abort();
      gpuProbe.dispose();
      windowsWatch?.dispose();
    },
  };
}

/** Rejects when the system does not tell. */
async function diskOf(path: string): Promise<Resources['disk']> {
  const disk = await statfs(path);
  return { totalBytes: disk.blocks * disk.bsize, freeBytes: disk.bavail * disk.bsize };
}
