import { afterEach, describe, expect, test } from 'vitest';
import { createCoordinatedRounds, refusal } from '#testing/coordinated-rounds.ts';

const rounds = createCoordinatedRounds();
const { open, ask, begin, sealed, post, send, look, outcome, done, moved } = rounds;
afterEach(rounds.remove);

describe('stragglers', () => {
  test('a round goes on without those that are late, and they are told', async () => {
    open();
    const offer = begin('a', 'b', 'c');
    send(offer, 'a');
    send(offer, 'b');
    rounds.nowMs = offer.deadline_ms + 1;
    rounds.coordinator.tick();
    expect(await done(offer, 'a')).toMatchObject({ participants: 2 });
    expect(await outcome(offer, 'c')).toMatchObject({
      state: 'failed',
      reason: expect.stringMatching(/in time/),
    });
    expect(refusal(() => send(offer, 'c')).code).toBe('training/late');
    expect(rounds.books.account('id-c').jobs).toBe(0);
  });

  test('with fewer than three of five the round fails, and the model stays', async () => {
    open();
    const offer = begin('a', 'b', 'c', 'd', 'e');
    send(offer, 'a');
    send(offer, 'b');
    rounds.nowMs = offer.deadline_ms + 1;
    rounds.coordinator.tick();
    expect(await outcome(offer, 'a')).toMatchObject({
      state: 'failed',
      reason: expect.stringMatching(/2 of 5 nodes.*at least 3/),
    });
    expect(rounds.coordinator.offered()[0]).toMatchObject({ model_version: 0 });
    expect(rounds.books.account('id-a').jobs).toBe(0);
  });

  test('a node that does not fetch its offer is not waited for', async () => {
    open({ participants: { min: 1, fraction: 1 } });
    ask('silent');
    const offer = begin('a', 'b');
    expect(offer.node_keys).toContain('silent');
    send(offer, 'a');
    send(offer, 'b');
    rounds.nowMs += 10_001;
    rounds.coordinator.tick();
    expect(await done(offer, 'a')).toMatchObject({ participants: 2 });
    expect(await outcome(offer, 'silent')).toMatchObject({ state: 'failed' });
  });

  test('where all are silent past the deadline the round fails once', async () => {
    open();
    for (const name of ['a', 'b']) ask(name);
    rounds.coordinator.tick();
    rounds.nowMs += 3_600_000;
    rounds.coordinator.tick();
    rounds.coordinator.tick();
    expect(rounds.coordinator.totals('task-0')).toEqual({ done: 0, failed: 1, participants: 0 });
  });

  test('a node may leave; when too few are left the round fails at once', async () => {
    open();
    const offer = begin('a', 'b', 'c');
    rounds.coordinator.leave(offer.round_id, 'a');
    expect(await look(offer, 'a')).toMatchObject({
      stage: 'failed',
      outcome: { reason: expect.stringMatching(/left/) },
    });
    expect((await look(offer, 'b')).stage).toBe('update');
    rounds.coordinator.leave(offer.round_id, 'b');
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
    rounds.nowMs = first.deadline_ms + 1;
    rounds.coordinator.tick();
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
    const taken = post(offer, 'a', body);
    expect(post(offer, 'a', body)).toEqual(taken);
    send(offer, 'b');
    await done(offer, 'a');
    expect(post(offer, 'a', body)).toEqual(taken);
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
    expect(refusal(() => post(offer, 'b', body)).code).toBe('training/bad-update');
    send(offer, 'b');
  });

  test('a body that was damaged on its way may be sent again', async () => {
    open();
    const offer = begin('a');
    const body = sealed(offer, 'a');
    const damaged = body.map((byte, at) => (at === 60 ? byte ^ 1 : byte));
    expect(refusal(() => post(offer, 'a', damaged)).code).toBe('training/bad-update');
    post(offer, 'a', body);
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
    const refused = refusal(() => post(offer, 'a', body));
    expect(refused).toMatchObject({ code: 'training/bad-update', message: expect.stringContaining(reason) });
    expect(refusal(() => post(offer, 'a', body))).toEqual(refused);
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
    expect(refusal(() => rounds.coordinator.receive(offer.round_id, 'keys', 'a', keys)).code).toBe(
      'training/late',
    );
    expect(refusal(() => rounds.coordinator.receive(offer.round_id, 'unmask', 'a', keys)).code).toBe(
      'training/not-yet',
    );
  });
});
