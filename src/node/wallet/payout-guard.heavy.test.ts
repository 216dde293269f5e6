import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startHostProcess } from '#testing/host-process.ts';
import { newWalletOwner } from '#testing/wallet-owner.ts';
import { openNodeKey } from '../link/node-key.ts';

let profile: string;
beforeEach(() => {
  profile = mkdtempSync(join(tmpdir(), 'payout-guard-'));
});
afterEach(() => rmSync(profile, { recursive: true, force: true }));

test('settings.update changes no address to which a wallet has agreed, nor anything along with it, also after a restart', async () => {
  const owner = newWalletOwner();
  const other = newWalletOwner().address;
  const { nodeId, publicKey } = openNodeKey(join(profile, 'node-key'));
  const about = { nodeKey: publicKey, nodeId, gatewayOrigin: 'https://gateway.example' };
  const network = { kind: 'gateway' as const, url: about.gatewayOrigin };
  let host = await startHostProcess(profile);
  const paid = async () => (await host.call('settings.get', {})).payoutAddress;
  // Nobody has signed yet: the address is but a setting.
  await host.call('settings.update', { network, payoutAddress: other });
  await host.call('settings.update', { payoutAddress: null });
  expect(await paid()).toBeNull();
  const request = await host.call('wallet.signInRequest', {});
  await host.call('wallet.bind', owner.delegate(about, Date.now(), request));
  expect(await paid()).toBe(owner.address);

  const checkGuard = async () => {
    for (const payoutAddress of [other, null])
      await expect(
        host.call('settings.update', { payoutAddress, network: { kind: 'local' } }),
      ).rejects.toMatchObject({ code: 'wallet/proof-needed', data: { address: owner.address } });
    expect(await host.call('settings.get', {})).toMatchObject({ payoutAddress: owner.address, network });
  };
  await checkGuard();
  await expect(host.call('wallet.setPayout', { address: other })).rejects.toMatchObject({
    code: 'wallet/proof-needed',
  });
  await host.call('settings.update', { payoutAddress: owner.address, queueLimit: 7 });
  expect(await host.call('settings.get', {})).toMatchObject({ payoutAddress: owner.address, queueLimit: 7 });
  await host.shutdown();
  host = await startHostProcess(profile);
  await checkGuard();
  await host.call('wallet.revoke', {});
  await checkGuard();
  await host.shutdown();
});
