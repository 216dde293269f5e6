import { generateKeyPairSync } from 'node:crypto';
import bs58 from 'bs58';
import { expect, test } from 'vitest';
import { signVoucher } from '#contract/settlement/signed-voucher.ts';
import { type Receipt, receiptText } from '#contract/wire/receipt.ts';
import { sha256Hex, signingKey } from '#node/link/ed25519.ts';
import { newByteKey } from '#testing/byte-key.ts';
import { checkReceipt, checkVoucher } from './signature-check.ts';

const key = signingKey(
  generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
);
const gateway = newByteKey();
const receipt: Receipt = {
  v: 1,
  request_id: 'req-1',
  node_id: 'slm-1',
  node_key: key.publicKey,
  gateway: gateway.publicKey,
  payer: 'payer',
  model: 'größe',
  config_sha256: '0'.repeat(64),
  input_sha256: '1'.repeat(64),
  output_sha256: '2'.repeat(64),
  tokens_prompt: 3,
  tokens_generated: 4,
  price_atomic: '1040',
  asset: 'SOL',
  network: 'localnet',
  seq: 1,
  issued_at: 1,
};
const signed = { receipt, signature: key.sign(receiptText(receipt)) };

test('what the node has signed is found to be signed, with the hash of the very text', async () => {
  const check = await checkReceipt(signed);
  expect(check.isSigned).toBe(true);
  expect(check.text).toBe(receiptText(receipt));
  expect(check.sha256).toBe(sha256Hex(receiptText(receipt)));
});

test.each([
  ['a higher price', { ...signed, receipt: { ...receipt, price_atomic: '10400' } }],
  ['another key', { ...signed, receipt: { ...receipt, node_key: gateway.publicKey } }],
  ['a key that is none', { ...signed, receipt: { ...receipt, node_key: '1'.repeat(40) } }],
  ['another receipt’s signature', { ...signed, signature: key.sign('another') }],
  ['letters that are no base58', { ...signed, signature: '0'.repeat(80) }],
])('a receipt with %s is not', async (_what, tampered) => {
  expect((await checkReceipt(tampered)).isSigned).toBe(false);
});

test('a voucher covers what lies before its sum, in its channel, if the gateway signed it', async () => {
  const channel = bs58.encode(Buffer.alloc(32, 7));
  const voucher = signVoucher({ channel, cumulativeAtomic: 1000n, expiresAt: 2_000_000_000n }, gateway);
  const expected = { gatewayKey: gateway.publicKey, channel, cumulativeAtomic: 1000n };
  expect(await checkVoucher(voucher, expected)).toEqual({ isSigned: true, isGateways: true, covers: true });
  expect(await checkVoucher(voucher, { ...expected, cumulativeAtomic: 1001n })).toMatchObject({
    covers: false,
  });
  const other = bs58.encode(Buffer.alloc(32, 8));
  expect(await checkVoucher(voucher, { ...expected, channel: other })).toMatchObject({ covers: false });
  expect(await checkVoucher(voucher, { ...expected, gatewayKey: key.publicKey })).toMatchObject({
    isGateways: false,
  });
  const more = signVoucher({ channel, cumulativeAtomic: 5000n, expiresAt: 2_000_000_000n }, gateway);
  expect(await checkVoucher({ ...voucher, voucher: more.voucher }, expected)).toMatchObject({
    isSigned: false,
  });
  expect(await checkVoucher({ ...voucher, voucher: 'AAAA' }, expected)).toEqual({
    isSigned: false,
    isGateways: true,
    covers: false,
  });
});
