import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type HostProcess, startHostProcess } from '#testing/host-process.ts';

/** Training with all that is real: node host, its local test network, and the trainers of both sides. */
let profile: string;
let host: HostProcess;
beforeEach(() => {
  profile = mkdtempSync(join(tmpdir(), 'solanalm-training-'));
});
afterEach(async () => {
  await host.shutdown();
  rmSync(profile, { recursive: true, force: true });
});

async function startTraining() {
  host = await startHostProcess(profile);
  await host.call('settings.update', {
    onboarded: true,
    apiPort: 0,
    testRequestsPerMinute: 0,
    network: { kind: 'local' },
    serveOwnModels: false,
    takePartInTraining: true,
    trainingTasks: ['digits'],
    trainingThreads: 1,
  });
  await host.call('node.start', {});
}

// The gateway waits ten seconds for other nodes.
test('a round of digits in the app is trained, booked, vouched for by the gateway and shown', {
  timeout: 90_000,
}, async () => {
  await startTraining();
  const history = await host.until('training.history', ({ length }) => length > 0);
  const { earned } = await host.until('training.status', (status) => status.earned.rounds > 0);
  expect(history).toMatchObject([
    { taskId: 'digits', result: 'rewarded', participants: 1, isSecure: false, modelVersion: 1, error: null },
  ]);
  const [round] = history;
  expect(round?.examples).toBeGreaterThan(1000);
  expect(round?.globalAccuracy).toBeGreaterThan(0.6);
  expect(BigInt(earned.netLamports)).toBeGreaterThan(0n);

  const { byState } = await host.until(
    'earnings.summary',
    ({ byState: sums }) => BigInt(sums.vouchered) > 0n,
  );
  expect(byState.vouchered).toBe(earned.netLamports);
  const { entries } = await host.call('earnings.entries', { limit: 10 });
  expect(entries).toMatchObject([
    {
      state: 'vouchered',
      model: 'digits',
      priceLamports: round?.priceLamports,
      training: { roundId: round?.roundId, taskName: 'Handwritten digits' },
    },
  ]);
  const status = await host.until('training.status', ({ engine }) => engine !== null);
  expect(status.engine).toMatchObject({ name: 'wasm', threads: 1 });
});

test('a privacy ledger that cannot be read is told, and hinders neither the node nor rounds without noise', async () => {
  mkdirSync(join(profile, 'training'));
  writeFileSync(join(profile, 'training/privacy.jsonl'), 'this is no ledger\n');
  await startTraining();
  const { privacy, tasks } = await host.until('training.status', ({ tasks: shown }) => shown.length > 0);
  expect(privacy.error).toMatchObject({
    code: 'training/privacy-ledger',
    message: expect.stringMatching(/Line 1/),
  });
  expect(tasks.find(({ taskId }) => taskId === 'digits')?.obstacle).toBeNull();
});
