import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { expiryMarginBlocks, judgeSettlement, obstacleTo, type Sighting } from './settlement-policy.ts';

const settlement = {
  state: 'submitted',
  mode: 'gateway',
  lastValidBlockHeight: 1000,
  slot: 850,
  amountAtomic: 500n,
} as const;
const proof = { slot: 900, feeLamports: 5000n, receivedAtomic: 500n, error: null };
const none = (finalizedHeight = 900, isBlind = false): Sighting => ({
  isBlind,
  level: 'none',
  signature: null,
  finalizedHeight,
  proof: null,
});
const seen = (level: Sighting['level'], change: Partial<Sighting> = {}): Sighting => ({
  level,
  signature: 's',
  finalizedHeight: 900,
  isBlind: false,
  proof,
  ...change,
});
const late = 1000 + expiryMarginBlocks + 1;

const failed = seen('finalized', { proof: { ...proof, receivedAtomic: 0n, error: 'no' } });
const failedLong = { ...failed, finalizedHeight: late };
const wait = (problem: unknown = null) => ({ do: 'wait', problem });

describe('a payment under way', () => {
  test('is final when as many endpoints as there are, two at most, show it finalized and received', () => {
    const finalize = { do: 'finalize', signature: 's', proof };
    const is = seen('finalized');
    expect(judgeSettlement(settlement, [is], 1)).toEqual(finalize);
    expect(judgeSettlement(settlement, [is, is], 2)).toEqual(finalize);
    expect(judgeSettlement(settlement, [none(), is, is], 3)).toEqual(finalize);
    expect(judgeSettlement(settlement, [is], 2)).toEqual(wait(expect.stringContaining('1 of 2')));
    expect(judgeSettlement(settlement, [is, none()], 2).do).toBe('send');
    expect(judgeSettlement(settlement, [is, none(late)], 2).do).toBe('send');
    const other = seen('finalized', { signature: 'other' });
    expect(judgeSettlement(settlement, [other, is, is], 3)).toEqual(finalize);
    expect(judgeSettlement(settlement, [other, is], 2).do).not.toBe('finalize');
  });

  test('is not final on an endpoint’s word', () => {
    expect(judgeSettlement(settlement, [seen('rumoured', { proof: null })], 1)).toEqual({
      do: 'send',
      isGone: false,
    });
    const less = seen('finalized', { proof: { ...proof, receivedAtomic: 499n } });
    expect(judgeSettlement(settlement, [less], 1)).toMatchObject({ do: 'note', state: 'confirmed' });
  });

  test('that failed on the chain has failed once it cannot land any more', () => {
    expect(judgeSettlement(settlement, [failedLong], 1)).toMatchObject({ do: 'fail', signature: 's' });
    expect(judgeSettlement(settlement, [failed], 1)).toEqual({ do: 'send', isGone: false });
    expect(judgeSettlement({ ...settlement, mode: 'claim' }, [failed], 1)).toEqual(wait());
  });

  test('is noted when it is confirmed, and sent again when it is gone', () => {
    expect(judgeSettlement(settlement, [seen('confirmed')], 1)).toEqual({
      do: 'note',
      state: 'confirmed',
      signature: 's',
    });
    const confirmed = { ...settlement, state: 'confirmed' as const };
    expect(judgeSettlement(confirmed, [none()], 1)).toEqual({ do: 'send', isGone: true });
    expect(judgeSettlement(confirmed, [none(), seen('confirmed')], 2)).toEqual({ do: 'send', isGone: false });
    expect(judgeSettlement(settlement, [none(), seen('confirmed')], 2)).toEqual({
      do: 'send',
      isGone: false,
    });
  });

  test('a claim is never sent by the gateway', () => {
    expect(judgeSettlement({ ...settlement, mode: 'claim' }, [none()], 1)).toEqual(wait());
  });

  test('has failed only when all say that it has not paid and cannot any more', () => {
    expect(judgeSettlement(settlement, [failedLong, none(late)], 2).do).toBe('fail');
    for (const other of [none(), seen('confirmed'), seen('finalized'), seen('rumoured', { proof: null })])
      expect(judgeSettlement(settlement, [failedLong, other], 2).do).toBe('send');
    expect(judgeSettlement(settlement, [failedLong], 2).do).toBe('wait');
  });

  test('has expired only when every endpoint there is has seen the end without it', () => {
    const silent = (sentence: string) => wait(expect.stringContaining(sentence));
    expect(judgeSettlement(settlement, [none(late)], 1)).toEqual({ do: 'expire' });
    expect(judgeSettlement(settlement, [none(late), none(late)], 2)).toEqual({ do: 'expire' });
    expect(judgeSettlement(settlement, [none(late)], 2)).toEqual(silent('1 of 2 endpoints are silent'));
    expect(judgeSettlement(settlement, [none(late), none(late)], 3)).toEqual(silent('1 of 3'));
    expect(judgeSettlement(settlement, [none(late), none(late - 1)], 2)).toEqual(wait());
    expect(judgeSettlement(settlement, [none(1001)], 1)).toEqual(wait());
    expect(judgeSettlement(settlement, [none(late, true)], 1)).toEqual(silent('back to slot 850'));
    expect(
      judgeSettlement(settlement, [none(late), seen('rumoured', { finalizedHeight: late, proof: null })], 2),
    ).toEqual(silent('does not show it'));
    expect(judgeSettlement(settlement, [none(late), none(late, true)], 2)).toEqual(silent('history'));
    expect(judgeSettlement(settlement, [], 1)).toEqual(silent('No endpoint'));
    const hidden = [none(late), seen('finalized', { finalizedHeight: late })];
    expect(judgeSettlement(settlement, hidden, 2)).toEqual(silent('shows a payment that others do not'));
  });

  const anything: fc.Arbitrary<Sighting> = fc.record({
    level: fc.constantFrom('none' as const, 'rumoured' as const, 'confirmed' as const, 'finalized' as const),
    signature: fc.constantFrom('s', 'other', null),
    finalizedHeight: fc.integer({ min: 900, max: 1100 }),
    isBlind: fc.boolean(),
    proof: fc.constantFrom(proof, failed.proof, null),
  });
  /** One of two or three endpoints says anything at all, or nothing; the others say what is so, or nothing. */
  const withOneLiar = (truth: fc.Arbitrary<Sighting>) =>
    fc.tuple(
      fc.option(anything),
      fc.array(fc.option(truth), { minLength: 1, maxLength: 2 }),
      fc.constantFrom('submitted' as const, 'confirmed' as const, 'prepared' as const),
      fc.constantFrom('gateway' as const, 'claim' as const),
    );
  const verdictOf = ([lie, honest, state, mode]: [
    Sighting | null,
    (Sighting | null)[],
    'submitted' | 'confirmed' | 'prepared',
    'gateway' | 'claim',
  ]) =>
    judgeSettlement(
      { ...settlement, state, mode },
      [lie, ...honest].filter((one) => one !== null),
      1 + honest.length,
    ).do;

  test('that can land still, or has, makes way for no other one, whatever one endpoint of several says', () => {
    const landed = fc.record({
      level: fc.constantFrom('confirmed' as const, 'finalized' as const),
      signature: fc.constant('s'),
      finalizedHeight: fc.integer({ min: 900, max: 1100 }),
      isBlind: fc.constant(false),
      proof: fc.constant(proof),
    });
    const early = fc.integer({ min: 900, max: late - 1 }).map((height) => none(height));
    const pruned = fc.integer({ min: 900, max: 1100 }).map((height) => none(height, true));
    fc.assert(
      fc.property(withOneLiar(fc.oneof(landed, early, pruned)), (facts) => {
        expect(['expire', 'fail']).not.toContain(verdictOf(facts));
      }),
      { numRuns: 3000 },
    );
  });

  test('that has not paid is not final, whatever one endpoint of several says', () => {
    const height = fc.integer({ min: 900, max: 1100 });
    const unpaid = fc.oneof(
      fc.tuple(height, fc.boolean()).map(([at, isBlind]) => none(at, isBlind)),
      height.map((finalizedHeight) => ({ ...failed, finalizedHeight })),
    );
    fc.assert(
      fc.property(withOneLiar(unpaid), (facts) => {
        expect(verdictOf(facts)).not.toBe('finalize');
      }),
      { numRuns: 3000 },
    );
  });
});

describe('a channel that is due', () => {
  const purse = {
    isNative: true,
    payoutLamports: 0n,
    treasuryLamports: 10_000_000n,
    treasuryAtomic: 0n,
    costLamports: 5000n,
    rentExemptLamports: 890_880n,
  };
  test('waits while an empty account would get less than its rent', () => {
    expect(obstacleTo(890_879n, purse)).toMatch('settlement/rent');
    expect(obstacleTo(890_880n, purse)).toBeNull();
    expect(obstacleTo(1n, { ...purse, payoutLamports: 890_880n })).toBeNull();
  });
  test('waits while the treasury could not keep its own rent', () => {
    expect(obstacleTo(9_104_120n, purse)).toBeNull();
    expect(obstacleTo(9_104_121n, purse)).toMatch('gateway/insufficient-funds');
    expect(obstacleTo(9_995_000n, purse)).toBeNull();
    expect(obstacleTo(9_995_001n, purse)).toMatch('gateway/insufficient-funds');
  });
  test('of a token needs the token, and lamports for its cost', () => {
    const tokens = { ...purse, isNative: false, treasuryAtomic: 100n };
    expect(obstacleTo(100n, tokens)).toBeNull();
    expect(obstacleTo(101n, tokens)).toMatch('of the token');
    expect(obstacleTo(100n, { ...tokens, costLamports: 9_999_999n })).toMatch('lamports');
  });
});
