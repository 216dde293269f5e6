import { StandardConnect, StandardDisconnect, StandardEvents } from '@wallet-standard/features';
import bs58 from 'bs58';
import { expect, test } from 'vitest';
import { AppError } from '#contract/errors.ts';
import { failure, ok } from '#contract/result.ts';
import type { WalletAnswer, WalletQuestion } from '#contract/wallet.ts';
import { askWallet, WrongAccount } from './ask-wallet.ts';
import { BridgeWallet } from './bridge-wallet.ts';
import { walletErrorOf } from './wallet-error.ts';

const address = '7xKXtg2CW87d97TXJSDpbD5jBkheTqA83TZRuJosgAsU';
const other = 'So11111111111111111111111111111111111111112';
const signature = bs58.encode(new Uint8Array(64).fill(7));

function bridge(answer: (question: WalletQuestion) => WalletAnswer | AppError) {
  const asked: WalletQuestion[] = [];
  const stored = new Map<string, string>();
  const storage = {
    getItem: (key: string) => stored.get(key) ?? null,
    setItem: (key: string, value: string) => stored.set(key, value),
    removeItem: (key: string) => stored.delete(key),
  };
  const make = () =>
    new BridgeWallet({
      via: 'browser',
      storage,
      ask: async (question) => {
        asked.push(question);
        const given = answer(question);
        return given instanceof AppError ? failure(given) : ok(given);
      },
    });
  return { wallet: make(), again: make, asked };
}

test('a silent connect opens nothing; a wanted one asks once, and the account is known after a restart', async () => {
  const { wallet, again, asked } = bridge(() => ({ op: 'connect', address }));
  const heard: unknown[] = [];
  wallet.features[StandardEvents].on('change', ({ accounts }) => heard.push(accounts?.[0]?.address));
  expect((await wallet.features[StandardConnect].connect({ silent: true })).accounts).toEqual([]);
  expect(asked).toEqual([]);
  expect((await wallet.features[StandardConnect].connect()).accounts[0]?.address).toBe(address);
  await wallet.features[StandardConnect].connect();
  expect(asked).toHaveLength(1);
  const next = again();
  expect((await next.features[StandardConnect].connect({ silent: true })).accounts[0]?.address).toBe(address);
  await next.features[StandardDisconnect].disconnect();
  expect(again().accounts).toEqual([]);
  expect(heard).toEqual([address]);
});

test('a message is asked of the very account, with what the app says of it', async () => {
  const { wallet, asked } = bridge((question) => ({
    op: 'signMessage',
    address,
    signedMessage: question.op === 'signMessage' ? question.message : '',
    signature,
  }));
  wallet.adopt(address);
  wallet.summary = 'Agree.';
  const message = btoa('pay there');
  const question: WalletQuestion = { op: 'signMessage', summary: 'Agree.', address, message };
  expect(await askWallet(wallet, question, 'app')).toEqual({
    op: 'signMessage',
    address,
    signedMessage: message,
    signature,
  });
  expect(asked).toEqual([question]);
});

test('a sign-in goes without a domain, which is the page’s to say', async () => {
  const request = {
    statement: 'Sign in.',
    uri: 'https://gateway.example',
    version: '1',
    chainId: 'devnet',
    nonce: 'abcdefgh',
    issuedAt: '2026-01-01T00:00:00Z',
    expirationTime: '2026-02-01T00:00:00Z',
    resources: ['urn:solanalm:node-id:n'],
  };
  const delegation = { address, signed_message: btoa('text'), signature };
  const { wallet, asked } = bridge(() => ({ op: 'signIn', delegation }));
  wallet.summary = 'Sign in for 30 days.';
  const question: WalletQuestion = { op: 'signIn', summary: 'Sign in for 30 days.', request };
  expect(await askWallet(wallet, question, 'pages')).toEqual({ op: 'signIn', delegation });
  expect(asked).toEqual([question]);
  expect(wallet.accounts[0]?.address).toBe(address);
});

test('a transaction names its cluster; on a chain that is not known none is signed', async () => {
  const { wallet, asked } = bridge(() => ({ op: 'signTransaction', address, transaction: 'AQID' }));
  wallet.adopt(address);
  const question = {
    op: 'signTransaction',
    summary: '',
    address,
    cluster: 'devnet',
    transaction: 'AQ==',
  } as const;
  expect(await askWallet(wallet, question, '')).toEqual({
    op: 'signTransaction',
    address,
    transaction: 'AQID',
  });
  expect(asked[0]).toMatchObject({ cluster: 'devnet' });
  const [account] = wallet.accounts;
  if (!account) return expect.fail();
  const transaction = new Uint8Array([1]);
  const sign = wallet.features['solana:signTransaction'].signTransaction;
  await expect(sign({ account, transaction })).rejects.toMatchObject({ code: 'chain/wrong-cluster' });
  expect(asked).toHaveLength(1);
});

test('what went wrong keeps its code; a strange wallet’s no is a no, and another account is named', async () => {
  const { wallet } = bridge(() => new AppError('wallet/timed-out', 'Nobody has answered for 5 minutes.'));
  const late = await askWallet(wallet, { op: 'connect', summary: '' }, '').catch(walletErrorOf);
  expect(late).toEqual({ code: 'wallet/timed-out', message: 'Nobody has answered for 5 minutes.' });
  expect(walletErrorOf(Object.assign(new Error('User rejected the request.'), { code: 4001 }))).toEqual({
    code: 'wallet/rejected',
    message: 'User rejected the request.',
  });
  const wrong = walletErrorOf(new WrongAccount(address, other));
  expect(wrong.code).toBe('wallet/wrong-account');
  expect(wrong.message).toContain(other);
  expect(walletErrorOf({}).code).toBe('wallet/rejected');
});
