import { mkdtempSync, readdirSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { canonicalJson } from '#contract/canonical-json.ts';
import type { AppError } from '#contract/errors.ts';
import { decodeParameters } from '#contract/federated/parameters.ts';
import {
  type RoundOffer,
  type RoundOutcome,
  roundOfferText,
  roundRequestId,
  trainingPayer,
  type UpdateHead,
} from '#contract/federated/rounds.ts';
import { encodeUpdate, sealUpdate } from '#contract/federated/update-frame.ts';
import { testTask } from '#testing/federated-task.ts';
import { newKey } from '#testing/scripted-api.ts';
import { createScriptedTrainer, scriptedStart } from '#testing/scripted-trainer.ts';
import { type Books, openBooks } from '../books.ts';
import { openDatabase } from '../database.ts';
import { verifyText } from '../ed25519.ts';
import { type Coordinator, createCoordinator } from './coordinator.ts';
import { openRoundBook } from './round-book.ts';
import { runTask } from './task-list.ts';

const pollMs = 3000;
const gatewayKey = newKey();
let dir: string;
let nowMs: number;
let coordinator: Coordinator;
let books: Books;
let trainer: ReturnType<typeof createScriptedTrainer>;
let shut: () => Promise<void>;

function open(change: Record<string, unknown> = {}, ...more: Record<string, unknown>[]): void {
  const database = openDatabase(join(dir, 'gateway.db'));
  const now = () => nowMs;
  books = openBooks(database, now);
  trainer = createScriptedTrainer();
  const tasks = [change, ...more].map((one, index) => runTask(testTask(one, `task-${index}`)));
  coordinator = createCoordinator({
    key: gatewayKey,
    books,
    book: openRoundBook(database, now),
    dir,
    tasks: { tasks, refused: [] },
    trainer,
    now,
    pollMs,
    tickMs: null,
  });
  shut = async () => {
    await coordinator.close();
    database.close();
  };
  expect(coordinator.refused()).toEqual([]);
}

const node = (name: string) => ({ nodeKey: name, nodeId: `id-${name}`, processors: 4 });

function join_(name: string, change: { task?: number; examples?: number; threads?: number } = {}) {
  const { task = 0, examples = 100, threads = 2 } = change;
  const offered = coordinator.offered()[task];
  return coordinator.join(node(name), {
    task_id: offered?.task.taskId ?? '',
    task_sha256: offered?.task_sha256 ?? '',
    examples,
    engine: 'wasm',
    threads,
  });
}

/** Lets these nodes ask, and the round begin; each has its offer. */
function begin(...names: string[]): RoundOffer {
  for (const name of names) join_(name);
  coordinator.tick();
  const answers = names.map((name) => join_(name));
  const selected = answers.find((answer) => answer.status === 'selected');
  if (selected?.status !== 'selected') throw new Error('no round has begun');
  return selected.offer;
}

function sealed(
  offer: RoundOffer,
  name: string,
  delta: number[] = [0.5, 0.5, 0.5, 0.5],
  head: Partial<UpdateHead> = {},
): Uint8Array {
  const frame = encodeUpdate(
    {
      round_id: offer.round_id,
      model_sha256: offer.model_sha256,
      length: delta.length,
      control: false,
      examples: 100,
      duration_ms: 60_000,
      steps: 10,
      ...head,
    },
    [new Float32Array(delta)],
  );
  return sealUpdate(frame, offer.update_key, {
    roundId: offer.round_id,
    nodeKey: name,
    modelSha256: offer.model_sha256,
  });
}

const send = (offer: RoundOffer, name: string, ...rest: [delta?: number[], head?: Partial<UpdateHead>]) =>
  coordinator.receive(offer.round_id, 'update', name, sealed(offer, name, ...rest));

function refusal(work: () => unknown): { code: string; message: string } {
  try {
    work();
  } catch (thrown) {
    const { code, message } = thrown as AppError;
    return { code, message };
  }
  throw new Error('nothing was refused');
}

const look = (offer: RoundOffer, name: string, after: 'update' | 'evaluating' | null = null) =>
  coordinator.state(offer.round_id, name, { after, waitMs: 5000, signal: new AbortController().signal });

async function outcome(offer: RoundOffer, name: string): Promise<RoundOutcome> {
  return vi.waitFor(async () => {
    const state = await look(offer, name);
    expect(state.outcome).toBeDefined();
    return state.outcome as RoundOutcome;
  });
}

const done = async (offer: RoundOffer, name: string) => {
  const ended = await outcome(offer, name);
  if (ended.state !== 'done') throw new Error(`the round failed: ${ended.reason}`);
  return ended;
};

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'coordinator-'));
  nowMs = Date.UTC(2026, 0, 1);
});
afterEach(async () => {
  await shut();
  rmSync(dir, { recursive: true });
});

/** By how much the newest model differs from the first, to six digits. */
function moved(): number[] {
  const bytes = coordinator.model(coordinator.offered()[0]?.model_sha256 ?? '');
  const weights = decodeParameters(testTask().task.model, bytes);
  return [...weights].map((value, at) => Math.round(1e6 * (value - (scriptedStart[at] ?? 0))) / 1e6 + 0);
}

describe('a plain round', () => {
  test('ends with a model of the nodes’ mean, weighted by examples, evaluated, and paid', async () => {
    open();
    const offer = begin('a', 'b');
    nowMs += 60_000;
    send(offer, 'a', [1, 0, 0, 0], { examples: 100 });
    send(offer, 'b', [0, 0.5, 0, 0], { examples: 50 });
    const ended = await done(offer, 'a');
    expect(ended).toMatchObject({ model_version: 1, participants: 2, counted: true });
    expect(moved()).toEqual([0.666667, 0.166667, 0, 0]);
    expect(coordinator.offered()[0]).toMatchObject({ model_version: 1, accuracy: ended.accuracy });
    expect(ended.loss).toBeCloseTo((1 / 3) ** 2 + (5 / 6) ** 2 + 2, 5);
  });

  test('its reward is a job of the books for each node, together no more than the pool', async () => {
    open();
    const offer = begin('a', 'b');
    nowMs += 60_000;
    const taken = send(offer, 'a', [1, 1, 0, 0]);
    send(offer, 'b', [0.1, 0, 0, 0]);
    const a = await done(offer, 'a');
    const b = await done(offer, 'b');
    const job = books.job(roundRequestId(offer.round_id, 'a'));
    expect(job).toMatchObject({
      nodeId: 'id-a',
      payer: trainingPayer(gatewayKey.publicKey),
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
    expect(books.account('id-a')).toMatchObject({
      jobs: 1,
      owed_lamports: `${BigInt(a.reward.price_lamports) - BigInt(a.reward.fee_lamports)}`,
    });
  });

  test('the offer is signed with the gateway’s key', async () => {
    open();
    join_('a');
    coordinator.tick();
    const answer = join_('a');
    if (answer.status !== 'selected') throw new Error('not selected');
    const text = roundOfferText(canonicalJson(answer.offer));
    expect(verifyText(text, answer.signature, gatewayKey.publicKey)).toBe(true);
    expect(join_('a')).toEqual(answer);
  });

  test('more examples than announced, or than the task counts, weigh no more', async () => {
    open({ mostWeight: 150 });
    join_('a', { examples: 100 });
    join_('b', { examples: 1_000_000 });
    const offer = begin('a', 'b');
    send(offer, 'a', [1, 0, 0, 0], { examples: 9999 });
    send(offer, 'b', [0, 1, 0, 0], { examples: 1_000_000 });
    await done(offer, 'a');
    const [a = 0, b = 0] = moved();
    // `begin` asks again with 100 examples for both.
    expect(a).toBeCloseTo(0.5, 6);
    expect(b).toBeCloseTo(0.5, 6);
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
    expect(readdirSync(join(dir, 'rounds', offer.round_id))).toEqual(['a']);
    send(offer, 'b');
    await done(offer, 'a');
    expect(readdirSync(join(dir, 'rounds'))).toEqual([]);
  });
});

describe('who takes part', () => {
  test('a round waits for its least nodes, and a while for more', async () => {
    open({ participants: { min: 2, max: 3, fraction: 1 }, graceSeconds: 5 });
    join_('a');
    coordinator.tick();
    expect(join_('a').status).toBe('waiting');
    join_('b');
    coordinator.tick();
    expect(join_('b').status).toBe('waiting');
    nowMs += 5000;
    join_('a');
    join_('b');
    coordinator.tick();
    expect(join_('a').status).toBe('selected');
  });

  test('the most nodes begin it at once', async () => {
    open({ participants: { min: 1, max: 2, fraction: 1 }, graceSeconds: 60 });
    expect(begin('a', 'b').node_keys).toEqual(['a', 'b']);
  });

  test('a node that asks no more is not selected', async () => {
    open({ participants: { min: 1, max: 9, fraction: 1 }, graceSeconds: 0 });
    join_('gone');
    nowMs += 3 * pollMs + 1;
    join_('here');
    coordinator.tick();
    expect(join_('gone').status).toBe('waiting');
    expect(join_('here').status).toBe('selected');
  });

  test('a node with too little is not selected, one in a round of another task neither', async () => {
    open({ participants: { min: 1, fraction: 1, leastThreads: 2, leastExamples: 50 } }, {});
    join_('thin', { threads: 1 });
    join_('poor', { examples: 49 });
    coordinator.tick();
    expect(join_('thin').status).toBe('waiting');
    begin('a');
    expect(join_('a', { task: 1 }).status).toBe('waiting');
    coordinator.tick();
    expect(join_('a', { task: 1 }).status).toBe('waiting');
  });

  test('a node that knows another version of the task is told', async () => {
    open();
    const stale = { task_id: 'task-0', task_sha256: '0'.repeat(64), examples: 1, engine: 'wasm', threads: 1 };
    expect(refusal(() => coordinator.join(node('a'), stale)).code).toBe('training/task-changed');
    const foreign = { ...stale, task_id: 'none' };
    expect(refusal(() => coordinator.join(node('a'), foreign)).code).toBe('training/unknown-task');
  });

  test('a task ends with its last round', async () => {
    open({ rounds: 1 });
    const offer = begin('a');
    send(offer, 'a');
    await done(offer, 'a');
    await vi.waitFor(() => expect(coordinator.offered()).toEqual([]));
  });
});

describe('stragglers', () => {
  test('a round goes on without those that are late, and they are told', async () => {
    open();
    const offer = begin('a', 'b', 'c');
    send(offer, 'a');
    send(offer, 'b');
    nowMs = offer.deadline_ms + 1;
    coordinator.tick();
    expect(await done(offer, 'a')).toMatchObject({ participants: 2 });
    expect(await outcome(offer, 'c')).toMatchObject({
      state: 'failed',
      reason: expect.stringMatching(/in time/),
    });
    expect(refusal(() => send(offer, 'c')).code).toBe('training/late');
    expect(books.account('id-c').jobs).toBe(0);
  });

  test('with fewer than three of five the round fails, and the model stays', async () => {
    open();
    const offer = begin('a', 'b', 'c', 'd', 'e');
    send(offer, 'a');
    send(offer, 'b');
    nowMs = offer.deadline_ms + 1;
    coordinator.tick();
    expect(await outcome(offer, 'a')).toMatchObject({
      state: 'failed',
      reason: expect.stringMatching(/2 of 5 nodes.*at least 3/),
    });
    expect(coordinator.offered()[0]).toMatchObject({ model_version: 0 });
    expect(books.account('id-a').jobs).toBe(0);
  });

  test('a node that does not fetch its offer is not waited for', async () => {
    open({ participants: { min: 1, fraction: 1 } });
    join_('silent');
    const offer = begin('a', 'b');
    expect(offer.node_keys).toContain('silent');
    send(offer, 'a');
    send(offer, 'b');
    nowMs += 10_001;
    coordinator.tick();
    expect(await done(offer, 'a')).toMatchObject({ participants: 2 });
    expect(await outcome(offer, 'silent')).toMatchObject({ state: 'failed' });
  });

  test('where all are silent past the deadline the round fails once', async () => {
    open();
    for (const name of ['a', 'b']) join_(name);
    coordinator.tick();
    nowMs += 3_600_000;
    coordinator.tick();
    coordinator.tick();
    expect(coordinator.totals('task-0')).toEqual({ done: 0, failed: 1, participants: 0 });
  });

  test('a node may leave; when too few are left the round fails at once', async () => {
    open();
    const offer = begin('a', 'b', 'c');
    coordinator.leave(offer.round_id, 'a');
    expect(await look(offer, 'a')).toMatchObject({
      stage: 'failed',
      outcome: { reason: expect.stringMatching(/left/) },
    });
    expect((await look(offer, 'b')).stage).toBe('update');
    coordinator.leave(offer.round_id, 'b');
    expect(await outcome(offer, 'c')).toMatchObject({
      state: 'failed',
      reason: expect.stringMatching(/1 of 3 nodes are left/),
    });
  });

  test('reliability counts rounds that were not completed', async () => {
    open();
    const first = begin('a', 'b', 'c');
    send(first, 'a');
    send(first, 'b');
    nowMs = first.deadline_ms + 1;
    coordinator.tick();
    await done(first, 'a');
    const second = begin('a', 'c');
    send(second, 'a');
    send(second, 'c');
    const shareOf = async (name: string) =>
      (await done(second, name)).reward.parts.find(({ part }) => part === 'reliability')?.share;
    expect(await shareOf('a')).toBeCloseTo(2 / 3, 9);
    expect(await shareOf('c')).toBeCloseTo(1 / 3, 9);
  });
});

describe('messages', () => {
  test('the same body again has the same answer, during the round and after', async () => {
    open();
    const offer = begin('a', 'b');
    const body = sealed(offer, 'a');
    const taken = coordinator.receive(offer.round_id, 'update', 'a', body);
    expect(coordinator.receive(offer.round_id, 'update', 'a', body)).toEqual(taken);
    send(offer, 'b');
    await done(offer, 'a');
    expect(coordinator.receive(offer.round_id, 'update', 'a', body)).toEqual(taken);
  });

  test('another body is a conflict', async () => {
    open();
    const offer = begin('a', 'b');
    send(offer, 'a', [1, 0, 0, 0]);
    expect(refusal(() => send(offer, 'a', [0, 1, 0, 0])).code).toBe('training/conflict');
  });

  test('a foreign node is turned away, an unknown round too', async () => {
    open();
    const offer = begin('a', 'b');
    expect(refusal(() => send(offer, 'x')).code).toBe('training/not-a-participant');
    const stranger = await look(offer, 'x').catch(({ code }) => code);
    expect(stranger).toBe('training/not-a-participant');
    expect(await look({ ...offer, round_id: 'none' }, 'a').catch(({ code }) => code)).toBe(
      'training/unknown-round',
    );
  });

  test('an update that was sealed by one node is none of another’s', async () => {
    open();
    const offer = begin('a', 'b');
    const body = sealed(offer, 'a');
    expect(refusal(() => coordinator.receive(offer.round_id, 'update', 'b', body)).code).toBe(
      'training/bad-update',
    );
    send(offer, 'b');
  });

  test('a body that was damaged on its way may be sent again', async () => {
    open();
    const offer = begin('a');
    const body = sealed(offer, 'a');
    const damaged = body.map((byte, at) => (at === 60 ? byte ^ 1 : byte));
    expect(refusal(() => coordinator.receive(offer.round_id, 'update', 'a', damaged)).code).toBe(
      'training/bad-update',
    );
    coordinator.receive(offer.round_id, 'update', 'a', body);
    expect(await done(offer, 'a')).toMatchObject({ counted: true });
  });

  test.each([
    ['no number', [Number.NaN, 0, 0, 0], {}, 'no numbers'],
    ['infinite', [Number.POSITIVE_INFINITY, 0, 0, 0], {}, 'no numbers'],
    ['far too large', [1e9, 0, 0, 0], {}, 'norm is 1.00e+9'],
    ['too short', [1, 1], {}, 'has 2 values, the model 4'],
    ['of another model', undefined, { model_sha256: '0'.repeat(64) }, 'another round or model'],
  ] as const)('an update that is %s is refused and not counted', async (_, delta, head, reason) => {
    open();
    const offer = begin('a', 'b', 'c');
    const body = sealed(offer, 'a', delta && [...delta], head);
    const refused = refusal(() => coordinator.receive(offer.round_id, 'update', 'a', body));
    expect(refused).toMatchObject({ code: 'training/bad-update', message: expect.stringContaining(reason) });
    expect(refusal(() => coordinator.receive(offer.round_id, 'update', 'a', body))).toEqual(refused);
    send(offer, 'b');
    send(offer, 'c');
    expect(await done(offer, 'b')).toMatchObject({ participants: 2 });
    expect(moved()).toEqual([0.5, 0.5, 0.5, 0.5]);
    expect(await outcome(offer, 'a')).toEqual({ state: 'failed', reason: refused.message });
  });

  test('a stage that a plain round does not have is past', async () => {
    open();
    const offer = begin('a');
    const keys = new TextEncoder().encode('{}');
    expect(refusal(() => coordinator.receive(offer.round_id, 'keys', 'a', keys)).code).toBe('training/late');
    expect(refusal(() => coordinator.receive(offer.round_id, 'unmask', 'a', keys)).code).toBe(
      'training/not-yet',
    );
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
    expect(coordinator.offered()[0]).toMatchObject({ model_version: 1, model_sha256: ended.model_sha256 });
    expect(moved()).toEqual([1, 1, 1, 0]);
    expect(readdirSync(join(dir, 'rounds'))).toEqual([]);
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
    truncateSync(join(dir, 'models', model_sha256), 10);
    open();
    expect(coordinator.offered()[0]).toMatchObject({ model_version: 3, accuracy });
    expect(moved()).toEqual([1, 0, 0, 0]);
    const third = begin('a');
    send(third, 'a', [0, 0, 1, 0]);
    expect(await done(third, 'a')).toMatchObject({ model_version: 4 });
  });
});

describe('the evaluation', () => {
  test('pays by what each update alone brings', async () => {
    open();
    const offer = begin('good', 'idle', 'harmful');
    send(offer, 'good', [1, 1, 0, 0]);
    send(offer, 'idle', [0, 0, 0, 0]);
    send(offer, 'harmful', [-1, 0, 0, 0]);
    const quality = async (name: string) =>
      (await done(offer, name)).reward.parts.find(({ part }) => part === 'quality');
    expect(await quality('good')).toMatchObject({ percent: 25, share: 1, lamports: '250000' });
    expect(await quality('idle')).toMatchObject({ share: 0, lamports: '0' });
    expect(await quality('harmful')).toMatchObject({ share: 0, lamports: '0' });
  });

  test('where it fails the round still counts, and its part goes to the measured ones', async () => {
    open();
    const offer = begin('a');
    trainer.isBroken = true;
    send(offer, 'a');
    const ended = await done(offer, 'a');
    expect(ended).toMatchObject({ loss: null, accuracy: null, counted: true });
    expect(ended.reward.left_out).toEqual([expect.stringContaining('the trainer is broken')]);
    expect(ended.reward.parts.find(({ part }) => part === 'quality')).toMatchObject({ share: null });
  });

  test('a task without held-out data is not evaluated', async () => {
    open({ heldOut: null });
    const offer = begin('a');
    send(offer, 'a');
    expect(await done(offer, 'a')).toMatchObject({ loss: null, accuracy: null });
    expect(trainer.evaluations).toEqual([]);
  });
});

test('Krum leaves out the update that is far from the others, and says so', async () => {
  open({ strategy: { type: 'krum', malicious: 1, kept: 2 } });
  const offer = begin('a', 'b', 'c', 'd');
  send(offer, 'a', [0.2, 0, 0, 0]);
  send(offer, 'b', [0.4, 0, 0, 0]);
  send(offer, 'c', [-5, 5, 5, 5]);
  send(offer, 'd', [0.3, 0, 0, 0]);
  expect(await done(offer, 'c')).toMatchObject({
    counted: false,
    reward: { price_lamports: '0', left_out: [expect.stringContaining('krum')] },
  });
  expect(moved()[0]).toBeGreaterThan(0.2);
  expect(books.account('id-c').jobs).toBe(0);
});
