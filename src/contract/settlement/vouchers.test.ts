import { generateKeyPairSync, sign } from 'node:crypto';
import bs58 from 'bs58';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeVoucher, encodeVoucher, nativeMint, voucherBytes } from '../wire/voucher.ts';
import { channelId } from './channel-id.ts';
import type { ByteSigner } from './ed25519.ts';
import { openVoucher, signVoucher } from './signed-voucher.ts';

function newSigner(): ByteSigner {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return {
    publicKey: bs58.encode(Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url')),
    signBytes: (bytes) => bs58.encode(sign(null, bytes, privateKey)),
  };
}
const signer = newSigner();
const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 });
const voucher = fc.record({
  channel: bytes32,
  cumulativeAtomic: fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
  expiresAt: fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }),
});

test('a voucher’s 50 bytes say what went into them', () => {
  fc.assert(
    fc.property(voucher, (one) => {
      const bytes = encodeVoucher(one);
      expect(bytes).toHaveLength(voucherBytes);
      expect(decodeVoucher(bytes)).toEqual(one);
    }),
  );
  expect(() =>
    encodeVoucher({ channel: new Uint8Array(32), cumulativeAtomic: 1n << 64n, expiresAt: 0n }),
  ).toThrow('64 bits');
});

test('the layout is that of the on-chain payment-channels program', () => {
  const bytes = encodeVoucher({
    channel: new Uint8Array(32).fill(7),
    cumulativeAtomic: 0x0102030405060708n,
    expiresAt: -2n,
  });
  expect(Buffer.from(bytes).toString('hex')).toBe(`5601${'07'.repeat(32)}0807060504030201feffffffffffffff`);
});

test('a signed voucher opens for its signer and channel alone, and with any bit turned not at all', () => {
  fc.assert(
    fc.property(
      voucher,
      fc.nat({ max: voucherBytes * 8 - 1 }),
      fc.nat({ max: 511 }),
      (one, bit, signatureBit) => {
        const terms = { ...one, channel: bs58.encode(one.channel) };
        const signed = signVoucher(terms, signer);
        const expected = { signer: signer.publicKey, channel: terms.channel };
        expect(openVoucher(signed, expected)).toEqual(terms);
        const turned = Buffer.from(signed.voucher, 'base64');
        turned[bit >> 3] = (turned[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(() => openVoucher({ ...signed, voucher: turned.toString('base64') }, expected)).toThrow();
        const signature = bs58.decode(signed.signature);
        signature[signatureBit >> 3] = (signature[signatureBit >> 3] ?? 0) ^ (1 << (signatureBit & 7));
        expect(() => openVoucher({ ...signed, signature: bs58.encode(signature) }, expected)).toThrow();
      },
    ),
    { numRuns: 200 },
  );
});

test('another signer, another channel, another length or spelling are refused', () => {
  const channel = channelId({
    gatewayKey: signer.publicKey,
    payoutWallet: newSigner().publicKey,
    mint: nativeMint,
    epoch: 0n,
  });
  const signed = signVoucher({ channel, cumulativeAtomic: 5n, expiresAt: 9n }, signer);
  const expected = { signer: signer.publicKey, channel };
  const stranger = newSigner();
  expect(() =>
    openVoucher(signVoucher({ channel, cumulativeAtomic: 5n, expiresAt: 9n }, stranger), expected),
  ).toThrow(`signed by ${stranger.publicKey}`);
  expect(() =>
    openVoucher({ ...signed, signature: stranger.signBytes(new Uint8Array(50)) }, expected),
  ).toThrow('does not fit');
  expect(() => openVoucher(signed, { ...expected, channel: stranger.publicKey })).toThrow('another channel');
  expect(() => openVoucher({ ...signed, voucher: `${signed.voucher} ` }, expected)).toThrow('base64');
  const longer = Buffer.concat([Buffer.from(signed.voucher, 'base64'), Buffer.alloc(1)]).toString('base64');
  expect(() => openVoucher({ ...signed, voucher: longer }, expected)).toThrow('50 bytes');
});

test('a channel’s id depends on each of its four parts', () => {
  fc.assert(
    fc.property(bytes32, bytes32, bytes32, fc.bigInt({ min: 0n, max: 1n << 40n }), (a, b, c, epoch) => {
      fc.pre(new Set([a, b, c].map((one) => bs58.encode(one))).size === 3);
      const [gatewayKey = '', payoutWallet = '', mint = ''] = [a, b, c].map((one) => bs58.encode(one));
      const parts = { gatewayKey, payoutWallet, mint, epoch };
      const ids = [
        parts,
        { ...parts, epoch: epoch + 1n },
        { ...parts, gatewayKey: mint },
        { ...parts, payoutWallet: mint },
        { ...parts, mint: gatewayKey },
        { ...parts, gatewayKey: payoutWallet, payoutWallet: gatewayKey },
      ].map(channelId);
      expect(new Set(ids).size).toBe(ids.length);
      expect(channelId(parts)).toBe(ids[0]);
    }),
  );
  expect(() => channelId({ gatewayKey: 'abc', payoutWallet: 'abc', mint: nativeMint, epoch: 0n })).toThrow(
    '32 bytes',
  );
});
