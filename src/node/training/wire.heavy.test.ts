import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createGateway, type Gateway } from '#gateway/gateway.ts';
import { type HostProcess, startHostProcess } from '#testing/host-process.ts';
import { newWalletOwner } from '#testing/wallet-owner.ts';
import { startWireTap } from '#testing/wire-tap.ts';
import { entryPath, resourcesDir } from '../entries.ts';

let dir: string;
let host: HostProcess;
let gateway: Gateway;
let tap: Awaited<ReturnType<typeof startWireTap>>;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'solanalm-wire-'));
});
afterEach(async () => {
  await host.shutdown();
  await tap.close();
  await gateway.close();
  rmSync(dir, { recursive: true, force: true });
});

const rows = 60;
const secretOf = (row: number) => `xylophone${row}quagmire`;
const fileName = 'my-own-letters.jsonl';

/** The shipped spam task with short waits, in a gateway's folder. */
function writeTask(): void {
  const { tasks } = JSON.parse(readFileSync(join(resourcesDir(), 'federated/tasks.json'), 'utf8'));
  const spam = tasks.find(({ task }: { task: { taskId: string } }) => task.taskId === 'spam');
  const task = { ...spam, graceSeconds: 0, pauseSeconds: 0, rounds: 1, heldOut: null };
  mkdirSync(join(dir, 'gateway/federated'), { recursive: true });
  writeFileSync(join(dir, 'gateway/federated/tasks.json'), JSON.stringify({ tasks: [task] }));
}

test('a whole round sends the gateway an update of the model’s size, and nothing of what was learnt from', {
  timeout: 90_000,
}, async () => {
  writeTask();
  const own = Array.from({ length: rows }, (_, row) =>
    JSON.stringify({ text: `Dear friend ${secretOf(row)}, good day`, label: row % 2 ? 'spam' : 'ham' }),
  );
  writeFileSync(join(dir, fileName), `${own.join('\n')}\n`);
  gateway = await createGateway({
    port: 0,
    host: '127.0.0.1',
    dataDir: join(dir, 'gateway'),
    trainerPath: entryPath('trainer'),
    rounds: { pollMs: 200 },
  });
  tap = await startWireTap(gateway.url);
  host = await startHostProcess(join(dir, 'node'));
  await host.call('training.addData', {
    name: 'My own letters',
    source: { kind: 'json-lines', path: join(dir, fileName) },
  });
  await host.call('settings.update', {
    onboarded: true,
    apiPort: 0,
    serveOwnModels: false,
    takePartInTraining: true,
    trainingThreads: 1,
    network: { kind: 'gateway', url: tap.url },
    payoutAddress: newWalletOwner().address,
  });
  await host.call('node.start', {});
  const history = await host.until('training.history', ({ length }) => length > 0);
  const { tasks } = await host.until('training.status', (status) => status.tasks.length > 0);
  expect(history).toMatchObject([{ result: 'rewarded', taskId: 'spam' }]);
  expect(history[0]?.examples).toBeGreaterThan(rows / 2);

  const sent = tap.sent();
  const parameters = tasks[0]?.parameters ?? 0;
  expect(sent.length).toBeGreaterThan(parameters * 4);
  expect(sent.length).toBeLessThan(parameters * 4 + 200_000);
  const wholly = sent.toString('latin1');
  for (let row = 0; row < rows; row += 1)
    for (const form of [
      secretOf(row),
      ...inBase64(secretOf(row)),
      Buffer.from(secretOf(row)).toString('hex'),
    ])
      expect(wholly.includes(form)).toBe(false);
  for (const name of [fileName, 'My own letters', dir]) expect(wholly.includes(name)).toBe(false);
});

/** How a text may stand within base64, wherever it begins: without the characters that its neighbours share. */
const inBase64 = (text: string): string[] =>
  [0, 1, 2].map((before) =>
    Buffer.from(`${'a'.repeat(before)}${text}`)
      .toString('base64')
      .slice(before === 0 ? 0 : 4, -4),
  );
