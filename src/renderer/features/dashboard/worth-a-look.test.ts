import { expect, test } from 'vitest';
import type { Engine } from '#contract/model.ts';
import type { NodeStatus } from '#contract/node-status.ts';
import { defaultSettings, type Settings } from '#contract/settings.ts';
import { worthALook } from './worth-a-look.ts';

const status = { state: { state: 'earning', since: 0 } } as NodeStatus;
const codes = (settings: Partial<Settings>, engine: Partial<Engine> = {}) =>
  worthALook({
    status,
    settings: { ...defaultSettings, ...settings },
    engine: { restarts: 0, backend: 'cpu', ...engine } as Engine,
    resources: undefined,
    proxy: undefined,
    wallet: undefined,
  }).map(({ code }) => code);

test('a fresh node serves the tiny model and has no address', () => {
  expect(codes({})).toEqual(['tiny-model', 'no-address']);
});

test('nothing stands there when nothing is to be done', () => {
  expect(codes({ payoutAddress: 'an-address', servedModels: ['another'] })).toEqual([]);
});

test('the worst three are shown', () => {
  const free = { pricePerRequestLamports: '0', pricePerMillionTokensLamports: '0' };
  expect(codes({ ...free, listenOnAllInterfaces: true }, { restarts: 1 })).toEqual([
    'restarts',
    'open-port',
    'no-price',
  ]);
});

test('of budgets that come to their end the furthest stands first', () => {
  const warning = {
    provider: 'openai',
    period: 'day',
    spentMicroUsd: 859_000,
    budgetMicroUsd: 1_000_000,
  } as const;
  const [hint] = worthALook({
    status,
    settings: defaultSettings,
    engine: undefined,
    resources: undefined,
    proxy: { budgetWarnings: [warning, { ...warning, provider: null }] },
    wallet: undefined,
  });
  expect(hint).toEqual({
    code: 'budget-day',
    page: 'providers',
    values: { provider: 'openai', percent: 85 },
  });
});

test('the wallet’s word is to be renewed before it ends, and is missed when it has', () => {
  const delegation = {
    address: 'a',
    gateway: 'https://gateway.example',
    issuedAt: 0,
    expiresAt: 1,
    isRenewalDue: true,
    isExpired: false,
  };
  const firstOf = (isExpired: boolean) =>
    worthALook({
      status,
      settings: defaultSettings,
      engine: undefined,
      resources: undefined,
      proxy: undefined,
      wallet: { delegation: { ...delegation, isExpired } },
    })[0];
  expect(firstOf(false)).toEqual({ code: 'wallet-renewal', page: 'earnings' });
  expect(firstOf(true)).toEqual({ code: 'wallet-expired', page: 'earnings' });
});

test('a gateway that is not given its receipts stands first', () => {
  const [hint] = worthALook({
    status,
    settings: defaultSettings,
    engine: undefined,
    resources: undefined,
    proxy: undefined,
    wallet: {
      delegation: null,
      receiptProblem: { code: 'wallet/wrong-channel', message: 'It is not yours.' },
    },
  });
  expect(hint).toEqual({ code: 'receipts-kept', page: 'earnings' });
});
