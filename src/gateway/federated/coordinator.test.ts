import { readdirSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { canonicalJson } from '#contract/canonical-json.ts';
import { roundOfferText, roundRequestId, trainingPayer } from '#contract/federated/rounds.ts';
import { createCoordinatedRounds, pollMs, refusal } from '#testing/coordinated-rounds.ts';
import { verifyText } from '../ed25519.ts';

const rounds = createCoordinatedRounds();
const { open, ask, begin, send, look, done, moved, shut } = rounds;
afterEach(rounds.remove);

describe('a plain round', () => {
  test('ends with a model of the nodes’ mean, weighted by examples, evaluated, and paid', async () => {
    open();
    const offer = begin('a', 'b');
    rounds.nowMs += 60_000;
    send(offer, 'a', [1, 0, 0, 0], { examples: 100 });
    send(offer, 'b', [0, 0.5, 0, 0], { examples: 50 });
    const ended = await done(offer, 'a');
    expect(ended).toMatchObject({ model_version: 1, participants: 2, counted: true });
    expect(moved()).toEqual([0.666667, 0.166667, 0, 0]);
    expect(rounds.coordinator.offered()[0]).toMatchObject({ model_version: 1, accuracy: ended.accuracy });
    expect(ended.loss).toBeCloseTo((1 / 3) ** 2 + (5 / 6) ** 2 + 2, 5);
  });

  test('its reward is a job of the books for each node, together no more than the pool', async () => {
    open();
    const offer = begin('a', 'b');
    rounds.nowMs += 60_000;
    const taken = send(offer, 'a', [1, 1, 0, 0]);
    send(offer, 'b', [0.1, 0, 0, 0]);
    const a = await done(offer, 'a');
    const b = await done(offer, 'b');
    const job = rounds.books.job(roundRequestId(offer.round_id, 'a'));
    expect(job).toMatchObject({
      nodeId: 'id-a',
      payer: trainingPayer(rounds.gatewayKey.publicKey),
      model: 'task-0',
      inputSha256: offer.model_sha256,
      outputSha256: taken.body_sha256,
      priceLamports: BigInt(a.reward.price_lamports),
      feeLamports: BigInt(a.reward.fee_lamports),
    });
    expect(a.update_sha256).toBe(taken.body_sha256);
    const sum = BigInt(a.reward.price_lamports) + BigInt(b.reward.price_lamports);
    expect(sum).toBeLessThanOrEqual(1_000_000n);
    expect(sum).toBeGreaterThan(999_990n);
    expect(BigInt(a.reward.price_lamports)).toBeGreaterThan(BigInt(b.reward.price_lamports));
    expect(rounds.books.account('id-a')).toMatchObject({
      jobs: 1,
      owed_lamports: `${BigInt(a.reward.price_lamports) - BigInt(a.reward.fee_lamports)}`,
    });
  });

  test('the offer is signed with the gateway’s key', async () => {
    open();
    ask('a');
    rounds.coordinator.tick();
    const answer = ask('a');
    if (answer.status !== 'selected') throw new Error('not selected');
    const text = roundOfferText(canonicalJson(answer.offer));
    expect(verifyText(text, answer.signature, rounds.gatewayKey.publicKey)).toBe(true);
    expect(ask('a')).toEqual(answer);
  });

  test('more examples than announced, or than the task counts, weigh no more', async () => {
    open({ mostWeight: 150 });
    const askBoth = () => [ask('a', { examples: 100 }), ask('b', { examples: 1_000_000 })];
    askBoth();
    rounds.coordinator.tick();
    const [answer] = askBoth();
    if (answer?.status !== 'selected') throw new Error('not selected');
    send(answer.offer, 'a', [1, 0, 0, 0], { examples: 9999 });
    send(answer.offer, 'b', [0, 1, 0, 0], { examples: 1_000_000 });
    await done(answer.offer, 'a');
    expect(moved()).toEqual([0.4, 0.6, 0, 0]);
  });

  test('tells waiting nodes at once when the stage changes', async () => {
    open();
    const offer = begin('a');
    const waiting = look(offer, 'a', 'update');
    send(offer, 'a');
    expect((await waiting).stage).not.toBe('update');
  });

  test('nothing of its updates stays on disk', async () => {
    open();
    const offer = begin('a', 'b');
    send(offer, 'a');
    expect(readdirSync(join(rounds.dir, 'rounds', offer.round_id))).toEqual(['a']);
    send(offer, 'b');
    await done(offer, 'a');
    expect(readdirSync(join(rounds.dir, 'rounds'))).toEqual([]);
  });
});

describe('who takes part', () => {
  test('a round waits for its least nodes, and a while for more', async () => {
    open({ participants: { min: 2, max: 3, fraction: 1 }, graceSeconds: 5 });
    ask('a');
    rounds.coordinator.tick();
    expect(ask('a').status).toBe('waiting');
    ask('b');
    rounds.coordinator.tick();
    expect(ask('b').status).toBe('waiting');
    rounds.nowMs += 5000;
    ask('a');
    ask('b');
    rounds.coordinator.tick();
    expect(ask('a').status).toBe('selected');
  });

  test('the most nodes begin it at once', async () => {
    open({ participants: { min: 1, max: 2, fraction: 1 }, graceSeconds: 60 });
    expect(begin('a', 'b').node_keys).toEqual(['a', 'b']);
  });

  test('a node that asks no more is not selected', async () => {
    open({ participants: { min: 1, max: 9, fraction: 1 }, graceSeconds: 0 });
    ask('gone');
    rounds.nowMs += 3 * pollMs + 1;
    ask('here');
    rounds.coordinator.tick();
    expect(ask('gone').status).toBe('waiting');
    expect(ask('here').status).toBe('selected');
  });

  test('a node with too little is not selected, one in a round of another task neither', async () => {
    open({ participants: { min: 1, fraction: 1, leastThreads: 2, leastExamples: 50 } }, {});
    ask('thin', { threads: 1 });
    ask('poor', { examples: 49 });
    rounds.coordinator.tick();
    expect(ask('thin').status).toBe('waiting');
    begin('a');
    expect(ask('a', { task: 1 }).status).toBe('waiting');
    rounds.coordinator.tick();
    expect(ask('a', { task: 1 }).status).toBe('waiting');
  });

  test('a node that knows another version of the task is told', async () => {
    open();
    const a = { nodeKey: 'a', nodeId: 'id-a', processors: 4 };
    const stale = { task_id: 'task-0', task_sha256: '0'.repeat(64), examples: 1, engine: 'wasm', threads: 1 };
    expect(refusal(() => rounds.coordinator.join(a, stale)).code).toBe('training/task-changed');
    const foreign = { ...stale, task_id: 'none' };
    expect(refusal(() => rounds.coordinator.join(a, foreign)).code).toBe('training/unknown-task');
  });

  test('a task ends with its last round', async () => {
    open({ rounds: 1 });
    const offer = begin('a');
    send(offer, 'a');
    await done(offer, 'a');
    await vi.waitFor(() => expect(rounds.coordinator.offered()).toEqual([]));
  });
});

describe('a restart', () => {
  test('fails the round under way, tells its nodes, and keeps models and versions', async () => {
    open();
    const first = begin('a', 'b');
    send(first, 'a', [1, 1, 1, 0]);
    send(first, 'b', [1, 1, 1, 0]);
    const ended = await done(first, 'a');
    const second = begin('a', 'b');
    send(second, 'a');
    await shut();
    open();
    expect(await look(second, 'a')).toMatchObject({
      stage: 'failed',
      outcome: { reason: expect.stringMatching(/restarted/) },
    });
    expect(refusal(() => send(second, 'b')).code).toBe('training/late');
    expect(await look(first, 'a')).toMatchObject({ stage: 'done', outcome: ended });
    expect(rounds.coordinator.offered()[0]).toMatchObject({
      model_version: 1,
      model_sha256: ended.model_sha256,
    });
    expect(moved()).toEqual([1, 1, 1, 0]);
    expect(readdirSync(join(rounds.dir, 'rounds'))).toEqual([]);
    const third = begin('a', 'b');
    expect(third).toMatchObject({ model_version: 1, model_sha256: ended.model_sha256 });
  });

  test('where the newest model’s file is gone or damaged, the one before goes on under a new version', async () => {
    open();
    const first = begin('a');
    send(first, 'a', [1, 0, 0, 0]);
    const { accuracy } = await done(first, 'a');
    const second = begin('a');
    send(second, 'a', [0, 1, 0, 0]);
    const { model_sha256 } = await done(second, 'a');
    expect(moved()).toEqual([1, 1, 0, 0]);
    await shut();
    truncateSync(join(rounds.dir, 'models', model_sha256), 10);
    open();
    expect(rounds.coordinator.offered()[0]).toMatchObject({ model_version: 3, accuracy });
    expect(moved()).toEqual([1, 0, 0, 0]);
    const third = begin('a');
    send(third, 'a', [0, 0, 1, 0]);
    expect(await done(third, 'a')).toMatchObject({ model_version: 4 });
  });
});
