import { createHash } from 'node:crypto';
import { afterEach, describe, expect, test } from 'vitest';
import { noTraining } from '#testing/no-training.ts';
import { startScriptedApi } from '#testing/scripted-api.ts';

let api: Awaited<ReturnType<typeof startScriptedApi>>;
const open = async (gateway: 'signed' | 'plain' | 'none') => {
  api = await startScriptedApi({ gateway });
};
afterEach(() => api.close());

const own = ['/api/v1/node/training/current', '/api/v1/node/training/rounds', '/api/v1/node/training/model'];
const withKey = { authorization: 'Bearer slm-key' };
const get = (path: string, headers: Record<string, string> = {}) => fetch(api.url + path, { headers });

/** The shape of the SDK, and that of the gateway’s own list. */
const sdkRound = (change: Record<string, unknown> = {}) => ({
  round_id: 'round-7',
  model: 'digits',
  participating_nodes: ['one', 'two', 'three'],
  start_time: new Date().toISOString(),
  duration_minutes: 10,
  reward_per_node: 0.001,
  status: 'active',
  ...change,
});
const listedRound = (change: Record<string, unknown> = {}) => ({
  round_id: 'round-8',
  model: 'digits',
  start_time: Math.floor(Date.now() / 1000),
  duration_minutes: 10,
  reward_sol: 0.002,
  ...change,
});
const update = {
  node_id: 'scripted-node',
  round_id: 'round-7',
  model_weights: { 'layer-0/kernel': { shape: [1], data: 'AACAPw==' } },
  training_metrics: { examples: 4 },
  update_size_mb: 0.000004,
  compression_method: null,
  timestamp: '2026-01-01T00:00:00.000Z',
};

test.each(['signed', 'plain', 'none'] as const)(
  'the operator’s own programs read the training with the API key (gateway: %s)',
  async (gateway) => {
    await open(gateway);
    const [current, rounds, model] = await Promise.all(
      own.map(async (path) => (await get(path, withKey)).json()),
    );
    expect(current).toEqual(noTraining.state);
    expect(rounds).toEqual({ rounds: [] });
    expect(model).toEqual({ models: noTraining.tasks, engine: null, privacy: noTraining.privacy });
    for (const path of own) {
      expect((await get(path)).status).toBe(401);
      expect((await get(path, { authorization: 'Bearer other' })).status).toBe(401);
    }
  },
);

test('a gateway that signs does not read what is the operator’s', async () => {
  await open('signed');
  for (const path of own) expect((await get(path, api.signed('GET', path, ''))).status).toBe(401);
});

describe('what a plain gateway calls', () => {
  test.each(['signed', 'none'] as const)(
    'needs a key or a signature when the gateway is: %s',
    async (gateway) => {
      await open(gateway);
      for (const path of ['/training/join', '/training/start', '/federated/participate'])
        expect((await api.post(path, sdkRound(), {})).status).toBe(401);
      for (const path of ['/training/update', '/training/gradient', '/training/gradient/data'])
        expect((await get(path)).status).toBe(401);
      expect(api.rounds.open()).toEqual([]);
    },
  );

  test('joins in either shape; trains once it is started', async () => {
    await open('plain');
    const joined = await api.post('/training/join', sdkRound(), {});
    expect([joined.status, await joined.json()]).toEqual([200, { status: 'joined', round_id: 'round-7' }]);
    expect(api.rounds.open()).toEqual([]);
    const started = await api.post('/training/start', { learning_rate: 0.5, local_epochs: 2 }, {});
    expect([started.status, await started.json()]).toEqual([202, { status: 'started', round_id: 'round-7' }]);
    expect(api.rounds.open()).toMatchObject([
      {
        round: { roundId: 'round-7', participants: 3, rewardLamports: 1_000_000n },
        how: { learning_rate: 0.5, batch_size: 10, local_epochs: 2 },
      },
    ]);
    expect((await api.post('/federated/participate', listedRound(), {})).status).toBe(200);
    expect(api.rounds.open()).toMatchObject([
      {},
      {
        round: { roundId: 'round-8', rewardLamports: 2_000_000n },
        how: { learning_rate: 0.01, local_epochs: 5 },
      },
    ]);
  });

  test.each([
    ['a model that is not known', { model: 'unknown' }, /does not know/],
    ['a round that is over', { start_time: '2020-01-01T00:00:00Z' }, /over/],
  ])('declines %s, and says why', async (_, change, reason) => {
    await open('plain');
    for (const path of ['/training/join', '/federated/participate']) {
      const answer = await api.post(path, sdkRound(change), {});
      expect(answer.status).toBe(409);
      expect(await answer.json()).toMatchObject({
        status: 'declined',
        reason: expect.stringMatching(reason),
      });
    }
    expect((await api.post('/training/start', {}, {})).status).toBe(404);
  });

  test.each([
    ['no reward', { reward_per_node: undefined }],
    ['an instant that is none', { start_time: 'soon' }],
    ['an instant beyond all time', { start_time: 1e300 }],
    ['a round without end', { duration_minutes: 1e9 }],
    ['a reward below nothing', { reward_per_node: -1 }],
  ])('refuses %s', async (_, change) => {
    await open('plain');
    const answer = await api.post('/training/join', sdkRound(change), {});
    expect([400, 422]).toContain(answer.status);
    expect((await api.post('/training/start', {}, {})).status).toBe(404);
  });

  test('fetches what was trained: the weights, and the change by its hash', async () => {
    await open('plain');
    const early = await get('/training/update');
    expect([early.status, early.headers.get('retry-after')]).toEqual([404, '10']);
    expect((await get('/training/gradient')).status).toBe(404);
    expect((await get('/training/gradient/data')).status).toBe(404);
    await api.post('/federated/participate', sdkRound(), {});
    const change = Uint8Array.of(0, 0, 128, 63);
    api.rounds.get('round-7').trained = { update, change };
    const gradient = (await (await get('/training/gradient')).json()) as Record<string, string>;
    expect(gradient).toMatchObject({
      round_id: 'round-7',
      gradient_hash: createHash('sha256').update(change).digest('hex'),
      gradient_size_bytes: 4,
      upload_url: `${api.url}/training/gradient/data`,
    });
    expect(api.rounds.get('round-7').isFetched).toBe(false);
    const bytes = await (await fetch(gradient.upload_url ?? '')).bytes();
    expect([...bytes]).toEqual([...change]);
    expect(api.rounds.get('round-7').isFetched).toBe(true);
    expect(await (await get('/training/update')).json()).toEqual(update);
  });

  test('gets what was trained no faster than the limit of the network', async () => {
    api = await startScriptedApi({ gateway: 'plain', bytesPerSecond: () => 500_000 });
    await api.post('/federated/participate', sdkRound(), {});
    const change = new Uint8Array(400_000).fill(7);
    api.rounds.get('round-7').trained = { update, change };
    const startedAt = performance.now();
    const bytes = await (await get('/training/gradient/data')).bytes();
    expect(Buffer.from(bytes).equals(Buffer.from(change))).toBe(true);
    expect(performance.now() - startedAt).toBeGreaterThan(200);
  });
});
