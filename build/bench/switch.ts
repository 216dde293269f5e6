import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { HybridStatus, WorkMode } from '#contract/hybrid.ts';
import { startHostProcess } from '#testing/host-process.ts';
import { batchesOf, hybridSettings, openHybridNetwork } from '../scripts/hybrid-network.ts';
import { startClients } from '../scripts/steady-clients.ts';
import type { BenchOptions } from './index.ts';
import { residentBytes, treeBytes } from './process-memory.ts';
import { median, percentile } from './statistics.ts';

const clients = 4;
const epochs = 100;
/** How long training has the machine in each turn, so that it learns some batches in it. */
const trainingMs = 1500;
/** Until the host's own heap has grown to its size. */
const warmUpTurns = 10;
const memorySamples = 5;

/**
 * A node under load goes from serving to training and back, as often as asked: what becomes of each request and each batch, how long a
 * switch takes from the slider's move to its end, and whether the memory comes back.
 */
export async function run({ switches }: BenchOptions) {
  const dir = mkdtempSync(join(tmpdir(), 'solanalm-bench-'));
  const profileDir = join(dir, 'node');
  const gateway = await openHybridNetwork(dir, epochs);
  const host = await startHostProcess(profileDir);
  const steps = new Map<string, number[]>();
  let under: { step: string; at: number } | null = null;
  // Watches for good: each step of each switch is timed.
  const watch = ({ switching }: HybridStatus): boolean => {
    const step = switching?.step ?? null;
    if (step === (under?.step ?? null)) return false;
    const at = performance.now();
    if (under) steps.set(under.step, [...(steps.get(under.step) ?? []), at - under.at]);
    under = step ? { step, at } : null;
    return false;
  };
  host.until('hybrid.status', watch).catch(() => {});

  async function switchTo(mode: WorkMode): Promise<number> {
    const startedAt = performance.now();
    await host.call('settings.update', { trainingSharePercent: mode === 'training' ? 100 : 0 });
    await host.until('hybrid.status', (status) => status.mode === mode && status.switching === null);
    return performance.now() - startedAt;
  }

  try {
    await host.call('settings.update', { ...hybridSettings(gateway.url), trainingSharePercent: 0 });
    await host.call('node.start', {});
    await host.until('training.status', ({ tasks }) => tasks.some(({ obstacle }) => obstacle === null));
    const steady = startClients({ url: gateway.url, model: 'tiny-chat-Q8_0', clients, maxTokens: 40 });
    const toTraining: number[] = [];
    const toInference: number[] = [];
    const memory: number[] = [];
    const hostMemory: number[] = [];
    const pid = host.child.pid ?? 0;
    for (let turn = 0; turn < switches + warmUpTurns; turn += 1) {
      const there = await switchTo('training');
      await wait(trainingMs);
      const back = await switchTo('inference');
      const before = steady.counts.answered;
      while (steady.counts.answered < before + clients) await wait(20);
      const sizes: number[] = [];
      for (let sample = 0; sample < memorySamples; sample += 1) {
        sizes.push(treeBytes(pid));
        await wait(20);
      }
      if (turn === warmUpTurns - 1) steps.clear();
      if (turn >= warmUpTurns - 1) {
        memory.push(median(sizes));
        hostMemory.push(residentBytes(pid));
      }
      if (turn < warmUpTurns) continue;
      toTraining.push(there);
      toInference.push(back);
    }
    const counts = await steady.stop();
    await switchTo('training');
    // The round that is under way is trained to its end, and no other one is taken on.
    await host.call('settings.update', { trainingTasks: ['none'] });
    await host.until('training.status', ({ state }) => state.state === 'idle' || state.state === 'failed');
    await host.call('node.stop', {});
    await host.shutdown();
    const batches = batchesOf(profileDir);
    const [baseline = 0] = memory;
    const last = memory.slice(-memorySamples);
    const all = [...toTraining, ...toInference];
    const ms = (values: number[], of: number) => Math.round(percentile(values, of));
    return {
      bench: 'switch',
      switches,
      requests: counts.requests,
      answered: counts.answered,
      refusedForNow: counts.refusals,
      lostRequests: counts.lost,
      ...(counts.lost > 0 ? { reasons: counts.reasons.slice(0, 5) } : {}),
      rounds: batches.rounds,
      batches: batches.expected,
      lostBatches: batches.lost,
      medianSwitchMs: ms(all, 0.5),
      p95SwitchMs: ms(all, 0.95),
      mostSwitchMs: ms(all, 1),
      goalMedianSwitchMs: 3000,
      toTrainingMs: { median: ms(toTraining, 0.5), p95: ms(toTraining, 0.95) },
      toInferenceMs: { median: ms(toInference, 0.5), p95: ms(toInference, 0.95) },
      stepsMs: Object.fromEntries([...steps].map(([step, values]) => [step, ms(values, 0.5)])),
      memoryMb: {
        baseline: Math.round(baseline / 1e6),
        after: Math.round(median(last) / 1e6),
        least: Math.round(Math.min(...memory) / 1e6),
        most: Math.round(Math.max(...memory) / 1e6),
        hostBaseline: Math.round((hostMemory[0] ?? 0) / 1e6),
        hostAfter: Math.round(median(hostMemory.slice(-memorySamples)) / 1e6),
      },
      memoryRatio: Number((median(last) / baseline).toFixed(3)),
      goalMemoryRatio: [0.95, 1.05],
    };
  } finally {
    host.child.kill('SIGKILL');
    await gateway.close();
    rmSync(dir, { recursive: true, force: true });
  }
}
