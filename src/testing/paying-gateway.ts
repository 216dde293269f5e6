import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, vi } from 'vitest';
import { createGateway, type Gateway, type GatewayOptions } from '#gateway/gateway.ts';
import { type LocalChain, startLocalChain } from './local-chain.ts';
import { startPaidNode } from './paid-node.ts';
import { writeKeyFile } from './paying-books.ts';
import type { WalletOwner } from './wallet-owner.ts';

const treasuryLamports = 10_000_000_000n;

/** For each test of a file: a chain, a gateway that pays on it from a treasury with 10 SOL, and nodes with wallets. */
export function eachWithPayingGateway() {
  const closing: (() => Promise<unknown>)[] = [];
  const stage = {
    chain: undefined as unknown as LocalChain,
    gateway: undefined as unknown as Gateway,
    treasury: undefined as unknown as ReturnType<typeof writeKeyFile>,
    /** How far the gateway's clock, and the nodes', is ahead. */
    offsetMs: 0,
    now: () => Date.now() + stage.offsetMs,
    /** Done before the gateway ends. */
    onEnd: (close: () => Promise<unknown>) => void closing.push(close),
    /** The gateway of before ends; one with the same books comes at the same address. */
    async reopen(change: Partial<GatewayOptions> = {}): Promise<void> {
      const port = Number(new URL(stage.gateway.url).port);
      await stage.gateway.close();
      stage.gateway = await open({ port, ...change });
    },
    async newNode(owner: WalletOwner) {
      const { gateway, now } = stage;
      const node = await startPaidNode({
        owner,
        gatewayKey: gateway.publicKey,
        url: () => stage.gateway.url,
        now,
      });
      closing.push(node.close);
      return node;
    },
    finalized: (node: Awaited<ReturnType<typeof startPaidNode>>, count = 1) =>
      vi.waitFor(
        async () => {
          const states = (await node.settlements()).map(({ state }) => state);
          expect(states).toEqual(Array(count).fill('finalized'));
        },
        { timeout: 10_000, interval: 50 },
      ),
  };
  let dir: string;
  const open = (change: Partial<GatewayOptions> = {}) =>
    createGateway({
      port: 0,
      host: '127.0.0.1',
      dataDir: dir,
      now: stage.now,
      chain: {
        cluster: 'localnet',
        rpcUrls: [stage.chain.url],
        treasuryFile: stage.treasury.file,
        pollMs: 20,
      },
      ...change,
    });

  beforeEach(async () => {
    stage.offsetMs = 0;
    dir = mkdtempSync(join(tmpdir(), 'paying-'));
    stage.chain = await startLocalChain();
    stage.treasury = writeKeyFile(dir);
    stage.chain.airdrop(stage.treasury.keypair.publicKey.toBase58(), treasuryLamports);
    stage.gateway = await open();
  });
  afterEach(async () => {
    for (const close of closing.splice(0)) await close();
    await stage.gateway.close();
    await stage.chain.close();
    rmSync(dir, { recursive: true });
  });
  return stage;
}
