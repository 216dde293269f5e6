import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { HybridStatus, WorkMode } from '#contract/hybrid.ts';
import { unwrap } from '#contract/result.ts';
import { createHost } from '#node/host.ts';
import { treeBytes } from '../bench/process-memory.ts';
import { batchesOf, hybridSettings, openHybridNetwork } from './hybrid-network.ts';
import { startClients } from './steady-clients.ts';

const epochs = 20;
/** Where the slider goes, and what the machine is then to be at: with room for both they work side by side. */
const moves: [percent: number, mode: WorkMode][] = [
  [30, 'both'],
  [100, 'training'],
  [0, 'inference'],
  [60, 'both'],
  [40, 'both'],
];
const stayMs = 2500;
const stepLimitMs = 30_000;
/** Memory of the computer that the node is shown: what its own processes and the grab really take of it is measured. */
const computerBytes = 2e9;
const ramPercent = 60;
const grabBytes = 1.6e9;

/**
 * One node serves and trains at once while requests come without a pause: the slider is moved five times, then another program takes
 * most of the memory and lets it go again. Ends 0 when no request and no batch was lost and both sides agree on every lamport.
 */
export async function demoHybrid(isJson: boolean): Promise<void> {
  const say = (line: string) => (isJson ? undefined : console.log(line));
  const dir = mkdtempSync(join(tmpdir(), 'solanalm-demo-'));
  const profileDir = join(dir, 'node');
  const gateway = await openHybridNetwork(dir, epochs);
  let grabber: ReturnType<typeof fork> | null = null;
  const host = await createHost({
    profileDir,
    logLevel: 'silent',
    ram: () => ({ totalBytes: computerBytes, usedBytes: treeBytes(process.pid) }),
  });
  let status: HybridStatus | null = null;
  const switches = new Set<number>();
  const modes: WorkMode[] = [];
  host.hybrid.status.subscribe((now) => {
    status = now;
    if (status.switching) switches.add(status.switching.startedAt);
    if (modes.at(-1) !== status.mode) modes.push(status.mode);
  });
  const call = async (name: string, input: unknown = {}) => unwrap(await host.contract.request(name, input));

  async function until(what: string, isSo: (now: HybridStatus) => boolean): Promise<number> {
    const startedAt = performance.now();
    while (!status || !isSo(status)) {
      if (performance.now() - startedAt > stepLimitMs)
        throw new Error(`It took too long until ${what}: ${JSON.stringify(status)}`);
      await wait(20);
    }
    return Math.round(performance.now() - startedAt);
  }

  try {
    await call('settings.update', {
      ...hybridSettings(gateway.url),
      trainingSharePercent: 0,
      limitsIdle: { cpuPercent: 100, ramPercent, gpuMemoryPercent: 90, networkMbps: null },
      limitsInUse: { cpuPercent: 100, ramPercent, gpuMemoryPercent: 90, networkMbps: null },
    });
    await call('node.start');
    say(`Node ${host.nodeId} serves and trains for ${gateway.url}`);
    const steady = startClients({ url: gateway.url, model: 'tiny-chat-Q8_0', clients: 2, maxTokens: 40 });
    await until('it serves', ({ mode }) => mode === 'inference');
    await wait(stayMs);
    const shares: number[] = [];
    for (const [percent, wanted] of moves) {
      await call('settings.update', { trainingSharePercent: percent });
      const ms = await until(
        `${percent} % are ${wanted}`,
        ({ mode, switching }) => mode === wanted && switching === null,
      );
      shares.push(percent);
      const threads = status as HybridStatus | null;
      say(
        `${percent} % for training: ${wanted} after ${ms} ms (${threads?.reason}), threads ${threads?.allowance.inference.threads} + ${threads?.allowance.training.threads}, ${steady.counts.answered} answers`,
      );
      await wait(stayMs);
    }

    const reserved = () => (status?.reservations ?? []).reduce((sum, { ramBytes }) => sum + ramBytes, 0);
    const before = reserved();
    const grabbedAt = performance.now();
    grabber = fork(fileURLToPath(new URL('memory-grab.ts', import.meta.url)), [`${grabBytes}`]);
    await once(grabber, 'message');
    const takenAfterMs = Math.round(performance.now() - grabbedAt);
    await until(
      'the grab is seen',
      ({ mode, switching }) => mode === 'none' && switching === null && reserved() === 0,
    );
    const seenAfterMs = Math.round(performance.now() - grabbedAt);
    say(
      `Another program took ${grabBytes / 1e6} MB in ${takenAfterMs} ms: all was given back ${seenAfterMs} ms after it began`,
    );
    await wait(stayMs);
    grabber.send('end');
    await once(grabber, 'exit');
    const backAfterMs = await until(
      'it works again',
      ({ mode, switching }) => mode === 'both' && switching === null,
    );
    say(`It let go: both work again after ${backAfterMs} ms`);
    await wait(stayMs);

    const counts = await steady.stop();
    // The round that is under way is trained to its end, and no other one is taken on.
    await call('settings.update', { trainingSharePercent: 100, trainingTasks: ['none'] });
    await new Promise<void>((resolve) => {
      host.training.node.status.subscribe(({ state }) => {
        if (state.state === 'idle' || state.state === 'failed') resolve();
      });
    });
    await call('node.stop');
    const kinds = host.ledger.netByKind(0);
    const account = gateway.account(host.nodeId);
    const batches = batchesOf(profileDir);
    const lost = counts.lost + batches.lost;
    const reconciled =
      kinds.inference + kinds.training === account.owedLamports &&
      account.receiptsDisputed === 0 &&
      account.receiptsAccepted === account.jobs;
    const isDone = lost === 0 && reconciled && kinds.inference > 0n && kinds.training > 0n;
    console.log(
      JSON.stringify({
        modes,
        shares,
        switches: switches.size,
        requests: counts.requests,
        refused_for_now: counts.refusals,
        rounds: batches.rounds,
        batches: batches.expected,
        lost,
        ...(counts.reasons.length > 0 ? { reasons: counts.reasons.slice(0, 5) } : {}),
        grab: { bytes: grabBytes, takenAfterMs, seenAfterMs, freedBytes: before, backAfterMs },
        earned: { inference: Number(kinds.inference), training: Number(kinds.training) },
        gateway_owed_lamports: Number(account.owedLamports),
        reconciled,
      }),
    );
    if (!isDone) process.exitCode = 1;
  } finally {
    grabber?.kill();
    await host.dispose();
    await gateway.close();
    rmSync(dir, { recursive: true, force: true });
  }
}
