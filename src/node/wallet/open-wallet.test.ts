import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { AppError } from '#contract/errors.ts';
import { programs } from '#contract/settlement/known-addresses.ts';
import { gatewayInfoSchema } from '#contract/wire/node-capabilities.ts';
import { createFakeClock } from '#testing/fake-clock.ts';
import { newWalletOwner } from '#testing/wallet-owner.ts';
import { openLedger } from '../ledger/ledger.ts';
import { openNodeKey } from '../link/node-key.ts';
import { openSettings } from '../settings-store.ts';
import { openWallet, type WorkingGateway } from './open-wallet.ts';
import { payableAddress } from './payable.ts';
import { createWalletHandlers } from './wallet-handlers.ts';

const url = 'https://gateway.example';
const owner = newWalletOwner();
const thief = newWalletOwner().address;
let dir: string;
let gateway: WorkingGateway | null;
let faults: unknown[];
let endDelegation: ReturnType<typeof vi.fn<() => Promise<unknown>>>;
const closing: (() => void)[] = [];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'wallet-'));
  faults = [];
  endDelegation = vi.fn(async () => null);
  gateway = null;
});
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

const workingGateway = (): WorkingGateway => ({
  url,
  info: gatewayInfoSchema.parse({
    service: 's',
    version: '1',
    status: 'running',
    extensions: ['signed-nodes'],
  }),
  calls: { claim: () => Promise.reject(), settlements: async () => [], endDelegation },
});

function open() {
  const { clock } = createFakeClock();
  const ended = new AbortController();
  const key = openNodeKey(join(dir, 'node-key'));
  const settings = openSettings(join(dir, 'settings.json'));
  const ledger = openLedger(join(dir, 'node.db'), { clock });
  const wallet = openWallet({
    ...{ file: join(dir, 'wallet.json'), ledger, settings, key, clock, signal: ended.signal },
    gateway: () => gateway,
    pricing: () => ({ perRequestLamports: 1n, perMillionTokensLamports: 1n, cacheHitPercent: 100n }),
    onFault: (error) => faults.push(error),
  });
  const close = () => {
    ended.abort(new Error('the test has ended'));
    ledger.close();
  };
  closing.push(close);
  return {
    wallet,
    settings,
    ledger,
    close: () => closing.splice(closing.indexOf(close), 1)[0]?.(),
    bind() {
      settings.update({ network: { kind: 'gateway', url } });
      const about = { nodeKey: key.publicKey, nodeId: key.nodeId, gatewayOrigin: url };
      const signed = owner.delegate(about, clock.now(), wallet.binding.signInRequest());
      settings.update({ payoutAddress: wallet.binding.bind(signed) });
    },
  };
}

test('a settings file that was changed by hand does not change who is paid', () => {
  const before = open();
  before.bind();
  before.close();
  const file = join(dir, 'settings.json');
  writeFileSync(file, readFileSync(file, 'utf8').replaceAll(owner.address, thief));
  const edited = open();
  expect(edited.settings.current.get().payoutAddress).toBe(owner.address);
  expect(edited.wallet.status.get()).toMatchObject({ payoutAddress: owner.address, boundTo: owner.address });
  expect(faults).toMatchObject([{ code: 'wallet/proof-needed' }]);
  edited.close();
  // Nor does one that is broken, for which the defaults stand in.
  writeFileSync(file, '{');
  expect(open().settings.current.get().payoutAddress).toBe(owner.address);
});

test('an address to which the wallet agreed stays paid, whatever becomes of the settings meanwhile', async () => {
  const before = open();
  before.bind();
  const { binding } = before.wallet;
  const next = newWalletOwner().address;
  const { message } = await binding.changeRequest(next);
  // The node dies before the settings have it.
  await binding.agreeToChange({ address: next, signature: owner.signText(message ?? '') });
  before.close();
  const after = open();
  expect(after.settings.current.get().payoutAddress).toBe(next);
  expect(after.wallet.status.get()).toMatchObject({
    payoutAddress: next,
    boundTo: owner.address,
    delegation: null,
  });
});

test('a wallet’s word that is taken back while its gateway is away is taken back there when it comes', async () => {
  const node = open();
  node.bind();
  await node.wallet.revoke();
  expect(node.wallet.status.get()).toMatchObject({ delegation: null });
  node.close();
  gateway = workingGateway();
  endDelegation.mockRejectedValueOnce(new AppError('link/unreachable', 'away'));
  const again = open();
  again.wallet.changed();
  await vi.waitFor(() => expect(endDelegation).toHaveBeenCalled());
  await vi.waitFor(() => {
    again.wallet.changed();
    expect(endDelegation).toHaveBeenCalledTimes(2);
  });
  again.close();
  open().wallet.changed();
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(endDelegation).toHaveBeenCalledTimes(2);
});

test('a new sign-in at the gateway takes the place of a word that was to be taken back there', async () => {
  const node = open();
  node.bind();
  await node.wallet.revoke();
  node.bind();
  gateway = workingGateway();
  node.wallet.changed();
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(endDelegation).not.toHaveBeenCalled();
});

test('what is paid to a program or a mint nobody gets: neither call takes it', async () => {
  const { wallet, settings, ledger } = open();
  const controller = { changeSettings: settings.update, announce: () => {} };
  const setPayout = createWalletHandlers({ wallet, settings, ledger, controller })['wallet.setPayout'];
  for (const address of programs) {
    await expect((async () => setPayout({ address }))()).rejects.toMatchObject({
      code: 'wallet/invalid-address',
    });
    await expect(payableAddress(address, wallet.chain())).rejects.toThrow('what is paid there is lost');
  }
  expect(settings.current.get().payoutAddress).toBeNull();
  await setPayout({ address: ` ${thief} ` });
  expect(settings.current.get().payoutAddress).toBe(thief);
});

test('why receipts are kept back is shown while it is so, and written down once', () => {
  const { wallet } = open();
  const problem = new AppError('wallet/wrong-channel', 'The channel is another’s.');
  for (let turn = 0; turn < 3; turn++) wallet.tellReceiptProblem(problem);
  expect(wallet.status.get().receiptProblem).toEqual({ code: problem.code, message: problem.message });
  expect(faults).toEqual([problem]);
  wallet.tellReceiptProblem(null);
  expect(wallet.status.get().receiptProblem).toBeNull();
});

test('the gateway that does not hear of it is said', async () => {
  const node = open();
  node.bind();
  gateway = workingGateway();
  endDelegation.mockRejectedValueOnce(new AppError('link/unreachable', 'away'));
  await expect(node.wallet.revoke()).rejects.toMatchObject({ code: 'link/unreachable' });
  expect(node.wallet.binding.status()).toBeNull();
});
