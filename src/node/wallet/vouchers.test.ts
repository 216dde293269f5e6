import bs58 from 'bs58';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { signVoucher } from '#contract/settlement/signed-voucher.ts';
import type { SignedVoucher } from '#contract/wire/voucher.ts';
import { newByteKey } from '#testing/byte-key.ts';
import { acceptVoucher, type ChannelState, type VoucherFacts } from './vouchers.ts';

const gateway = newByteKey();
const channel = bs58.encode(Buffer.alloc(32, 7));
const nowSeconds = 1_800_000_000;
const month = 30 * 86_400;
const state: ChannelState = {
  channel,
  voucheredAtomic: 1000n,
  expiresAt: BigInt(nowSeconds + month - 60),
  reachedAtomic: 1500n,
  settledAtomic: 400n,
};
const facts: VoucherFacts = {
  signer: gateway.publicKey,
  nowSeconds,
  settleWindowSeconds: 86_400,
  limitAtomic: 10_000n,
};
const voucher = (cumulativeAtomic: bigint, change: { expiresAt?: number; channel?: string } = {}) =>
  signVoucher(
    {
      channel: change.channel ?? channel,
      cumulativeAtomic,
      expiresAt: BigInt(change.expiresAt ?? nowSeconds + month),
    },
    gateway,
  );
const ruleOf = (signed: SignedVoucher, change: Partial<VoucherFacts> = {}) => {
  const decision = acceptVoucher(state, signed, { ...facts, ...change });
  return decision.result === 'refused' ? decision.rule : decision.result;
};

test('a voucher for all that was accepted is taken', () => {
  expect(acceptVoucher(state, voucher(1500n), facts)).toMatchObject({
    result: 'accepted',
    cumulativeAtomic: 1500n,
    expiresAt: BigInt(nowSeconds + month),
  });
});

test('one signed by another key than the pinned one is refused', () => {
  const stranger = newByteKey();
  const forged = signVoucher(
    { channel, cumulativeAtomic: 1500n, expiresAt: BigInt(nowSeconds + month) },
    stranger,
  );
  expect(ruleOf(forged)).toBe('signer');
  expect(ruleOf({ ...forged, signer: gateway.publicKey })).toBe('signature');
});

test('one of another length, layout or spelling is refused', () => {
  const bytes = Buffer.from(voucher(1500n).voucher, 'base64');
  const signed = (changed: Uint8Array) => ({
    voucher: Buffer.from(changed).toString('base64'),
    signer: gateway.publicKey,
    signature: gateway.signBytes(changed),
  });
  expect(ruleOf(signed(bytes.subarray(0, 49)))).toBe('bytes');
  expect(ruleOf(signed(Buffer.concat([bytes, Buffer.from([0])])))).toBe('bytes');
  expect(ruleOf(signed(Buffer.concat([Buffer.from([0x57]), bytes.subarray(1)])))).toBe('bytes');
  expect(ruleOf({ ...voucher(1500n), voucher: '*' })).toBe('bytes');
  const tooMuch = Buffer.from(bytes);
  tooMuch.writeBigUInt64LE(1n << 63n, 34);
  expect(ruleOf(signed(tooMuch))).toBe('bytes');
});

test('one of another channel is refused', () => {
  expect(ruleOf(voucher(1500n, { channel: bs58.encode(Buffer.alloc(32, 8)) }))).toBe('channel');
});

test('one that is not above the last is refused; the last one itself is known, renewed it is taken', () => {
  expect(ruleOf(voucher(999n))).toBe('increasing');
  const covered = { ...state, reachedAtomic: 1000n };
  const decide = (signed: SignedVoucher) => acceptVoucher(covered, signed, facts);
  expect(decide(voucher(1000n, { expiresAt: nowSeconds + month - 60 }))).toEqual({ result: 'known' });
  expect(decide(voucher(1000n, { expiresAt: nowSeconds + month - 61 }))).toMatchObject({
    rule: 'increasing',
  });
  expect(decide(voucher(1000n))).toMatchObject({ result: 'accepted', cumulativeAtomic: 1000n });
});

test('one that rises by less than what was accepted since is refused', () => {
  expect(ruleOf(voucher(1499n))).toBe('increment');
  expect(ruleOf(voucher(1000n, { expiresAt: nowSeconds + month - 60 }))).toBe('increment');
});

test('one that runs out within the time of settling is refused', () => {
  expect(ruleOf(voucher(1500n, { expiresAt: nowSeconds + 86_400 }))).toBe('expiry');
  expect(ruleOf(voucher(1500n, { expiresAt: nowSeconds + 86_401 }))).toBe('accepted');
});

test('one above the credit that is given is refused', () => {
  expect(ruleOf(voucher(10_400n))).toBe('accepted');
  expect(ruleOf(voucher(10_401n))).toBe('limit');
  expect(ruleOf(voucher(10_401n), { limitAtomic: null })).toBe('accepted');
});

test('whatever is taken keeps every rule, and a changed byte is never taken', () => {
  const amount = fc.bigInt({ min: 0n, max: 1n << 62n });
  fc.assert(
    fc.property(
      fc.record({ vouchered: amount, reached: amount, settled: amount, cumulative: amount, limit: amount }),
      fc.integer({ min: -100_000, max: 3_000_000 }),
      fc.integer({ min: 0, max: 49 }),
      fc.integer({ min: 1, max: 255 }),
      ({ vouchered, reached, settled, cumulative, limit }, lasts, at, flip) => {
        const known: ChannelState = {
          channel,
          voucheredAtomic: vouchered,
          expiresAt: null,
          reachedAtomic: reached,
          settledAtomic: settled % (vouchered + 1n),
        };
        const signed = voucher(cumulative, { expiresAt: nowSeconds + lasts });
        const decision = acceptVoucher(known, signed, { ...facts, limitAtomic: limit });
        const holds =
          cumulative >= vouchered &&
          cumulative >= reached &&
          lasts > facts.settleWindowSeconds &&
          cumulative - known.settledAtomic <= limit;
        expect(decision.result).toBe(holds ? 'accepted' : 'refused');
        const bytes = Buffer.from(signed.voucher, 'base64');
        bytes[at] = (bytes[at] ?? 0) ^ flip;
        const changed = { ...signed, voucher: bytes.toString('base64') };
        expect(acceptVoucher(known, changed, facts).result).toBe('refused');
      },
    ),
  );
});
