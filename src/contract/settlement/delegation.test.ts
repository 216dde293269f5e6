import { generateKeyPairSync, sign } from 'node:crypto';
import { createSignInMessageText } from '@solana/wallet-standard-util';
import bs58 from 'bs58';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Delegation, SignIn } from '../wire/delegation.ts';
import { checkDelegation, delegationRequest } from './delegation.ts';
import { parseSignInText, signInText } from './sign-in-text.ts';

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const address = bs58.encode(Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url'));
const now = Date.parse('2026-11-26T12:00:00Z');
const node = {
  nodeKey: bs58.encode(Buffer.alloc(32, 9)),
  nodeId: 'slm-1',
  gatewayOrigin: 'https://gateway.example',
};

const signText = (text: string): Delegation => ({
  address,
  signed_message: Buffer.from(text).toString('base64'),
  signature: bs58.encode(sign(null, Buffer.from(text), privateKey)),
});
const asked = (change: Partial<SignIn> = {}): SignIn => ({
  domain: '127.0.0.1:43117',
  address,
  ...delegationRequest(node, now, 'abcdefgh12'),
  ...change,
});
const check = (signIn: SignIn, at = now) =>
  checkDelegation(signText(signInText(signIn)), { ...node, now: at });
const checkWith = (relays: string[], domain: string) =>
  checkDelegation(signText(signInText(asked({ domain }))), { ...node, now, relays });

/** From the ABNF: what each part may be. */
const some = (unit: fc.Arbitrary<string>, least: number, most: number) =>
  fc.string({ unit, minLength: least, maxLength: most });
const letters = (text: string) => fc.constantFrom(...text);
const alphanumeric = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';
const ofStatement = letters(`${alphanumeric}-._~:/?#[]@!$&'()*+,;= `);
const ofUri = some(letters(`${alphanumeric}-._~:/?#@!$&'()*+,;=%`), 0, 30).map((rest) => `urn:${rest}`);
const instant = fc
  .date({ min: new Date(0), max: new Date('2100-01-01'), noInvalidDate: true })
  .map((date) => date.toISOString());
const label =
  /^(URI: |Version: |Chain ID: |Nonce: |Issued At: |Expiration Time: |Not Before: |Request ID: |Resources:)/;
const signIns: fc.Arbitrary<SignIn> = fc
  .record(
    {
      domain: some(letters(`${alphanumeric}-.:`), 1, 20),
      address: fc.constant(address),
      statement: some(ofStatement, 1, 60).filter((text) => !label.test(text)),
      uri: ofUri,
      version: fc.constant('1'),
      chainId: fc.constantFrom('mainnet', 'devnet', 'solana:localnet'),
      nonce: some(letters(alphanumeric), 8, 20),
      issuedAt: instant,
      expirationTime: instant,
      notBefore: instant,
      requestId: some(letters(`${alphanumeric}-.`), 1, 10),
      resources: fc.array(ofUri, { maxLength: 4 }),
    },
    { requiredKeys: ['domain', 'address'] },
  )
  .map((one) => ({ ...one }));

describe('the text of Sign In With Solana', () => {
  test('is read back as it was written, and is the text that wallets write', () => {
    fc.assert(
      fc.property(signIns, (one) => {
        const text = signInText(one);
        expect(parseSignInText(text)).toEqual(one);
        expect(text).toBe(createSignInMessageText(one as never));
      }),
      { numRuns: 500 },
    );
  });

  test('with any letter changed says something else or nothing', () => {
    const text = signInText(asked());
    fc.assert(
      fc.property(fc.nat({ max: text.length - 1 }), fc.integer({ min: 9, max: 126 }), (at, code) => {
        const changed = text.slice(0, at) + String.fromCharCode(code) + text.slice(at + 1);
        fc.pre(changed !== text);
        const read = (() => {
          try {
            return parseSignInText(changed);
          } catch {
            return null;
          }
        })();
        if (read) expect(signInText(read)).toBe(changed);
      }),
      { numRuns: 500 },
    );
  });

  test.each([
    ['a field nobody knows', 'Version: 1', 'Version: 1\nColour: red', 'Colour: red'],
    [
      'fields in another order',
      'Version: 1\nNonce: abcdefgh12',
      'Nonce: abcdefgh12\nVersion: 1',
      'Version: 1',
    ],
    ['a field twice', 'Version: 1', 'Version: 1\nVersion: 1', 'Version: 1'],
    ['a short nonce', 'Nonce: abcdefgh12', 'Nonce: abc', 'Nonce: abc'],
    ['another version', 'Version: 1', 'Version: 2', 'Version: 2'],
    ['carriage returns', 'Version: 1\n', 'Version: 1\r\n', 'Version: 1\r'],
    ['a date that is none', 'Issued At: 2026-11', 'Issued At: 2026-77', 'Issued At: 2026-77'],
    ['something at the end', '- urn:solanalm:scope', '-urn:solanalm:scope', '-urn:solanalm:scope'],
  ])('%s is refused, with its line', (_name, from, to, line) => {
    const text = signInText(asked()).replace(from, to);
    expect(() => parseSignInText(text)).toThrow(line);
  });

  test('a statement that reads like a field cannot be written', () => {
    expect(() => signInText({ domain: 'localhost', address, statement: 'Nonce: not really' })).toThrow();
    expect(() => signInText({ domain: 'localhost', address, statement: 'two\nlines' })).toThrow();
  });
});

describe('a delegation', () => {
  test('holds for its node, gateway and time', () => {
    const days30 = 30 * 86_400_000;
    expect(check(asked())).toEqual({ address, issuedAt: now, expiresAt: now + days30 });
    for (const domain of ['localhost:43119', '[::1]:80', 'gateway.example'])
      expect(check(asked({ domain }))).toMatchObject({ address });
  });

  test('a page of a relay that is known is taken, at its very host and port', () => {
    const relays = ['https://relay.example', 'http://192.168.1.2:8117'];
    for (const domain of ['relay.example', '192.168.1.2:8117'])
      expect(checkWith(relays, domain)).toMatchObject({ address });
    for (const domain of [
      'relay.example:8117',
      '192.168.1.2',
      'a.relay.example',
      'relay.example.evil.example',
    ])
      expect(() => checkWith(relays, domain)).toThrow('Line 1');
    expect(() => checkWith([], 'relay.example')).toThrow('Line 1');
  });

  const resources = delegationRequest(node, now, 'abcdefgh12').resources;
  test.each<[string, Partial<SignIn>, string]>([
    ['another page', { domain: 'evil.example' }, 'Line 1, “evil.example wants'],
    ['a page that looks local', { domain: '127.0.0.1.evil.example' }, 'Line 1'],
    ['no version', { version: undefined }, '“Version:” is missing'],
    ['no end', { expirationTime: undefined }, '“Expiration Time:” is missing'],
    ['31 days', { expirationTime: new Date(now + 31 * 86_400_000).toISOString() }, 'more than 30 days'],
    ['a date to come', { issuedAt: new Date(now + 400_000).toISOString() }, 'in the future'],
    ['a beginning to come', { notBefore: new Date(now + 1000).toISOString() }, 'Not Before'],
    [
      'more than our scope',
      { resources: [...resources, 'urn:solanalm:scope:pay'] },
      '“- urn:solanalm:scope:pay”, is not',
    ],
    ['another node’s key', { resources: resources.with(0, 'urn:solanalm:node-key:x') }, 'node-key:x'],
    ['another node', { resources: resources.with(1, 'urn:solanalm:node-id:x') }, 'node-id:x'],
    ['another gateway', { resources: resources.with(2, 'https://other.example') }, 'https://other.example'],
    ['no scope', { resources: resources.slice(0, 3) }, 'scope:register,health,receipt” is missing'],
    ['no resources', { resources: undefined }, 'is missing'],
    ['another address', { address: bs58.encode(Buffer.alloc(32, 3)) }, 'Line 2'],
  ])('with %s is refused, with its line', (_name, change, message) => {
    const signIn = Object.fromEntries(
      Object.entries(asked(change)).filter(([, value]) => value !== undefined),
    );
    expect(() => check(signIn as SignIn)).toThrow(message);
  });

  test('is refused after its end', () => {
    expect(() => check(asked(), now + 30 * 86_400_000)).toThrow('is past');
  });

  test('with any byte of text or signature changed is refused', () => {
    const good = signText(signInText(asked()));
    const bytes = Buffer.from(good.signed_message, 'base64');
    fc.assert(
      fc.property(fc.nat({ max: bytes.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, mask) => {
        const changed = Buffer.from(bytes);
        changed[at] = (changed[at] ?? 0) ^ mask;
        const tampered = { ...good, signed_message: changed.toString('base64') };
        expect(() => checkDelegation(tampered, { ...node, now })).toThrow();
      }),
      { numRuns: 500 },
    );
    const signature = bs58.decode(good.signature);
    signature[5] = (signature[5] ?? 0) ^ 1;
    expect(() => checkDelegation({ ...good, signature: bs58.encode(signature) }, { ...node, now })).toThrow(
      'signature is not',
    );
  });
});
