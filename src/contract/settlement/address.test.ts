import { Keypair, PublicKey, SystemProgram } from '@solana/web3.js';
import bs58 from 'bs58';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { AppError } from '../errors.ts';
import { checkAddress } from './address.ts';
import { exchangeWallets, programs } from './known-addresses.ts';
import { isOnCurve } from './on-curve.ts';

const problem = (text: string) => {
  try {
    checkAddress(text);
    return 'fine';
  } catch (thrown) {
    const { code, message } = thrown as AppError;
    return `${code}: ${message}`;
  }
};

test('a wallet’s address is on the curve; one of a program’s account is not', () => {
  const wallet = Keypair.generate().publicKey.toBase58();
  expect(checkAddress(` ${wallet}\n`)).toEqual({
    address: wallet,
    onCurve: true,
    kind: 'wallet',
    warning: null,
  });
  const [account] = PublicKey.findProgramAddressSync([Buffer.from('x')], SystemProgram.programId);
  expect(checkAddress(account.toBase58())).toEqual({
    address: account.toBase58(),
    onCurve: false,
    kind: 'program-address',
    warning: 'program-address',
  });
});

test('what is wrong is said', () => {
  expect(problem('0x52908400098527886E0F7030069857D2E4169EE7')).toContain('“0”');
  expect(problem('abc')).toContain('this has 3');
  expect(problem('')).toContain('this has 0');
  expect(problem('z'.repeat(44))).toContain('wallet/invalid-address');
});

test('programs, mints and exchanges’ main wallets are no place to be paid', () => {
  for (const address of programs) expect(checkAddress(address)).toMatchObject({ warning: 'program' });
  for (const address of exchangeWallets)
    expect(checkAddress(address)).toMatchObject({ onCurve: true, warning: 'exchange-deposit' });
});

test('what lies on the curve is what web3.js says it is', () => {
  const edge = (last: number, rest: number, first: number) =>
    Uint8Array.from({ length: 32 }, (_byte, index) => (index === 0 ? first : index === 31 ? last : rest));
  // y of 0, ±1, p and above, each with either sign of x.
  for (const sign of [0, 0x80])
    for (const first of [0, 1, 0xec, 0xed, 0xee, 0xff])
      for (const [last, rest] of [
        [0, 0],
        [0x7f, 0xff],
      ] as const) {
        const bytes = edge(last | sign, rest, first);
        expect([first, sign, isOnCurve(bytes)]).toEqual([first, sign, PublicKey.isOnCurve(bytes)]);
      }
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) => {
      expect(isOnCurve(bytes)).toBe(PublicKey.isOnCurve(bytes));
      expect(checkAddress(bs58.encode(bytes)).onCurve).toBe(PublicKey.isOnCurve(bytes));
    }),
    { numRuns: 500 },
  );
});
