import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createGateway } from '#gateway/gateway.ts';
import { entryPath, resourcesDir } from '#node/entries.ts';
import { newByteKey } from '#testing/byte-key.ts';
import { type HostProcess, startHostProcess } from '#testing/host-process.ts';
import { mailParts } from '#testing/mail-parts.ts';

const nodeCount = 5;
const rounds = 6;
/** In this round a node is killed while it trains; it comes back after the round. */
const fatalRound = 3;

/**
 * Five nodes, each a process of its own with its own part of the mails, learn a spam filter with secure aggregation and noise; one of them
 * is killed in the middle of a round. Prints accuracy and participants of each round, ε, rewards, and ends 0 when both sides agree on
 * every lamport and the round with the dead node counted without it.
 */
export async function demoTraining(isJson: boolean): Promise<void> {
  const say = (line: string) => (isJson ? undefined : console.log(line));
  const dir = mkdtempSync(join(tmpdir(), 'solanalm-demo-'));
  const parts = mailParts(dir, nodeCount);
  writeTask(dir, parts.heldOut);
  const gateway = await createGateway({
    port: 0,
    host: '127.0.0.1',
    dataDir: join(dir, 'gateway'),
    trainerPath: entryPath('trainer'),
    rounds: { pollMs: 500 },
  });
  const start = (index: number) =>
    startNode(join(dir, `node-${index}`), gateway.url, parts.nodes[index] ?? '');
  const nodes = await Promise.all(Array.from({ length: nodeCount }, (_, index) => start(index)));
  const ids: string[] = [];
  for (const node of nodes) ids.push((await node.until('node.status', () => true)).nodeId);
  try {
    say(`${nodeCount} nodes learn together at ${gateway.url}`);
    const witness = nodes[0] as HostProcess;
    const mortal = nodeCount - 1;
    for (let round = 1; round <= rounds; round += 1) {
      if (round === fatalRound) {
        await nodes[mortal]?.until('training.status', ({ state }) => state.state === 'training');
        nodes[mortal]?.child.kill('SIGKILL');
        say('A node was killed while it trained.');
      }
      const history = await witness.until('training.history', ({ length }) => length >= round);
      const last = history[0];
      say(
        `Round ${round}: ${last?.result}, ${last?.participants} nodes, accuracy ${last?.globalAccuracy?.toFixed(4)}${last?.error ? ` (${last.error.message})` : ''}`,
      );
      if (round === fatalRound) nodes[mortal] = await start(mortal);
    }
    // No more rounds; whoever is still in one hears how it ended.
    const statuses = await Promise.all(
      nodes.map(async (node) => {
        await node.call('settings.update', { trainingTasks: ['none'] });
        return node.until(
          'training.status',
          ({ state }) => state.state === 'idle' || state.state === 'failed',
        );
      }),
    );
    const all = await witness.until('training.history', ({ length }) => length >= rounds);
    const history = [...all].reverse().slice(0, rounds);
    for (const node of nodes) await node.call('node.stop', {});
    const earned = await Promise.all(nodes.map(earnedBy));
    const accounts = ids.map((id) => gateway.account(id));
    const sum = (values: bigint[]) => values.reduce((total, value) => total + value, 0n);
    const participants = history.map((one) => one.participants);
    const reconciled =
      earned.every((lamports, index) => lamports === accounts[index]?.owedLamports) &&
      accounts.every(
        ({ receiptsDisputed, receiptsAccepted, jobs }) => receiptsDisputed === 0 && receiptsAccepted === jobs,
      );
    const survivedDeath = participants[fatalRound - 1] === nodeCount - 1;
    console.log(
      JSON.stringify({
        nodes: nodeCount,
        rounds: history.length,
        secure: history.every(({ isSecure }) => isSecure),
        killed_mid_round: 1,
        participants,
        accuracy: history.map(({ globalAccuracy }) => globalAccuracy),
        loss: history.map(({ globalLoss }) => globalLoss),
        epsilon: statuses.map(({ privacy }) => privacy.spentEpsilon),
        delta: statuses[0]?.privacy.delta,
        rewards_lamports: earned.map(Number),
        earned_lamports: Number(sum(earned)),
        gateway_owed_lamports: Number(sum(accounts.map(({ owedLamports }) => owedLamports))),
        receipts_verified: accounts.reduce((total, { receiptsAccepted }) => total + receiptsAccepted, 0),
        reconciled,
      }),
    );
    if (!reconciled || !survivedDeath) process.exitCode = 1;
  } finally {
    for (const node of nodes) node.child.kill('SIGKILL');
    await gateway.close();
    rmSync(dir, { recursive: true, force: true });
  }
}

/** What a node's own ledger has, in lamports after fees. */
async function earnedBy(node: HostProcess): Promise<bigint> {
  const { entries } = await node.call('earnings.entries', { limit: 500 });
  return entries.reduce((sum, { netLamports }) => sum + BigInt(netLamports), 0n);
}

async function startNode(profile: string, gatewayUrl: string, path: string): Promise<HostProcess> {
  const node = await startHostProcess(profile);
  const listed = await node.until('training.data', () => true);
  if (!listed.some(({ name }) => name === 'My mails'))
    await node.call('training.addData', {
      name: 'My mails',
      source: { kind: 'json-lines', path, text: 'text', features: 'features', label: 'label' },
    });
  await node.call('settings.update', {
    onboarded: true,
    apiPort: 0,
    serveOwnModels: false,
    takePartInTraining: true,
    trainingThreads: 1,
    network: { kind: 'gateway', url: gatewayUrl },
    payoutAddress: newByteKey().publicKey,
  });
  await node.call('node.start', {});
  return node;
}

/** The shipped spam task, for these nodes alone, private, and with short rounds. */
function writeTask(dir: string, heldOut: string): void {
  const file = join(resourcesDir(), 'federated/tasks.json');
  const { tasks } = JSON.parse(readFileSync(file, 'utf8')) as {
    tasks: { task: { taskId: string } }[];
  };
  const spam = tasks.find(({ task }) => task.taskId === 'spam');
  const federated = join(dir, 'gateway/federated');
  mkdirSync(federated, { recursive: true });
  const task = {
    ...spam,
    training: {
      epochs: 3,
      batchSize: 256,
      learningRate: 8,
      optimizer: { type: 'sgd', momentum: 0.9 },
      privacy: { clipNorm: 2, noiseMultiplier: 2.5, delta: 1e-5 },
    },
    secureAggregation: 'required',
    participants: { min: nodeCount - 1, max: nodeCount, fraction: 1 },
    roundMinutes: 0.4,
    graceSeconds: 2,
    pauseSeconds: 1,
    rounds: null,
    heldOut: { source: { kind: 'json-lines', path: heldOut }, split: 'all' },
  };
  writeFileSync(join(federated, 'tasks.json'), JSON.stringify({ tasks: [task] }));
}
