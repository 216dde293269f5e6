import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { nodeHeaders, nodeRequestText } from '#contract/wire/signed-request.ts';
import { newKey } from '#testing/scripted-api.ts';
import { openDatabase } from './database.ts';
import { sha256Hex } from './ed25519.ts';
import { createNodeSignatureCheck } from './node-signature.ts';

const minute = 60_000;
const signedAtMs = Date.UTC(2026, 0, 15, 12);
const body = new Uint8Array([1, 2, 3]);

let dir: string;
let database: ReturnType<typeof openDatabase>;
let nowMs: number;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'nonces-'));
  database = openDatabase(join(dir, 'gateway.db'));
  nowMs = signedAtMs + 10 * minute;
});
afterEach(() => {
  database.close();
  rmSync(dir, { recursive: true });
});

/** A call's check, ten minutes after its signing unless a test turns the clock. */
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
  const check = createNodeSignatureCheck(database, () => nowMs);
  return {
    ...{ headers, facts },
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

test('what was signed by another key, or says something else than was signed, is not taken', () => {
  const { headers, facts, key } = late();
  const check = createNodeSignatureCheck(database, () => nowMs);
  const asked = (change: object, changed: Record<string, string> = {}) =>
    check({
      ...{ ...facts, body, arrivedMs: signedAtMs },
      ...{ header: (name: string) => ({ ...headers, ...changed })[name], ...change },
    });
  for (const [change, changed] of [
    [{ method: 'DELETE' }],
    [{ path: '/nodes/other' }],
    [{ body: new Uint8Array([1, 2, 4]) }],
    [{}, { [nodeHeaders.key]: newKey().publicKey }],
    [{}, { [nodeHeaders.nonce]: 'twice' }],
    [{}, { [nodeHeaders.timestamp]: `${signedAtMs / 1000 + 1}` }],
    [{}, { [nodeHeaders.signature]: newKey().sign('anything') }],
  ] as [object, Record<string, string>?][])
    expect(() => asked(change, changed)).toThrow(/does not fit/);
  // None of these has used the nonce up.
  expect(asked({})).toBe(key);
});

test('a copy that dribbles in for as long as a body may is known as one', () => {
  const { key, check } = late();
  nowMs = signedAtMs;
  expect(check()).toBe(key);
  nowMs = signedAtMs + 60 * minute;
  expect(() => check(signedAtMs + 4 * minute)).toThrow(/came before/);
});

test('what could not be copied any more is not kept', () => {
  late().check(signedAtMs);
  nowMs += 71 * minute;
  const other = late();
  expect(() => other.check(nowMs)).toThrow(/seconds off/);
  expect(other.check(signedAtMs)).toBe(other.key);
  expect(database.prepare('SELECT COUNT(*) AS n FROM call_nonces').get()).toEqual({ n: 1n });
});
