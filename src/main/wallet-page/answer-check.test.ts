import { createPrivateKey, sign } from 'node:crypto';
import {
  Keypair,
  SystemProgram,
  type TransactionInstruction,
  TransactionMessage,
  VersionedTransaction,
} from '@solana/web3.js';
import bs58 from 'bs58';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { AppError } from '#contract/errors.ts';
import { delegationRequest } from '#contract/settlement/delegation.ts';
import { signInText } from '#contract/settlement/sign-in-text.ts';
import type { WalletAnswer, WalletQuestion } from '#contract/wallet.ts';
import type { SignIn } from '#contract/wire/delegation.ts';
import { checkAnswer } from './answer-check.ts';
import { takeApart } from './signed-transaction.ts';

const wallet = Keypair.generate();
const gateway = Keypair.generate();
const address = wallet.publicKey.toBase58();
const recentBlockhash = Keypair.generate().publicKey.toBase58();
const pay = (lamports: number, from = gateway) =>
  SystemProgram.transfer({ fromPubkey: from.publicKey, toPubkey: wallet.publicKey, lamports });

function transaction(instructions: TransactionInstruction[], signers: Keypair[], isLegacy = false): string {
  const message = new TransactionMessage({ payerKey: wallet.publicKey, recentBlockhash, instructions });
  const made = new VersionedTransaction(
    isLegacy ? message.compileToLegacyMessage() : message.compileToV0Message(),
  );
  made.sign(signers);
  return Buffer.from(made.serialize()).toString('base64');
}

/** Node’s own Ed25519, with a key of web3.js. */
function signed(bytes: Uint8Array, by: Keypair): string {
  const [d, x] = [by.secretKey.slice(0, 32), by.secretKey.slice(32)].map((part) =>
    Buffer.from(part).toString('base64url'),
  );
  const key = createPrivateKey({ key: { kty: 'OKP', crv: 'Ed25519', d: `${d}`, x: `${x}` }, format: 'jwk' });
  return bs58.encode(sign(null, bytes, key));
}

const asked = (text: string): WalletQuestion => ({
  op: 'signTransaction',
  summary: '',
  address,
  cluster: 'localnet',
  transaction: text,
});
const answered = (text: string, by = address): WalletAnswer => ({
  op: 'signTransaction',
  address: by,
  transaction: text,
});
const codeOf = (question: WalletQuestion, answer: WalletAnswer) => {
  try {
    checkAnswer(question, answer, '127.0.0.1:43117');
    return 'fine';
  } catch (thrown) {
    return (thrown as AppError).code;
  }
};

test('a payout that gateway and wallet have signed is fine, in either version of the format', () => {
  for (const isLegacy of [true, false]) {
    const question = asked(transaction([pay(5)], [gateway], isLegacy));
    expect(codeOf(question, answered(transaction([pay(5)], [gateway, wallet], isLegacy)))).toBe('fine');
  }
});

test('another amount, a signature that is gone or false, another account: none of it passes', () => {
  const question = asked(transaction([pay(5)], [gateway]));
  expect(codeOf(question, answered(transaction([pay(4)], [gateway, wallet])))).toBe('wallet/bad-transaction');
  expect(codeOf(question, answered(transaction([pay(5)], [wallet])))).toBe('wallet/bad-transaction');
  expect(codeOf(question, answered(transaction([pay(5)], [gateway])))).toBe('wallet/bad-signature');
  const other = Keypair.generate().publicKey.toBase58();
  expect(codeOf(question, answered(transaction([pay(5)], [gateway, wallet]), other))).toBe(
    'wallet/wrong-account',
  );
  expect(codeOf(question, answered('AQID'))).toBe('wallet/bad-transaction');
  expect(codeOf(question, { op: 'connect', address })).toBe('wallet/bad-signature');
});

test('a payout that was changed is refused, though the gateway’s signature was left on it', () => {
  const question = asked(transaction([pay(5)], [gateway]));
  const changed = VersionedTransaction.deserialize(
    Buffer.from(transaction([pay(4)], [gateway, wallet]), 'base64'),
  );
  const given = takeApart(Buffer.from(transaction([pay(5)], [gateway]), 'base64'));
  changed.signatures[1] = given?.signatures[1] ?? new Uint8Array(64);
  const text = Buffer.from(changed.serialize()).toString('base64');
  expect(codeOf(question, answered(text))).toBe('wallet/bad-transaction');
});

test('a sign-in is the very text that was asked for, under the signature of who signs in', () => {
  const request = delegationRequest(
    { nodeKey: address, nodeId: 'node', gatewayOrigin: 'http://gateway.example' },
    Date.now(),
    'nonce1234',
  );
  const question: WalletQuestion = { op: 'signIn', summary: '', request };
  const signIn = (change: Partial<SignIn> = {}, by = wallet): WalletAnswer => {
    const text = Buffer.from(signInText({ domain: '127.0.0.1:43117', address, ...request, ...change }));
    return {
      op: 'signIn',
      delegation: { address, signed_message: text.toString('base64'), signature: signed(text, by) },
    };
  };
  expect(codeOf(question, signIn())).toBe('fine');
  for (const change of [
    { domain: 'evil.example' },
    { nonce: 'nonce12345' },
    { statement: 'Let this node move money.' },
    { resources: [...request.resources, 'urn:solanalm:scope:spend'] },
    { expirationTime: new Date(Date.now() + 1e12).toISOString() },
  ])
    expect(codeOf(question, signIn(change))).toBe('wallet/bad-signature');
  expect(codeOf(question, signIn({}, gateway))).toBe('wallet/bad-signature');
});

test('a message is the very one that was asked for, under the signature of who was asked', () => {
  const message = Buffer.from('SolanaLM node: change who is paid');
  const question: WalletQuestion = {
    op: 'signMessage',
    summary: '',
    address,
    message: message.toString('base64'),
  };
  const answer = (text: Buffer, by = wallet): WalletAnswer => ({
    op: 'signMessage',
    address,
    signedMessage: text.toString('base64'),
    signature: signed(text, by),
  });
  expect(codeOf(question, answer(message))).toBe('fine');
  expect(codeOf(question, answer(Buffer.from('SolanaLM node: change whom I pay')))).toBe(
    'wallet/bad-signature',
  );
  expect(codeOf(question, answer(message, gateway))).toBe('wallet/bad-signature');
});

test('where nobody has signed before, what a wallet adds is left to the node to judge', () => {
  const question = asked(transaction([pay(5, wallet)], []));
  const guarded = transaction([pay(5, wallet), pay(0, wallet)], [wallet]);
  expect(codeOf(question, answered(guarded))).toBe('fine');
});

test('with any byte changed a signed transaction is refused, and any bytes at all are taken apart safely', () => {
  const question = asked(transaction([pay(5)], [gateway]));
  const good = Buffer.from(transaction([pay(5)], [gateway, wallet]), 'base64');
  fc.assert(
    fc.property(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const bad = Buffer.from(good);
      bad[at] = (bad[at] ?? 0) ^ change;
      expect(codeOf(question, answered(bad.toString('base64')))).not.toBe('fine');
    }),
    { numRuns: 300 },
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
      const parts = takeApart(bytes);
      if (!parts) return;
      expect(parts.signatures.every((signature) => signature.length === 64)).toBe(true);
      expect(parts.signers.every((signer) => signer.length === 32)).toBe(true);
    }),
  );
});

test('a connection’s address has 32 bytes', () => {
  const question: WalletQuestion = { op: 'connect', summary: '' };
  expect(codeOf(question, { op: 'connect', address })).toBe('fine');
  expect(codeOf(question, { op: 'connect', address: bs58.encode(new Uint8Array(31).fill(1)) })).toBe(
    'wallet/invalid-address',
  );
});
