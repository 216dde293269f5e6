import { availableParallelism, totalmem } from 'node:os';
import type { HardwareReport, Resources } from '#contract/resources.ts';
import type { WireHardware } from '#contract/wire/node-capabilities.ts';

/** The protocol's least network speed, announced when neither the system nor the operator knows it. */
const assumedNetworkMbps = 10;

/** This machine's figures as the network wants them: whole gigabytes and Mbit/s. */
export async function readHardware(
  resources: Resources,
  declaredNetworkMbps: number | null,
): Promise<HardwareReport> {
  const measured = await linkSpeedMbps();
  const gpu = resources.gpus[0];
  return {
    cpuCores: availableParallelism(),
    ramGb: Math.round(totalmem() / 2 ** 30),
    storageGb: resources.disk ? Math.floor(resources.disk.totalBytes / 1e9) : 0,
    networkMbps: declaredNetworkMbps ?? measured ?? assumedNetworkMbps,
    networkSource: declaredNetworkMbps !== null ? 'declared' : measured !== null ? 'measured' : 'assumed',
    gpuModel: gpu?.name ?? null,
    gpuMemoryGb: gpu && gpu.totalBytes > 0 ? Math.round(gpu.totalBytes / 2 ** 30) : null,
  };
}

async function linkSpeedMbps(): Promise<number | null> {
  try {
    const { default: system } = await import('systeminformation');
    const found = await system.networkInterfaces('default');
    const speed = (Array.isArray(found) ? found[0] : found)?.speed;
    return typeof speed === 'number' && speed >= 1 ? Math.floor(speed) : null;
  } catch {
    return null;
  }
}

export function hardwareToWire(report: HardwareReport): WireHardware {
  return {
    gpu_model: report.gpuModel,
    gpu_memory_gb: report.gpuMemoryGb,
    cpu_cores: report.cpuCores,
    ram_gb: report.ramGb,
    storage_gb: report.storageGb,
    network_speed_mbps: report.networkMbps,
  };
}
