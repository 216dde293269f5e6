import { generateKeyPairSync, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { agreementKey, isUsableKey, newPrivateKey, pairMask } from './key-agreement.ts';
import { openShares, type SealBinding, sealShares } from './sealed-shares.ts';
import { combineShares, seedSha256, shareSha256, splitSecret } from './secret-sharing.ts';

const bytes = (count: number) => new Uint8Array(randomBytes(count));

describe('shares of a secret', () => {
  test('as many as the threshold recover it, whichever they are; one fewer do not', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 3, max: 40 }).chain((holders) =>
          fc.record({
            holders: fc.constant(holders),
            threshold: fc.integer({ min: 3, max: holders }),
            order: fc.shuffledSubarray(
              Array.from({ length: holders }, (_, index) => index),
              { minLength: holders },
            ),
          }),
        ),
        async ({ holders, threshold, order }) => {
          const secret = bytes(32);
          const shares = await splitSecret(secret, holders, threshold);
          const some = (count: number) => order.slice(0, count).map((index) => shares[index] as Uint8Array);
          expect(await combineShares(some(threshold))).toEqual(secret);
          expect(await combineShares(some(threshold - 1))).not.toEqual(secret);
        },
      ),
      { numRuns: 30 },
    );
  });

  test('the same share twice gives nothing', async () => {
    const [share] = (await splitSecret(bytes(32), 3, 2)) as [Uint8Array];
    expect(await combineShares([share, share])).toBeNull();
  });

  test('what is signed of a share or a seed tells round, kind, dealer and holder apart', () => {
    const share = bytes(33);
    const bound = { context: 'aa', kind: 'seed', of: 'A', to: 'B' } as const;
    const all = [
      bound,
      { ...bound, kind: 'mask-key' as const },
      { ...bound, context: 'ab' },
      { ...bound, of: 'B', to: 'A' },
    ].map((one) => shareSha256(share, one));
    expect(new Set([...all, seedSha256(share, 'aa', 'A'), seedSha256(share, 'aa', 'B')]).size).toBe(6);
  });
});

describe('sealed shares', () => {
  const binding: SealBinding = {
    context: 'cc',
    from: 'A',
    to: 'B',
    maskKeyShareSha256: '11',
    seedShareSha256: '22',
  };
  const key = bytes(32);
  const pair = { maskKey: bytes(33), seed: bytes(33) };

  test('open for the one they are for, and differ each time', () => {
    const sealed = sealShares(key, pair, binding);
    expect(openShares(key, sealed, binding)).toEqual(pair);
    expect(sealShares(key, pair, binding)).not.toBe(sealed);
    expect(Buffer.from(sealed, 'base64')).toHaveLength(94);
  });

  test('do not open with any byte, binding or key changed', () => {
    const sealed = Buffer.from(sealShares(key, pair, binding), 'base64');
    for (let at = 0; at < sealed.length; at += 1) {
      const changed = Buffer.from(sealed);
      changed[at] = (changed[at] as number) ^ 1;
      expect(openShares(key, changed.toString('base64'), binding)).toBeNull();
    }
    for (const field of Object.keys(binding))
      expect(openShares(key, sealed.toString('base64'), { ...binding, [field]: 'Z' })).toBeNull();
    expect(openShares(bytes(32), sealed.toString('base64'), binding)).toBeNull();
    expect(openShares(key, sealed.subarray(1).toString('base64'), binding)).toBeNull();
  });
});

describe('keys that two nodes agree on', () => {
  test('a private key of 32 bytes has the public key that it was made with', () => {
    const { d = '', x = '' } = generateKeyPairSync('x25519').privateKey.export({ format: 'jwk' });
    const key = agreementKey(new Uint8Array(Buffer.from(d, 'base64url')));
    expect(Buffer.from(key.publicKey).toString('base64url')).toBe(x);
  });

  test('both sides have the same seed and opposite signs; another round, purpose or pair has another', () => {
    const [one, other] = [agreementKey(newPrivateKey()), agreementKey(newPrivateKey())];
    const mine = pairMask({ node: 'A', key: one }, { node: 'B', publicKey: other.publicKey }, 'aa');
    const theirs = pairMask({ node: 'B', key: other }, { node: 'A', publicKey: one.publicKey }, 'aa');
    expect(mine.seed).toEqual(theirs.seed);
    expect([mine.sign, theirs.sign]).toEqual([1, -1]);
    const bound = { purpose: 'mask', context: 'aa', pair: ['A', 'B'] } as const;
    const seeds = [
      mine.seed,
      one.agree(other.publicKey, { ...bound, context: 'ab' }),
      one.agree(other.publicKey, { ...bound, purpose: 'shares' }),
      one.agree(other.publicKey, { ...bound, pair: ['B', 'A'] }),
    ];
    expect(new Set(seeds.map((seed) => Buffer.from(seed).toString('hex'))).size).toBe(4);
  });

  test('a key of low order is none', () => {
    const lowOrder = [new Uint8Array(32), Uint8Array.of(1, ...new Array(31).fill(0))];
    for (const publicKey of lowOrder) {
      expect(isUsableKey(publicKey)).toBe(false);
      expect(() =>
        agreementKey(newPrivateKey()).agree(publicKey, { purpose: 'mask', context: 'aa', pair: ['A', 'B'] }),
      ).toThrow(expect.objectContaining({ code: 'training/round-untrusted' }));
    }
    expect(isUsableKey(agreementKey(newPrivateKey()).publicKey)).toBe(true);
  });
});
