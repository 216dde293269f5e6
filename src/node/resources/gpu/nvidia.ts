import type { Gpu } from '#contract/resources.ts';
import type { Clock } from '../../clock.ts';
import { followTool } from '../followed-tool.ts';
import type { Machine } from '../machine.ts';
import { paced } from '../paced.ts';
import {
  gpuFields,
  isWholeGpuBatch,
  type NvidiaGpu,
  type NvidiaProcess,
  parseComputeApps,
  parseGpuLines,
  parseProcessMonitor,
} from './nvidia-smi.ts';

const tool = 'nvidia-smi';
const everyMs = 2000;
const monitorEveryMs = 10_000;
const computeAppsEveryMs = 30_000;
const onceLimitMs = 5000;
/** How long GPUs whose tool has fallen silent are still shown, without figures. */
const silentShownMs = 10 * 60_000;
const query = [`--query-gpu=${gpuFields}`, '--format=csv,noheader,nounits'];
const appsQuery = [
  '--query-compute-apps=gpu_uuid,pid,used_memory,process_name',
  '--format=csv,noheader,nounits',
];

export interface NvidiaProbe {
  gpus(): Gpu[];
  /** Resolves when it is known which there are. */
  first: Promise<void>;
  /** Asks at once, and not for what was said up to 2 s ago. */
  refresh(): Promise<void>;
  dispose(): void;
}

/** NVIDIA's GPUs, from two of its tools that are kept running: figures every 2 s, programs every 10 s. */
export function createNvidiaProbe(parts: {
  machine: Machine;
  clock: Clock;
  isOurs(pid: number): boolean;
}): NvidiaProbe {
  const { machine, clock } = parts;
  let seen: { gpus: NvidiaGpu[]; at: number } = { gpus: [], at: 0 };
  let fresh: { gpus: NvidiaGpu[]; at: number } | null = null;
  let heading: string | null = null;

  const figures = followTool({
    machine,
    clock,
    tool,
    args: [...query, '-l', `${everyMs / 1000}`],
    everyMs,
    isWhole: isWholeGpuBatch,
    parse: (lines) => parseGpuLines(lines, machine.ramBytes),
  });
  const monitor = followTool({
    machine,
    clock,
    tool,
    args: ['pmon', '-s', 'm', '-d', `${monitorEveryMs / 1000}`],
    everyMs: monitorEveryMs,
    parse(lines) {
      heading = lines.findLast((line) => /^#\s*gpu\s/.test(line)) ?? heading;
      return parseProcessMonitor(lines, heading);
    },
  });
  const computeApps = paced<NvidiaProcess[] | null>({
    clock,
    everyMs: computeAppsEveryMs,
    unknown: null,
    read: async () => parseComputeApps(await machine.run(tool, appsQuery, onceLimitMs)),
  });

  function current(): NvidiaGpu[] {
    const now = clock.now();
    const state = figures.latest();
    if (state.is === 'known') {
      const said = fresh && now - fresh.at < everyMs ? fresh.gpus : state.value;
      seen = { gpus: said, at: now };
      return said;
    }
    if (state.is === 'absent' || now - seen.at > silentShownMs) return [];
    return seen.gpus.map(withoutFigures);
  }

  function processes(): NvidiaProcess[] | null {
    const state = monitor.latest();
    if (state.is === 'starting') return null;
    return state.is === 'known' ? state.value : computeApps();
  }

  return {
    first: figures.first,
    gpus() {
      const gpus = current();
      if (gpus.length === 0) return [];
      const running = processes();
      return gpus.map(({ index, ...gpu }) => ({
        ...gpu,
        processes:
          running
            ?.filter((process) => process.gpu === index || process.gpu === gpu.id)
            .map(({ pid, name, usedBytes }) => ({
              pid,
              name,
              usedBytes: usedBytes !== null && usedBytes > gpu.totalBytes ? null : usedBytes,
              isOurs: parts.isOurs(pid),
            })) ?? null,
      }));
    },
    async refresh() {
      if (figures.latest().is !== 'known') return;
      try {
        const gpus = parseGpuLines(
          (await machine.run(tool, query, onceLimitMs)).split(/\r?\n/),
          machine.ramBytes,
        );
        if (gpus) fresh = { gpus, at: clock.now() };
      } catch {
        // What was said last stands, until it is stale.
      }
    },
    dispose() {
      figures.dispose();
      monitor.dispose();
    },
  };
}

const withoutFigures = (gpu: NvidiaGpu): NvidiaGpu => ({
  ...gpu,
  usedBytes: null,
  load: null,
  tempC: null,
  powerWatts: null,
  fanPercent: null,
});
