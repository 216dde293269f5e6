import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { expiryMarginBlocks, judgeSettlement, obstacleTo, type Sighting } from './settlement-policy.ts';

const settlement = {
  state: 'submitted',
  mode: 'gateway',
  lastValidBlockHeight: 1000,
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

describe('a payment under way', () => {
  test('is final when the chain shows it finalized and received', () => {
    expect(judgeSettlement(settlement, [none(), seen('finalized')], 1)).toEqual({
      do: 'finalize',
      signature: 's',
      proof,
    });
  });

  test('is not final on an endpoint’s word', () => {
    expect(judgeSettlement(settlement, [seen('rumoured', { proof: null })], 1)).toEqual({
      do: 'send',
      isGone: false,
    });
    const less = seen('finalized', { proof: { ...proof, receivedAtomic: 499n } });
    expect(judgeSettlement(settlement, [less], 1)).toMatchObject({ do: 'note', state: 'confirmed' });
  });

  test('that failed on the chain has failed', () => {
    const failed = seen('finalized', {
      proof: { ...proof, receivedAtomic: 0n, error: '{"InstructionError":[2]}' },
    });
    expect(judgeSettlement(settlement, [failed], 1)).toMatchObject({ do: 'fail', signature: 's' });
  });

  test('is noted when it is confirmed, and sent again when it is gone', () => {
    expect(judgeSettlement(settlement, [seen('confirmed')], 1)).toEqual({
      do: 'note',
      state: 'confirmed',
      signature: 's',
    });
    expect(judgeSettlement({ ...settlement, state: 'confirmed' }, [none()], 1)).toEqual({
      do: 'send',
      isGone: true,
    });
  });

  test('a claim is never sent by the gateway', () => {
    expect(judgeSettlement({ ...settlement, mode: 'claim' }, [none()], 1)).toEqual({ do: 'wait' });
  });

  test('has failed only when all say so: one endpoint’s word does not make it pay twice', () => {
    const failed = seen('finalized', { proof: { ...proof, receivedAtomic: 0n, error: 'no' } });
    expect(judgeSettlement(settlement, [failed, seen('finalized')], 2)).toMatchObject({ do: 'finalize' });
    for (const other of [none(), none(late), seen('confirmed'), seen('rumoured', { proof: null })])
      expect(judgeSettlement(settlement, [failed, other], 2).do).toBe('note');
    expect(judgeSettlement(settlement, [failed], 2).do).toBe('note');
    expect(judgeSettlement(settlement, [failed, failed], 2).do).toBe('fail');
  });

  test('has not expired on the word of one endpoint while another one is away', () => {
    expect(judgeSettlement(settlement, [none(late)], 2)).toEqual({ do: 'wait' });
    expect(judgeSettlement(settlement, [none(late), none(late)], 2)).toEqual({ do: 'expire' });
    expect(judgeSettlement(settlement, [none(late), none(late)], 3)).toEqual({ do: 'expire' });
  });

  test('without an answer nothing changes', () => {
    expect(judgeSettlement(settlement, [], 1)).toEqual({ do: 'wait' });
  });

  test('has expired only when every endpoint that answers has seen the end without it', () => {
    expect(judgeSettlement(settlement, [none(late)], 1)).toEqual({ do: 'expire' });
    expect(judgeSettlement(settlement, [none(late), none(late - 1)], 1)).toEqual({ do: 'wait' });
    expect(judgeSettlement(settlement, [none(1001)], 1)).toEqual({ do: 'wait' });
    expect(judgeSettlement(settlement, [none(late, true)], 1)).toEqual({ do: 'wait' });
    expect(
      judgeSettlement(settlement, [none(late), seen('rumoured', { finalizedHeight: late, proof: null })], 1),
    ).toEqual({ do: 'wait' });
  });

  const sighting: fc.Arbitrary<Sighting> = fc.record({
    level: fc.constantFrom('none' as const, 'rumoured' as const, 'confirmed' as const, 'finalized' as const),
    signature: fc.constantFrom('s', null),
    finalizedHeight: fc.integer({ min: 900, max: 1100 }),
    isBlind: fc.boolean(),
    proof: fc.constantFrom(proof, null),
  });
  test('is never given up while any endpoint may know of it', () => {
    fc.assert(
      fc.property(fc.array(sighting, { maxLength: 4 }), (sightings) => {
        const verdict = judgeSettlement(settlement, sightings, 1);
        if (verdict.do !== 'expire') return;
        expect(sightings.length).toBeGreaterThan(0);
        for (const one of sightings) {
          expect(one).toMatchObject({ level: 'none', isBlind: false });
          expect(one.finalizedHeight).toBeGreaterThanOrEqual(late);
        }
      }),
      { numRuns: 2000 },
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
