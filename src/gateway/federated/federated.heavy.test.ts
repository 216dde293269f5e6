import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { decodeParameters } from '#contract/federated/parameters.ts';
import { type RoundOutcome, roundRequestId, trainingPayer } from '#contract/federated/rounds.ts';
import { type Receipt, receiptText } from '#contract/wire/receipt.ts';
import { nodeHeaders, nodeRequestText } from '#contract/wire/signed-request.ts';
import { sha256Hex } from '#node/link/ed25519.ts';
import { joinFederatedNode } from '#testing/federated-node.ts';
import { taskEntry, testTask } from '#testing/federated-task.ts';
import { createScriptedTrainer, scriptedStart } from '#testing/scripted-trainer.ts';
import { createGateway, type Gateway } from '../gateway.ts';

type FederatedNode = Awaited<ReturnType<typeof joinFederatedNode>>;
let dataDir: string;
let gateway: Gateway;
let nodes: FederatedNode[];

async function open(entry: Record<string, unknown>): Promise<void> {
  mkdirSync(join(dataDir, 'federated'), { recursive: true });
  writeFileSync(join(dataDir, 'federated/tasks.json'), JSON.stringify({ tasks: [taskEntry(entry)] }));
  gateway = await createGateway({
    port: 0,
    host: '127.0.0.1',
    dataDir,
    trainer: createScriptedTrainer(),
    rounds: { pollMs: 100, tickMs: 20 },
  });
}

async function join_(count: number): Promise<void> {
  nodes = await Promise.all(Array.from({ length: count }, () => joinFederatedNode(gateway)));
}

const all = <T>(work: (node: FederatedNode, index: number) => Promise<T>) => Promise.all(nodes.map(work));
const done = (outcome: RoundOutcome | undefined) => {
  if (outcome?.state !== 'done') throw new Error(`not done: ${JSON.stringify(outcome)}`);
  return outcome;
};
async function moved(node: FederatedNode | undefined, outcome: RoundOutcome | undefined): Promise<number[]> {
  const { model_sha256: sha256 } = done(outcome);
  const bytes = await node?.calls.model(sha256, 1_000_000, AbortSignal.timeout(5000));
  const weights = decodeParameters(testTask().task.model, bytes ?? new Uint8Array());
  return [...weights].map((value, at) => value - (scriptedStart[at] ?? 0));
}
const lines = async (name: string) =>
  (await (await fetch(`${gateway.url}/metrics`)).text()).split('\n').filter((line) => line.startsWith(name));

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'federated-'));
  nodes = [];
});
afterEach(async () => {
  for (const { close } of nodes) await close();
  await gateway.close();
  rmSync(dataDir, { recursive: true });
});

describe('plain rounds over HTTP', () => {
  const entry = { participants: { min: 2, max: 2, fraction: 1 }, rounds: 3 };

  test('three rounds bring the model nearer each time, and each receipt is accepted', async () => {
    await open(entry);
    await join_(2);
    const rounds = await all(async (node, index) => {
      const outcomes = [];
      for (let round = 0; round < 3; round++)
        outcomes.push(
          await node.takePart((weights) =>
            weights.map((value, at) => (at % 2 === index ? 0.8 * (1 + (scriptedStart[at] ?? 0) - value) : 0)),
          ),
        );
      return outcomes;
    });
    const losses = rounds[0]?.map(({ outcome }) => done(outcome).loss) as number[];
    expect(losses).toHaveLength(3);
    expect(losses).toEqual([...losses].sort((a, b) => b - a));
    expect(losses[2]).toBeLessThan(1);

    for (const [index, node] of nodes.entries()) {
      const receipts = rounds[index]?.map(({ offer, outcome }, seq) => {
        const { update_sha256, reward } = done(outcome);
        const receipt: Receipt = {
          v: 1,
          request_id: roundRequestId(offer.round_id, node.key.publicKey),
          node_id: node.key.nodeId,
          node_key: node.key.publicKey,
          gateway: gateway.publicKey,
          payer: trainingPayer(gateway.publicKey),
          model: offer.task_id,
          config_sha256: sha256Hex('{}'),
          input_sha256: offer.model_sha256,
          output_sha256: update_sha256 ?? '',
          tokens_prompt: 0,
          tokens_generated: 0,
          price_atomic: reward.price_lamports,
          asset: 'SOL',
          network: 'test-credits',
          seq: seq + 1,
          issued_at: Math.floor(Date.now() / 1000),
        };
        return { receipt, signature: node.key.sign(receiptText(receipt)) };
      });
      const verdicts = await node.network.receipts(receipts ?? []);
      expect(verdicts.map(({ verdict, reason }) => reason ?? verdict)).toEqual(Array(3).fill('accepted'));
      const owed = rounds[index]?.reduce((sum, { outcome }) => {
        const { price_lamports, fee_lamports } = done(outcome).reward;
        return sum + BigInt(price_lamports) - BigInt(fee_lamports);
      }, 0n);
      expect(gateway.account(node.key.nodeId)).toMatchObject({ owedLamports: owed, jobs: 3 });
    }
    expect(await lines('solanalm_gateway_training_rounds_total')).toContain(
      'solanalm_gateway_training_rounds_total{task="four",result="done"} 3',
    );
    const [accuracy = ''] = await lines('solanalm_gateway_training_accuracy');
    expect(Number(accuracy.split(' ')[1])).toBeCloseTo(1 / (1 + (losses[2] ?? 0)), 9);
  });

  test('a plain node is told of the round that is to come, and of the one that runs', async () => {
    await open(entry);
    await join_(2);
    const join = async (model_name: string, reward_expectation = 0): Promise<Record<string, unknown>> => {
      const response = await fetch(`${gateway.url}/training/join`, {
        method: 'POST',
        body: JSON.stringify({ model_name, node_capabilities: {}, reward_expectation }),
      });
      return { code: response.status, ...((await response.json()) as Record<string, unknown>) };
    };
    const before = await join('Four weights');
    expect(before).toMatchObject({ code: 200, status: 'waiting', expected_reward: 0.000485 });
    const [first] = await all(({ selected }) => selected());
    expect(first?.offer.round_id).toBe(before.round_id);
    expect(await join('four')).toMatchObject({
      status: 'in_progress',
      round_id: before.round_id,
      deadline: new Date(first?.offer.deadline_ms ?? 0).toISOString(),
    });
    const status = (await (await fetch(`${gateway.url}/training/status`)).json()) as {
      active_rounds: Record<string, unknown>[];
    };
    expect(status.active_rounds).toEqual([
      expect.objectContaining({
        round_id: before.round_id,
        model: 'four',
        duration_minutes: 15,
        reward_sol: 0.001,
        reward_per_node: 0.0005,
        participating_nodes: expect.arrayContaining(nodes.map(({ key }) => key.nodeId)),
      }),
    ]);
    expect(await join('none')).toMatchObject({ code: 404, error: 'not_found' });
    expect(await join('four', 1)).toMatchObject({ code: 400 });
  });

  test('calls without the node’s signature, or of a node that has not registered, are turned away', async () => {
    await open(entry);
    await join_(2);
    const get = (path: string) => fetch(gateway.url + path);
    expect((await get('/federated/tasks')).status).toBe(401);
    expect((await get('/federated/rounds/x')).status).toBe(401);
    const [node] = nodes;
    await node?.network.deregister();
    await expect(node?.calls.tasks(AbortSignal.timeout(5000))).rejects.toMatchObject({
      code: 'gateway/not-registered',
    });
  });

  test('an update’s body is bounded by its model', async () => {
    await open(entry);
    await join_(2);
    const [node] = nodes;
    const [first] = await all(({ selected }) => selected());
    const path = `/federated/rounds/${first?.offer.round_id}/update`;
    const post = async (size: number) => {
      const body = new Uint8Array(size);
      const [timestamp, nonce] = [Math.floor(Date.now() / 1000), `${Math.random()}`];
      const text = nodeRequestText({ method: 'POST', path, timestamp, nonce, bodySha256: sha256Hex(body) });
      const headers = {
        [nodeHeaders.key]: node?.key.publicKey ?? '',
        [nodeHeaders.timestamp]: `${timestamp}`,
        [nodeHeaders.nonce]: nonce,
        [nodeHeaders.signature]: node?.key.sign(text) ?? '',
      };
      return (await fetch(gateway.url + path, { method: 'POST', body, headers })).status;
    };
    expect(await post(100_000)).toBe(413);
    expect(await post(1000)).toBe(422);
  });
});

describe('secure rounds over HTTP', () => {
  const entry = {
    secureAggregation: 'required',
    participants: { min: 3, max: 4, fraction: 1 },
    graceSeconds: 20,
    rounds: 1,
  };

  test('the gateway learns the mean alone, and pays by what it can measure', async () => {
    await open(entry);
    await join_(4);
    const outcomes = await all((node, index) =>
      node.takePart((weights) => new Float32Array(weights.length).fill(0.1 * (index + 1))),
    );
    for (const { offer, outcome } of outcomes) {
      expect(offer.secure).toMatchObject({ threshold: 3 });
      expect(done(outcome)).toMatchObject({ participants: 4, counted: true, model_version: 1 });
      expect(done(outcome).reward.left_out).toHaveLength(2);
      expect(done(outcome).accuracy).toBeGreaterThan(0.2);
    }
    for (const value of await moved(nodes[0], outcomes[0]?.outcome)) expect(value).toBeCloseTo(0.25, 4);
    const paid = outcomes.reduce((sum, { outcome }) => sum + BigInt(done(outcome).reward.price_lamports), 0n);
    expect(paid).toBeLessThanOrEqual(1_000_000n);
    expect(paid).toBeGreaterThan(999_990n);
  });

  test('a node that drops out before its update is not in the mean', async () => {
    await open(entry);
    await join_(4);
    const outcomes = await all((node, index) =>
      node.takePart((weights) =>
        index === 3 ? null : new Float32Array(weights.length).fill(0.1 * (index + 1)),
      ),
    );
    expect(outcomes[3]?.outcome).toMatchObject({ state: 'failed', reason: 'The node left the round.' });
    expect(done(outcomes[0]?.outcome)).toMatchObject({ participants: 3 });
    for (const value of await moved(nodes[0], outcomes[0]?.outcome)) expect(value).toBeCloseTo(0.2, 4);
  });

  test('SCAFFOLD’s controls travel behind the updates in the same sum', async () => {
    await open({ ...entry, strategy: { type: 'scaffold' }, participants: { min: 3, max: 3, fraction: 1 } });
    await join_(3);
    const outcomes = await all((node, index) =>
      node.takePart((weights) =>
        Float32Array.from({ length: 2 * weights.length }, (_, at) =>
          at < weights.length ? 0.1 * (index + 1) : -0.5 * (index + 1),
        ),
      ),
    );
    for (const value of await moved(nodes[0], outcomes[0]?.outcome)) expect(value).toBeCloseTo(0.2, 4);
    const sha256 = readdirSync(join(dataDir, 'federated/models'));
    const controls = await Promise.all(
      sha256.map(async (name) => {
        const bytes = await nodes[0]?.calls.model(name, 1_000_000, AbortSignal.timeout(5000));
        return decodeParameters(testTask().task.model, bytes ?? new Uint8Array())[0] ?? Number.NaN;
      }),
    );
    expect(controls.some((value) => Math.abs(value + 1) < 1e-4)).toBe(true);
  });

  test('below the threshold the round fails for all', async () => {
    await open(entry);
    await join_(4);
    const outcomes = await all((node, index) =>
      node
        .takePart((weights) => (index > 1 ? null : new Float32Array(weights.length)))
        .catch((thrown: Error) => thrown.message),
    );
    for (const ended of outcomes) expect(JSON.stringify(ended)).toContain('failed');
    expect(await lines('solanalm_gateway_training_rounds_total')).toContain(
      'solanalm_gateway_training_rounds_total{task="four",result="failed"} 1',
    );
  });
});
