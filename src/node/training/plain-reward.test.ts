import { mkdtempSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { trainingRoundSchema, trainingStartSchema } from '#contract/wire/training.ts';
import { smallTask } from '#testing/scripted-rounds.ts';
import { createByteRate } from '../byte-rate.ts';
import { systemClock } from '../clock.ts';
import { openNodeKey } from '../link/node-key.ts';
import { createPlainCalls } from './plain-calls.ts';
import { createPlainRounds, plainOutcome } from './plain-rounds.ts';

const rate = createByteRate(() => null, systemClock);

test('a plain round pays what its gateway says, whatever the one who told of it says', async () => {
  const deadline = Date.now() / 1000 + 60;
  const answers: Record<string, unknown> = {
    '/training/status': { active_rounds: [] },
    '/training/join': {
      ...{ status: 'joined', round_id: 'one', model_download_url: '/model' },
      ...{ deadline, expected_reward: 0.002 },
    },
  };
  const gateway = createServer((request, response) => {
    const answer = answers[request.url ?? ''];
    response.end(answer === undefined ? Buffer.from('weights') : JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => gateway.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(gateway.address() as AddressInfo).port}`;
  const key = openNodeKey(join(mkdtempSync(join(tmpdir(), 'plain-')), 'key'));
  const rounds = createPlainRounds({ nodeId: key.nodeId, clock: systemClock, obstacle: () => null });
  rounds.participate(
    trainingRoundSchema.parse({
      ...{ round_id: 'one', model: 'small', start_time: Date.now() / 1000 - 1, duration_minutes: 5 },
      reward_sol: 900_000,
    }),
  );
  const calls = createPlainCalls({ url, key, clock: systemClock, rate, rounds, taskOf: () => smallTask });
  const { signal } = new AbortController();
  const { task_sha256 } = (await calls.tasks(signal))[0] ?? { task_sha256: '' };
  const request = { task_id: 'small', task_sha256, examples: 4, engine: 'wasm', threads: 1 };
  expect(await calls.join(request, signal)).toMatchObject({
    status: 'selected',
    offer: { reward_lamports: '2000000', training: { epochs: trainingStartSchema.parse({}).local_epochs } },
  });
  expect(plainOutcome(rounds.get('one'))).toMatchObject({ reward: { price_lamports: '2000000' } });
  gateway.close();
});

test('a plain round that nobody comes for ends with its time', async () => {
  const key = openNodeKey(join(mkdtempSync(join(tmpdir(), 'plain-')), 'key'));
  const rounds = createPlainRounds({ nodeId: key.nodeId, clock: systemClock, obstacle: () => null });
  const { round } = rounds.add(
    {
      ...{ roundId: 'one', model: 'small', rewardLamports: 1n, participants: 1 },
      ...{ startMs: Date.now() - 60_000, endMs: Date.now() + 60_000 },
    },
    null,
  );
  const url = 'http://127.0.0.1:9';
  const calls = createPlainCalls({ url, key, clock: systemClock, rate, rounds, taskOf: () => smallTask });
  const { signal } = new AbortController();
  expect(await calls.round('one', null, signal)).toMatchObject({ stage: 'update' });
  rounds.get('one').round = { ...round, endMs: Date.now() - 1 };
  expect(await calls.round('one', 'update', signal)).toMatchObject({
    stage: 'failed',
    outcome: { reason: 'nobody came for the update in time' },
  });
});
