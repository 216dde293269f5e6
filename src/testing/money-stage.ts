import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect } from 'vitest';
import type { Settings } from '#contract/settings.ts';
import { createGateway, type Gateway, type GatewayOptions } from '#gateway/gateway.ts';
import type { ChainOptions } from '#gateway/settlement/open-settlement.ts';
import { type LocalChain, startLocalChain } from './local-chain.ts';
import { type MoneyNode, startMoneyNode } from './money-node.ts';
import { writeKeyFile } from './paying-books.ts';
import { newWalletOwner, type WalletOwner } from './wallet-owner.ts';

const treasuryLamports = 100_000_000_000n;

type NodeChange = Partial<Parameters<typeof startMoneyNode>[0]> & { isBound?: boolean };

/**
 * For each test of a file: a chain, a treasury with 100 SOL, a gateway that pays from it, and nodes that `startNode` starts. `prepare`
 * makes what the gateway needs on the chain; its answer goes to the gateway's options of the chain. Afterwards every node's books must
 * add up, and no fault have come that no test expects.
 */
export function eachWithMoney(prepare: () => Promise<Partial<ChainOptions>> = async () => ({})) {
  const closing: (() => Promise<unknown>)[] = [];
  let paid: Partial<ChainOptions> = {};
  const stage = {
    dir: '',
    chain: undefined as unknown as LocalChain,
    gateway: undefined as unknown as Gateway,
    owner: undefined as unknown as WalletOwner,
    treasury: undefined as unknown as ReturnType<typeof writeKeyFile>,
    closing,
    chainOptions: (change: Partial<ChainOptions> = {}): ChainOptions => ({
      cluster: 'localnet',
      rpcUrls: [stage.chain.url],
      treasuryFile: stage.treasury.file,
      pollMs: 20,
      ...paid,
      ...change,
    }),
    openGateway: (change: Partial<GatewayOptions> = {}) =>
      createGateway({
        port: 0,
        host: '127.0.0.1',
        dataDir: stage.dir,
        chain: stage.chainOptions(),
        ...change,
      }),
    /** The gateway ends and comes again at its address; `between` is done while there is none. */
    async reopenGateway(change: Partial<ChainOptions> = {}, between = () => {}): Promise<void> {
      const { port } = new URL(stage.gateway.url);
      await stage.gateway.close();
      between();
      stage.gateway = await stage.openGateway({ port: Number(port), chain: stage.chainOptions(change) });
    },
    async startNode(settings: Partial<Settings> = {}, change: NodeChange = {}): Promise<MoneyNode> {
      const { isBound = true, dir = mkdtempSync(join(stage.dir, 'node-')), ...options } = change;
      const node = await startMoneyNode({
        dir,
        gatewayUrl: stage.gateway.url,
        gatewayKey: stage.gateway.publicKey,
        owner: stage.owner,
        settings: { solanaRpcUrls: [stage.chain.url], ...settings },
        ...options,
      });
      const close = node.close.bind(node);
      let isClosed = false;
      node.close = async () => {
        if (isClosed) return;
        isClosed = true;
        expect(node.faults).toEqual([]);
        expect(node.sums().differenceLamports).toBe('0');
        await close();
      };
      closing.push(() => node.close());
      if (isBound) {
        node.bind();
        await node.link.start();
      }
      return node;
    },
  };
  beforeEach(async () => {
    stage.dir = mkdtempSync(join(tmpdir(), 'paid-'));
    stage.chain = await startLocalChain();
    stage.treasury = writeKeyFile(stage.dir);
    stage.chain.airdrop(stage.treasury.keypair.publicKey.toBase58(), treasuryLamports);
    stage.owner = newWalletOwner();
    paid = await prepare();
    stage.gateway = await stage.openGateway();
  });
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
    await stage.gateway.close();
    await stage.chain.close();
    rmSync(stage.dir, { recursive: true });
  });
  return stage;
}
