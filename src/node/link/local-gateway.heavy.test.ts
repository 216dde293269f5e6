import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { gatewayInfoSchema } from '#contract/wire/node-capabilities.ts';
import { noLocalChain, startLocalChain } from '#testing/local-chain.ts';
import { writeKeyFile } from '#testing/paying-books.ts';
import { systemClock } from '../clock.ts';
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
