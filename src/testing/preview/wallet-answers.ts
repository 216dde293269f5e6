import type { Unit } from '#contract/assets.ts';
import { AppError } from '#contract/errors.ts';
import { phonePageUrl } from '#contract/settlement/phone-mail.ts';
import type { AddressCheck, WalletAnswer, WalletStatus, WalletWay } from '#contract/wallet.ts';
import type { MemoryAnswers, MemoryTransport } from '../memory-transport.ts';
import { payer } from './sample-data.ts';
import { sampleClaim, samplePayment, sampleSignature, sampleWallet } from './sample-wallet.ts';

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const otherAddress = '9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin';

/**
 * Calls of the wallet, which change the sample. The browser's wallet answers after two seconds, says no (`browser=rejects`) or nothing at
 * all (`browser=silent`). An address that begins with `P` is of a program's account, with `T` a program.
 */
export function walletAnswers(
  wish: URLSearchParams,
  now: number,
  unit: Unit,
  transport: () => MemoryTransport,
) {
  const cluster = wish.get('cluster');
  let status: WalletStatus = {
    ...sampleWallet(now, wish.get('wallet') ?? 'view-only', cluster),
    receiptProblem: wish.has('receipts-kept')
      ? {
          code: 'wallet/wrong-channel',
          message: 'The gateway’s channel is not that of its key and this wallet.',
        }
      : null,
  };
  let asked: { url: string; via: WalletWay; expiresAt: number; fail(error: AppError): void } | null = null;
  const put = (next: Partial<WalletStatus>) => {
    status = { ...status, ...next };
    transport().publish('wallet.status', status);
    return null;
  };
  const claim = sampleClaim(now, cluster, unit);
  const answers: MemoryAnswers = {
    'wallet.check': ({ address }): AddressCheck => {
      if (address.trim().length < 32)
        throw new AppError('wallet/invalid-address', `“${address}” has ${address.length} characters.`);
      const warning = address.startsWith('P')
        ? 'program-address'
        : address.startsWith('T')
          ? 'program'
          : null;
      return { address: address.trim(), onCurve: !warning, kind: warning ?? 'wallet', warning };
    },
    'wallet.signInRequest': () => ({
      statement: 'Let this node’s key register, report and sign receipts. It can never move money.',
      uri: 'https://gateway.solanalm.example',
      version: '1',
      chainId: 'devnet',
      nonce: 'q1w2e3r4t5y6',
      issuedAt: new Date(now).toISOString(),
      expirationTime: new Date(now + 30 * 86_400_000).toISOString(),
      resources: ['urn:solanalm:node-id:node-7f3a'],
    }),
    'wallet.bind': () => put(sampleWallet(Date.now(), 'connected', cluster)),
    'wallet.revoke': () => put({ delegation: null }),
    'wallet.changeRequest': ({ address }) => ({
      message: status.delegation ? `solanalm-payout-change-v1\n${address}` : null,
    }),
    'wallet.setPayout': ({ address }) => put({ payoutAddress: address }),
    'wallet.refresh': async () => {
      await wait(800);
      return put({ balances: status.balances && { ...status.balances, at: Date.now() } });
    },
    'payouts.prepare': async () => {
      await wait(400);
      return claim;
    },
    'payouts.submit': () => {
      const payment = samplePayment(now, claim);
      for (const [n, state] of (['submitted', 'confirmed', 'finalized'] as const).entries())
        setTimeout(() => transport().publish('payouts.latest', [{ ...payment, state }]), n * 1500);
      return payment;
    },
  };
  const desktop: MemoryAnswers = {
    'shell.info': () => ({ desktop: true }),
    'shell.walletLink': () =>
      asked && {
        url: asked.url,
        via: asked.via,
        expiresAt: asked.expiresAt,
        code: asked.via === 'phone' ? '4821' : null,
      },
    'shell.cancelWallet': () => {
      asked?.fail(new AppError('wallet/cancelled', 'The question was taken back in the app.'));
      return null;
    },
    'shell.askWallet': async ({ question, via }): Promise<WalletAnswer> => {
      const ended = Promise.withResolvers<never>();
      asked = {
        url:
          via === 'phone'
            ? phonePageUrl('https://relay.example', 'c2FtcGxlLXNhbXBsZS0wMQ', 'c2FtcGxl'.repeat(5))
            : 'http://127.0.0.1:43117/w/sample#t=sample',
        via,
        expiresAt: Date.now() + 300_000,
        fail: ended.reject,
      };
      const browser = wish.get('browser');
      await Promise.race([browser === 'silent' ? ended.promise : wait(2000), ended.promise]);
      asked = null;
      if (browser === 'rejects') throw new AppError('wallet/rejected', 'Phantom: User rejected the request.');
      switch (question.op) {
        case 'connect':
          return { op: 'connect', address: otherAddress };
        case 'signIn':
          return {
            op: 'signIn',
            delegation: { address: payer, signed_message: 'c2FtcGxl', signature: sampleSignature },
          };
        case 'signMessage': {
          const { address, message } = question;
          return { op: 'signMessage', address, signedMessage: message, signature: sampleSignature };
        }
        case 'signTransaction':
          return { op: 'signTransaction', address: question.address, transaction: question.transaction };
      }
    },
  };
  return {
    answers: wish.has('desktop') ? { ...answers, ...desktop } : answers,
    publish: () => put({}),
  };
}
