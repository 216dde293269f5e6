import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Contribution, divideReward, type Unmeasured, unmeasuredWhenSecure } from './rewards.ts';

const one = (nodeKey: string, change: Partial<Contribution> = {}): Contribution => ({
  nodeKey,
  examples: 100,
  seconds: 60,
  threads: 2,
  improvement: 0.1,
  reliability: 1,
  ...change,
});

const amount = fc.oneof(
  fc.double({ min: 0, max: 1e9 }),
  fc.constantFrom(0, Number.NaN, Number.POSITIVE_INFINITY, -5),
);
const contributions = fc
  .array(
    fc.record({
      examples: amount,
      seconds: amount,
      threads: fc.integer({ min: 1, max: 1024 }),
      improvement: fc.option(amount),
      reliability: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
    { minLength: 1, maxLength: 30 },
  )
  .map((all) => all.map((values, index): Contribution => ({ nodeKey: `n${index}`, ...values })));
const unmeasured = fc.constantFrom<Unmeasured>({}, unmeasuredWhenSecure, { quality: 'Not evaluated.' });
const pool = fc.bigInt({ min: 0n, max: 10n ** 17n });

const priceOf = (rewards: ReturnType<typeof divideReward>, nodeKey: string) =>
  rewards.get(nodeKey)?.priceLamports ?? -1n;
const partOf = (rewards: ReturnType<typeof divideReward>, nodeKey: string, part: string) =>
  rewards.get(nodeKey)?.parts.find((found) => found.part === part);

describe('a round’s reward', () => {
  test('is never more than the pool, and never less than nothing', () => {
    fc.assert(
      fc.property(pool, contributions, unmeasured, (lamports, all, missing) => {
        const rewards = [...divideReward(lamports, all, missing).values()];
        expect(rewards).toHaveLength(all.length);
        const paid = rewards.reduce((sum, { priceLamports }) => sum + priceLamports, 0n);
        expect(paid <= lamports).toBe(true);
        for (const { priceLamports, feeLamports, parts } of rewards) {
          expect(priceLamports >= 0n).toBe(true);
          expect(feeLamports).toBe((priceLamports * 3n) / 100n);
          expect(parts.reduce((sum, part) => sum + BigInt(part.lamports), 0n)).toBe(priceLamports);
          expect(parts.reduce((sum, { percent }) => sum + percent, 0)).toBe(100);
        }
      }),
    );
  });

  test('loses at most a lamport for each part and node to rounding, where each part has someone', () => {
    const whole = contributions.map((all) => [...all, one('sure')]);
    fc.assert(
      fc.property(pool, whole, unmeasured, (lamports, all, missing) => {
        const rewards = [...divideReward(lamports, all, missing).values()];
        const paid = rewards.reduce((sum, { priceLamports }) => sum + priceLamports, 0n);
        expect(lamports - paid <= 4n * BigInt(all.length) + 4n).toBe(true);
      }),
    );
  });

  test('does not depend on the order of the nodes', () => {
    fc.assert(
      fc.property(pool, contributions, (lamports, all) => {
        const forwards = divideReward(lamports, all);
        const backwards = divideReward(lamports, [...all].reverse());
        for (const { nodeKey } of all) expect(backwards.get(nodeKey)).toEqual(forwards.get(nodeKey));
      }),
    );
  });

  test('gives a node that did more of one thing no less', () => {
    const what = fc.constantFrom('examples', 'improvement', 'reliability' as const);
    fc.assert(
      fc.property(
        pool,
        contributions,
        what,
        fc.double({ min: 1, max: 10, noNaN: true }),
        (lamports, all, name, times) => {
          const [first, ...rest] = all as [Contribution, ...Contribution[]];
          const usual = {
            ...first,
            [name]: Number.isFinite(first[name]) ? Math.max(0, first[name] ?? 0) : 0,
          };
          const more = { ...usual, [name]: (usual[name] as number) * times };
          const before = priceOf(divideReward(lamports, [usual, ...rest]), usual.nodeKey);
          const after = priceOf(divideReward(lamports, [more, ...rest]), usual.nodeKey);
          // Shares are counted in 2⁻⁵² of the greatest.
          expect(after + lamports / 10n ** 14n + 4n >= before).toBe(true);
        },
      ),
    );
  });
});

describe('its parts', () => {
  test('are 30, 25, 25 and 20 %', () => {
    const rewards = divideReward(1_000_000n, [one('a'), one('b', { examples: 300 })]);
    expect(rewards.get('a')?.parts).toEqual([
      { part: 'data', percent: 30, share: 0.25, lamports: '75000' },
      { part: 'compute', percent: 25, share: 0.5, lamports: '125000' },
      { part: 'quality', percent: 25, share: 0.5, lamports: '125000' },
      { part: 'reliability', percent: 20, share: 0.5, lamports: '100000' },
    ]);
    expect(rewards.get('a')).toMatchObject({ priceLamports: 425_000n, feeLamports: 12_750n });
  });

  test('a part of which nobody has a share stays with the gateway', () => {
    const rewards = divideReward(1000n, [one('a', { improvement: 0 }), one('b', { improvement: 0 })]);
    expect(priceOf(rewards, 'a') + priceOf(rewards, 'b')).toBe(750n);
  });

  test('dawdling pays nothing: the time of the slower half counts as the median', () => {
    const all = [one('a', { seconds: 50 }), one('b', { seconds: 60 }), one('c', { seconds: 70 })];
    const slower = [...all.slice(0, 2), one('c', { seconds: 7000 })];
    expect(priceOf(divideReward(10_000n, slower), 'c')).toBe(priceOf(divideReward(10_000n, all), 'c'));
    const idle = divideReward(10_000n, [one('a', { seconds: 0 }), one('b')]);
    expect(partOf(idle, 'b', 'compute')?.share).toBe(1);
    const two = divideReward(10_000n, [one('a', { seconds: 10 }), one('b', { seconds: 1000 })]);
    expect(partOf(two, 'b', 'compute')?.share).toBe(0.5);
  });

  test('under secure aggregation data and quality are left out, said so, and divided among the others', () => {
    const rewards = divideReward(1_000_000n, [one('a'), one('b', { examples: 1e6 })], unmeasuredWhenSecure);
    expect(rewards.get('a')?.parts).toEqual([
      { part: 'data', percent: 0, share: null, lamports: '0' },
      { part: 'compute', percent: 56, share: 0.5, lamports: '280000' },
      { part: 'quality', percent: 0, share: null, lamports: '0' },
      { part: 'reliability', percent: 44, share: 0.5, lamports: '220000' },
    ]);
    expect(rewards.get('a')?.leftOut).toEqual([
      expect.stringContaining('only claimed'),
      expect.stringContaining('no single update'),
    ]);
  });
});
