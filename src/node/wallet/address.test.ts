import { Keypair, PublicKey, SystemProgram } from '@solana/web3.js';
import { expect, test } from 'vitest';
import { checkAddress } from './address.ts';
import { exchangeWallets, programs } from './known-addresses.ts';

const problem = (text: string) =>
  checkAddress(text).then(
    () => 'fine',
    (error) => `${error.code}: ${error.message}`,
  );

test('a wallet’s address is on the curve; one of a program’s account is not', async () => {
  const wallet = Keypair.generate().publicKey.toBase58();
  expect(await checkAddress(` ${wallet}\n`)).toEqual({
    address: wallet,
    onCurve: true,
    kind: 'wallet',
    warning: null,
  });
  const [account] = PublicKey.findProgramAddressSync([Buffer.from('x')], SystemProgram.programId);
  expect(await checkAddress(account.toBase58())).toEqual({
    address: account.toBase58(),
    onCurve: false,
    kind: 'program-address',
    warning: 'program-address',
  });
});

test('what is wrong is said', async () => {
  expect(await problem('0x52908400098527886E0F7030069857D2E4169EE7')).toContain('“0”');
  expect(await problem('abc')).toContain('this has 3');
  expect(await problem('')).toContain('this has 0');
  expect(await problem('z'.repeat(44))).toContain('wallet/invalid-address');
});

test('programs, mints and exchanges’ main wallets are no place to be paid', async () => {
  for (const address of programs) expect(await checkAddress(address)).toMatchObject({ warning: 'program' });
  for (const address of exchangeWallets)
    expect(await checkAddress(address)).toMatchObject({ onCurve: true, warning: 'exchange-deposit' });
});
