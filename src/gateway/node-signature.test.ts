import { expect, test } from 'vitest';
import { nodeHeaders, nodeRequestText } from '#contract/wire/signed-request.ts';
import { newKey } from '#testing/scripted-api.ts';
import { sha256Hex } from './ed25519.ts';
import { createNodeSignatureCheck } from './node-signature.ts';

const minute = 60_000;
const signedAtMs = Date.UTC(2026, 0, 15, 12);
const body = new Uint8Array([1, 2, 3]);

/** A check ten minutes after the signing. */
function late() {
  const key = newKey();
  const facts = { method: 'POST', path: '/federated/rounds/one/update' };
  const timestamp = signedAtMs / 1000;
  const headers: Record<string, string> = {
    [nodeHeaders.key]: key.publicKey,
    [nodeHeaders.timestamp]: `${timestamp}`,
    [nodeHeaders.nonce]: 'once',
    [nodeHeaders.signature]: key.sign(
      nodeRequestText({ ...facts, timestamp, nonce: 'once', bodySha256: sha256Hex(body) }),
    ),
  };
  const check = createNodeSignatureCheck(() => signedAtMs + 10 * minute);
  return {
    key: key.publicKey,
    check: (arrivedMs?: number) =>
      check({
        ...{ ...facts, body, header: (name: string) => headers[name] },
        ...(arrivedMs === undefined ? {} : { arrivedMs }),
      }),
  };
}

test('an update that took ten minutes to arrive is taken, for it was signed when it began; once only', () => {
  const { key, check } = late();
  expect(check(signedAtMs + minute)).toBe(key);
  expect(() => check(signedAtMs + minute)).toThrow(/came before/);
});

test('one that began too late is not taken', () => {
  expect(() => late().check()).toThrow(/seconds off/);
  expect(() => late().check(signedAtMs + 6 * minute)).toThrow(/seconds off/);
});
