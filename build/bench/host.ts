import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { startHostProcess } from '#testing/host-process.ts';
import type { BenchOptions } from './index.ts';

const ticksPerSecond = 100;
const idleSeconds = 30;

/** Resident memory and CPU share of the idle node host while it earns on the local test network without requests. */
export async function run(_options: BenchOptions) {
  const profileDir = mkdtempSync(join(tmpdir(), 'solanalm-bench-'));
  const host = await startHostProcess(profileDir, ['--gateway', 'local']);
  try {
    await host.call('settings.update', { onboarded: true, testRequestsPerMinute: 0, apiPort: 0 });
    await host.call('node.start', {});
    await wait(5000);
    const pid = host.child.pid ?? 0;
    const before = cpuTicks(pid);
    await wait(idleSeconds * 1000);
    const cpuPercent = ((cpuTicks(pid) - before) / ticksPerSecond / idleSeconds) * 100;
    return {
      bench: 'host',
      residentMb: Math.round(residentBytes(pid) / 1e6),
      goalResidentMb: 150,
      cpuPercent: Number(cpuPercent.toFixed(2)),
      goalCpuPercent: 1,
    };
  } finally {
    await host.shutdown();
    rmSync(profileDir, { recursive: true, force: true });
  }
}

/** User and system time of a process on Linux, in clock ticks. */
function cpuTicks(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return Number(fields[11]) + Number(fields[12]);
}

/** Resident memory of a process on Linux. */
function residentBytes(pid: number): number {
  const match = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(match?.[1]) * 1024;
}
