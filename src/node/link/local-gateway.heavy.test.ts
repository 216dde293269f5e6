import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { gatewayInfoSchema } from '#contract/wire/node-capabilities.ts';
import { noLocalChain, startLocalChain } from '#testing/local-chain.ts';
import { capabilitiesOf } from '#testing/network-node.ts';
import { writeKeyFile } from '#testing/paying-books.ts';
import { newKey } from '#testing/scripted-api.ts';
import { newWalletOwner } from '#testing/wallet-owner.ts';
import { systemClock } from '../clock.ts';
import { createGatewayCalls } from './gateway-calls.ts';
import { createLocalGateway } from './local-gateway.ts';

async function infoOf(chain?: Parameters<typeof createLocalGateway>[0]['chain']) {
  const dataDir = mkdtempSync(join(tmpdir(), 'local-gateway-'));
  const gateway = createLocalGateway({
    dataDir,
    settings: () => ({ testRequestsPerMinute: 0, phoneRelayUrl: null }),
    clock: systemClock,
    ...(chain ? { chain } : {}),
  });
  try {
    return gatewayInfoSchema.parse(await (await fetch(await gateway.open())).json());
  } finally {
    await gateway.close();
    rmSync(dataDir, { recursive: true });
  }
}

test('the local test network pays in test credits, and vouches for them', async () => {
  const info = await infoOf();
  expect(info.network).toBe('test-credits');
  expect(info.settlement).toBeUndefined();
  expect(info.extensions).toContain('vouchers');
});

test.skipIf(noLocalChain)(
  `it pays on a chain when it is given one${noLocalChain ? ` (${noLocalChain})` : ''}`,
  async () => {
    const chain = await startLocalChain();
    const dir = mkdtempSync(join(tmpdir(), 'treasury-'));
    const { file, keypair } = writeKeyFile(dir);
    const info = await infoOf({
      cluster: 'localnet',
      rpcUrls: [chain.url],
      treasuryFile: file,
      thresholdAtomic: 5_000_000n,
    });
    expect(info).toMatchObject({
      network: 'localnet',
      settlement: {
        treasury: keypair.publicKey.toBase58(),
        genesis_hash: chain.genesisHash,
        threshold_atomic: '5000000',
      },
    });
    await chain.close();
    rmSync(dir, { recursive: true });
  },
);

test('a wallet on a phone may sign in over the relay that is set, from the instant it is', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'local-gateway-'));
  let phoneRelayUrl: string | null = null;
  const gateway = createLocalGateway({
    dataDir,
    settings: () => ({ testRequestsPerMinute: 0, phoneRelayUrl }),
    clock: systemClock,
  });
  let url = await gateway.open();
  const health = createServer((_request, response) => response.end());
  await new Promise<void>((resolve) => health.listen(0, '127.0.0.1', resolve));
  const register = () => {
    const owner = newWalletOwner();
    const key = { ...newKey(), nodeId: `slm-${owner.address.slice(0, 8)}` };
    const node = { nodeKey: key.publicKey, nodeId: key.nodeId, gatewayOrigin: url };
    const delegation = owner.delegate(node, Date.now(), { domain: 'relay.example' });
    const about = { nodeId: key.nodeId, url: `http://127.0.0.1:${(health.address() as AddressInfo).port}` };
    const capabilities = capabilitiesOf(about, { wallet_address: owner.address, delegation });
    return createGatewayCalls(url, key, () => Date.now()).register(capabilities);
  };
  await expect(register()).rejects.toThrow('Line 1');
  phoneRelayUrl = 'https://relay.example/key-of-the-relay-1';
  gateway.tell();
  await expect.poll(() => register().then(() => 'registered', String)).toBe('registered');
  await gateway.close();
  // It is told of it when it starts, too.
  url = await gateway.open();
  await expect(register()).resolves.toBeDefined();
  await gateway.close();
  health.close();
  rmSync(dataDir, { recursive: true });
});
