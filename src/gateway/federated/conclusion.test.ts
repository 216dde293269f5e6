import { afterEach, describe, expect, test } from 'vitest';
import { decodeParameters } from '#contract/federated/parameters.ts';
import type { RoundOffer } from '#contract/federated/rounds.ts';
import { createCoordinatedRounds, refusal } from '#testing/coordinated-rounds.ts';
import { testTask } from '#testing/federated-task.ts';

const rounds = createCoordinatedRounds();
const { open, begin, sealed, send, done, moved, shut } = rounds;
afterEach(rounds.remove);

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
    rounds.trainer.isBroken = true;
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
    expect(rounds.trainer.evaluations).toEqual([]);
  });
});

describe('what strategies remember', () => {
  test('FedAdam goes on after a restart as if there had been none', async () => {
    const change = { strategy: { type: 'fedadam', rate: 0.1 } };
    const round = async (delta: number[]) => {
      const offer = begin('a');
      send(offer, 'a', delta);
      await done(offer, 'a');
    };
    open(change);
    await round([1, 0, 0, 0]);
    await shut();
    open(change);
    await round([0.5, 0, 0, 0]);
    const [first = 0] = moved();
    const v1 = 0.99 * 1e-6 + 0.01;
    const v2 = 0.99 * v1 + 0.01 * 0.25;
    const x1 = (0.1 * 0.1) / (Math.sqrt(v1) + 1e-3);
    expect(first).toBeCloseTo(x1 + (0.1 * (0.09 + 0.05)) / (Math.sqrt(v2) + 1e-3), 5);
  });

  test('SCAFFOLD’s control variate is served beside the model, and moves by the share of nodes', async () => {
    open({ strategy: { type: 'scaffold' }, participants: { min: 1, max: 3, fraction: 1 } });
    const control = (offer: RoundOffer) => [
      ...decodeParameters(testTask().task.model, rounds.coordinator.model(offer.control_sha256 ?? '')),
    ];
    const sendBoth = (offer: RoundOffer, name: string, controls: number[]) =>
      rounds.coordinator.receive(
        offer.round_id,
        'update',
        name,
        sealed(offer, name, [1, 0, 0, 0, ...controls], { length: 4, control: true }),
      );
    const first = begin('a', 'b', 'c');
    expect(control(first)).toEqual([0, 0, 0, 0]);
    const refused = refusal(() => send(first, 'b', [0, 0, 0, 0]));
    expect(refused.message).toContain('lacks its control variate');
    sendBoth(first, 'a', [6, 3, 0, 0]);
    sendBoth(first, 'c', [0, 0, 0, 0]);
    await done(first, 'a');
    expect(moved()).toEqual([1, 0, 0, 0]);
    expect(control(begin('a'))).toEqual([2, 1, 0, 0]);
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
  expect(rounds.books.account('id-c').jobs).toBe(0);
});
