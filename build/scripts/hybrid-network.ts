import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { createGateway } from '#gateway/gateway.ts';
import { entryPath, resourcesDir } from '#node/entries.ts';
import { newByteKey } from '#testing/byte-key.ts';

/** A gateway of the test network with rounds of the shipped digits for one node, each of so many epochs, one after the other. */
export function openHybridNetwork(dir: string, epochs: number) {
  const file = join(resourcesDir(), 'federated/tasks.json');
  const { tasks } = JSON.parse(readFileSync(file, 'utf8')) as { tasks: { task: { taskId: string } }[] };
  const digits = tasks.find(({ task }) => task.taskId === 'digits');
  const federated = join(dir, 'gateway/federated');
  mkdirSync(federated, { recursive: true });
  const task = {
    ...digits,
    training: { epochs, batchSize: 10, learningRate: 0.02 },
    secureAggregation: 'off',
    participants: { min: 1, max: 1, fraction: 1 },
    roundMinutes: 30,
    graceSeconds: 0,
    pauseSeconds: 0.2,
  };
  writeFileSync(join(federated, 'tasks.json'), JSON.stringify({ tasks: [task] }));
  return createGateway({
    port: 0,
    host: '127.0.0.1',
    dataDir: join(dir, 'gateway'),
    trainerPath: entryPath('trainer'),
    rounds: { pollMs: 300 },
  });
}

/** Settings of a node that serves the shipped model to a gateway and trains for it. */
export const hybridSettings = (url: string) => ({
  onboarded: true,
  apiPort: 0,
  network: { kind: 'gateway' as const, url },
  payoutAddress: newByteKey().publicKey,
  takePartInTraining: true,
  trainingTasks: ['digits'],
  // Requests that wait for their turn again come from one key, the gateway's.
  requestsPerMinutePerKey: 1_000_000,
});

/** Batches of the rounds in a node's own log: those that ought to have been learnt, were not, and were learnt again. */
export function batchesOf(profileDir: string): { rounds: number; expected: number; lost: number } {
  const database = new Database(join(profileDir, 'training/rounds.db'), { readonly: true });
  const rows = database
    .prepare(
      `SELECT s.detail AS offered, u.detail AS learnt FROM steps s JOIN steps u ON u.round_id = s.round_id
       WHERE s.state = 'selected' AND u.state = 'uploading'`,
    )
    .all() as { offered: string; learnt: string }[];
  database.close();
  const totals = { rounds: rows.length, expected: 0, lost: 0 };
  for (const row of rows) {
    const { offer } = JSON.parse(row.offered) as {
      offer: { training: { epochs: number; batchSize: number } };
    };
    const learnt = JSON.parse(row.learnt) as { steps: number; repeatedSteps?: number; examples: number };
    const expected = Math.ceil(learnt.examples / offer.training.batchSize) * offer.training.epochs;
    totals.expected += expected;
    totals.lost += Math.abs(expected - learnt.steps) + (learnt.repeatedSteps ?? 0);
  }
  return totals;
}
