import type { Gpu } from '#contract/resources.ts';
import {
  fanPercent,
  figure,
  loadOf,
  memoryBytes,
  plain,
  temperatureC,
  times,
  usedOf,
  watts,
} from '../figure.ts';

/** Known to every driver since 2014; the name comes last, it may have commas. */
export const gpuFields =
  'count,index,uuid,memory.total,memory.used,utilization.gpu,temperature.gpu,power.draw,power.limit,fan.speed,driver_version,name';
const fieldCount = gpuFields.split(',').length;
const mebi = 2 ** 20;
/** Nobody has more in one computer; and no index is above it. */
const mostGpus = 64;

/** Memory and processes of a GPU are told by its index. */
export interface NvidiaGpu extends Gpu {
  index: number;
}

/** Whether a batch has a line for each GPU that the driver counts. */
export function isWholeGpuBatch(lines: readonly string[]): boolean {
  const rows = lines.filter((line) => line.split(',').length >= fieldCount);
  const count = figure(rows[0]?.split(',')[0], 1, mostGpus);
  return count !== null && rows.length >= count;
}

/**
 * What `nvidia-smi --query-gpu` prints, one line a GPU. A figure that the driver withholds or that cannot be is null. A GPU of unified
 * memory has none of its own: its memory is the computer's. Null for nonsense; an empty list where the driver has no GPU any more.
 */
export function parseGpuLines(lines: readonly string[], ramBytes: number): NvidiaGpu[] | null {
  const gpus = lines.flatMap((line) => parseGpuLine(line, ramBytes));
  if (gpus.length > 0) return [...new Map(gpus.map((gpu) => [gpu.id, gpu])).values()];
  return lines.some((line) => /no devices were found|gpu is lost/i.test(line)) ? [] : null;
}

function parseGpuLine(line: string, ramBytes: number): NvidiaGpu[] {
  const cells = line.split(',').map((cell) => cell.trim());
  if (cells.length < fieldCount) return [];
  const [, index, uuid = '', total, used, load, temp, power, limit, fan, driver = ''] = cells;
  const name = cells.slice(fieldCount - 1).join(', ');
  const place = figure(index, 0, mostGpus);
  if (place === null || !/^[\w-]{4,80}$/.test(uuid) || !/^[\w .,()/+-]{2,100}$/.test(name)) return [];
  const ownBytes = memoryBytes(times(plain(total), mebi));
  const isUnified = ownBytes === null && /^\[N\/A\]|^\[Not Supported\]/i.test(total ?? '');
  if (!isUnified && !ownBytes) return [];
  const totalBytes = isUnified ? ramBytes : (ownBytes ?? 0);
  return [
    {
      index: place,
      id: uuid,
      vendor: 'nvidia',
      name,
      totalBytes,
      usedBytes: usedOf(times(plain(used), mebi), totalBytes),
      isUnified,
      load: loadOf(plain(load)),
      tempC: temperatureC(plain(temp)),
      powerWatts: watts(plain(power)),
      powerLimitWatts: watts(plain(limit)),
      fanPercent: fanPercent(plain(fan)),
      driverVersion: /^\d{2,4}(\.\d+){1,3}$/.test(driver) ? driver : null,
      processes: null,
    },
  ];
}

export interface NvidiaProcess {
  /** The index or the UUID of its GPU. */
  gpu: number | string;
  pid: number;
  name: string;
  usedBytes: number | null;
}

/**
 * What `nvidia-smi pmon -s m` prints: programs that compute and programs that draw. Its columns are found by their heading, they differ
 * by driver. Null for nonsense.
 */
export function parseProcessMonitor(
  lines: readonly string[],
  heading: string | null,
): NvidiaProcess[] | null {
  const columns = heading?.replace(/^#/, '').trim().split(/\s+/) ?? [];
  const [gpuAt, pidAt, memoryAt, nameAt] = ['gpu', 'pid', 'fb', 'command'].map((name) =>
    columns.indexOf(name),
  );
  if (gpuAt === undefined || pidAt === undefined || memoryAt === undefined || nameAt === undefined)
    return null;
  if (Math.min(gpuAt, pidAt, memoryAt, nameAt) < 0) return null;
  let isSense = false;
  const processes = lines.flatMap((line): NvidiaProcess[] => {
    const cells = line.trim().split(/\s+/);
    const gpu = figure(cells[gpuAt], 0, mostGpus);
    if (line.startsWith('#') || gpu === null || cells.length <= memoryAt) return [];
    isSense = true;
    const pid = figure(cells[pidAt], 1, 2 ** 31);
    if (pid === null) return [];
    const usedBytes = memoryBytes(times(plain(cells[memoryAt]), mebi));
    return [{ gpu, pid, name: programName(cells.slice(nameAt).join(' ')), usedBytes }];
  });
  return isSense ? processes : null;
}

/** What `nvidia-smi --query-compute-apps=gpu_uuid,pid,used_memory,process_name` prints: programs that compute. */
export function parseComputeApps(csv: string): NvidiaProcess[] {
  return csv.split(/\r?\n/).flatMap((line): NvidiaProcess[] => {
    const [gpu = '', pidCell, used, ...name] = line.split(',').map((cell) => cell.trim());
    const pid = figure(pidCell, 1, 2 ** 31);
    if (pid === null || !/^[\w-]{4,80}$/.test(gpu)) return [];
    return [
      {
        gpu,
        pid,
        name: programName(name.join(', ')),
        usedBytes: memoryBytes(times(plain(used), mebi)),
      },
    ];
  });
}

/** A path's last part; what the driver may not see has no name. */
function programName(text: string): string {
  if (text === '' || text === '-' || /^\[.*\]$/.test(text)) return '';
  return (text.split(/[/\\]/).at(-1) ?? '').slice(0, 100);
}
