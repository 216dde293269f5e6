import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { encodeParameters, initialWeights, parameterShapes } from '#contract/federated/parameters.ts';
import { trainingTaskSchema } from '#contract/federated/task.ts';
import { type HostProcess, startHostProcess } from '#testing/host-process.ts';
import { startPlainGateway } from '#testing/plain-gateway.ts';
import { newWalletOwner } from '#testing/wallet-owner.ts';
import { resourcesDir } from '../entries.ts';

/** A real node host with a gateway of the core: it knows no extension, pushes rounds, and fetches what was trained. */
let profile: string;
let host: HostProcess;
let gateway: Awaited<ReturnType<typeof startPlainGateway>>;

const listed = z.object({ tasks: z.array(z.object({ task: trainingTaskSchema })) });
const digits = listed
  .parse(JSON.parse(readFileSync(join(resourcesDir(), 'federated/tasks.json'), 'utf8')))
  .tasks.map(({ task }) => task)
  .find(({ taskId }) => taskId === 'digits');
if (!digits) throw new Error('The app ships no digits.');
const { model } = digits;
const start = initialWeights(model, 1);
const modelFile = encodeParameters(model, start);

beforeAll(async () => {
  profile = mkdtempSync(join(tmpdir(), 'solanalm-plain-'));
  gateway = await startPlainGateway(0, 1);
  host = await startHostProcess(profile);
  await host.call('settings.update', {
    onboarded: true,
    apiPort: 0,
    network: { kind: 'gateway', url: gateway.url },
    payoutAddress: newWalletOwner().address,
    declaredNetworkMbps: 100,
    serveOwnModels: false,
    takePartInTraining: true,
    trainingThreads: 1,
  });
  await host.call('node.start', {});
  await host.until('node.status', ({ link }) => link.state === 'registered');
});
afterAll(async () => {
  await host.shutdown();
  await gateway.close();
  rmSync(profile, { recursive: true, force: true });
});

const sdkRound = (round_id: string) => ({
  round_id,
  model: 'digits',
  participating_nodes: ['this', 'that'],
  start_time: new Date().toISOString(),
  duration_minutes: 10,
  reward_per_node: 0.0015,
  status: 'active',
});
const hurried = { learning_rate: 0.1, batch_size: 20, local_epochs: 1 };
const floats = (bytes: Uint8Array) => new Float32Array(Uint8Array.from(bytes).buffer);
const rounds = (count: number) => host.until('training.history', (history) => history.length === count);

/** As a gateway does it: asks until there is something. */
async function fetched(path: string): Promise<Response> {
  for (;;) {
    const answer = await gateway.pull(path);
    if (answer.status !== 404) return answer;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

test('without the operator’s leave a round is declined', async () => {
  const round = sdkRound('round-0');
  gateway.addRound(round, modelFile);
  const answer = await gateway.push('/training/join', round);
  expect(answer.status).toBe(409);
  expect(await answer.json()).toMatchObject({
    status: 'declined',
    reason: expect.stringMatching(/plain gateways/),
  });
  expect(gateway.joins).toEqual([]);
  await host.call('settings.update', { trainForPlainGateways: true });
});

test('a round that is pushed and started is trained as the gateway says, fetched, and booked as unattributed', async () => {
  const round = sdkRound('round-1');
  gateway.addRound(round, modelFile);
  gateway.list(round);
  expect((await gateway.push('/training/join', round)).status).toBe(200);
  // Although the gateway lists it too, it waits for the start.
  await host.call('settings.update', { trainingMemoryMegabytes: 2000 });
  expect((await gateway.push('/training/start', { round_id: 'round-1', ...hurried })).status).toBe(202);

  const told = (await (await fetched('/training/gradient')).json()) as Record<string, string>;
  const update = (await (await gateway.pull('/training/update')).json()) as {
    round_id: string;
    model_weights: Record<string, { shape: number[]; data: string }>;
    training_metrics: Record<string, number>;
  };
  const change = await (await fetch(told.upload_url ?? '')).bytes();
  expect(createHash('sha256').update(change).digest('hex')).toBe(told.gradient_hash);
  expect(update.round_id).toBe('round-1');
  expect(Object.entries(update.model_weights).map(([name, { shape }]) => ({ name, shape }))).toEqual(
    parameterShapes(model).map(({ name, shape }) => ({ name, shape })),
  );
  const weights = Object.values(update.model_weights).flatMap(({ data }) => [
    ...floats(Buffer.from(data, 'base64')),
  ]);
  const moved = floats(change);
  expect(moved.some((value) => value !== 0)).toBe(true);
  expect(weights.every((value, at) => Math.abs(value - (start[at] ?? 0) - (moved[at] ?? 0)) < 1e-5)).toBe(
    true,
  );
  const { examples = 0, steps } = update.training_metrics;
  expect(steps).toBe(Math.ceil(examples / 20));

  const history = await rounds(1);
  const { earned } = await host.until('training.status', (status) => status.earned.rounds === 1);
  expect(history).toMatchObject([
    { roundId: 'round-1', result: 'rewarded', participants: 2, priceLamports: '1500000', feeLamports: '0' },
  ]);
  expect(earned.netLamports).toBe('1500000');
  const { entries } = await host.call('earnings.entries', { limit: 10 });
  expect(entries).toMatchObject([
    {
      state: 'unattributed',
      netLamports: '1500000',
      gatewayUrl: gateway.url,
      training: { roundId: 'round-1' },
    },
  ]);
  expect(gateway.joins).toMatchObject([{ model_name: 'digits', reward_expectation: 0.0015 }]);
});

test('whatever a round is called, the node keeps within its folder and the gateway hears the name again', async () => {
  const round = {
    round_id: '../../../settings',
    model: 'digits',
    start_time: Date.now() / 1000 - 1,
    duration_minutes: 9.000_01,
    reward_sol: 0.002,
  };
  gateway.addRound(round, modelFile);
  expect((await gateway.push('/federated/participate', round)).status).toBe(200);
  const seen = host.until('training.status', ({ state }) => state.state === 'uploading');
  await seen;
  expect(readdirSync(join(profile, 'training/rounds'))).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/)]);
  const update = (await (await fetched('/training/update')).json()) as { round_id: string };
  expect(update.round_id).toBe(round.round_id);
  const history = await rounds(2);
  expect(history[0]).toMatchObject({ result: 'rewarded', priceLamports: '2000000' });
  expect(existsSync(join(profile, 'settings.json'))).toBe(true);
  expect(readdirSync(join(profile, 'training/rounds'))).toEqual([]);
});

test('a round that the gateway lists is found; a model at another origin is refused and not fetched', async () => {
  const round = { ...sdkRound('round-3'), start_time: new Date(Date.now() - 1000).toISOString() };
  gateway.addRound(round, modelFile, 'http://127.0.0.2:9/model.bin');
  gateway.list(round);
  // The node looks when something changes, and every half minute.
  await host.call('settings.update', { trainingMemoryMegabytes: 1900 });
  const { state } = await host.until('training.status', ({ state: now }) => now.state === 'failed');
  expect(state).toMatchObject({
    roundId: 'round-3',
    error: { code: 'training/bad-offer', message: expect.stringMatching(/127\.0\.0\.2:9/) },
  });
  expect((await host.call('earnings.entries', { limit: 10 })).total).toBe(2);
});
