import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createGateway, type Gateway } from '#gateway/gateway.ts';
import { createRandom } from '#node/training/data/random.ts';
import { type HostProcess, startHostProcess } from '#testing/host-process.ts';
import { type LocalChain, noLocalChain, startLocalChain } from '#testing/local-chain.ts';
import { type MoneyNode, signClaim, startMoneyNode } from '#testing/money-node.ts';
import { mortalLedger } from '#testing/mortal-ledger.ts';
import { writeKeyFile } from '#testing/paying-books.ts';
import { newWalletOwner, type WalletOwner } from '#testing/wallet-owner.ts';
import { systemClock } from '../clock.ts';
import { openLedger } from '../ledger/ledger.ts';
import { openNodeKey } from '../link/node-key.ts';

const sol = 1_000_000_000n;
const deathsInProcess = 240;
const realKills = 12;

describe.skipIf(noLocalChain)(`a node that dies${noLocalChain ? ` (${noLocalChain})` : ''}`, () => {
  let dir: string;
  let nodeDir: string;
  let chain: LocalChain;
  let gateway: Gateway;
  let owner: WalletOwner;
  const random = createRandom(20_261_126);
  const some = (most: number) => Math.floor(random() * most);

  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), 'node-kill-'));
    nodeDir = mkdtempSync(join(dir, 'node-'));
    chain = await startLocalChain({ slotMs: 20 });
    const treasury = writeKeyFile(dir);
    chain.airdrop(treasury.keypair.publicKey.toBase58(), 10_000n * sol);
    owner = newWalletOwner();
    chain.airdrop(owner.address, sol);
    gateway = await createGateway({
      port: 0,
      host: '127.0.0.1',
      dataDir: dir,
      chain: { cluster: 'localnet', rpcUrls: [chain.url], treasuryFile: treasury.file, pollMs: 20 },
    });
  });
  afterEach(async () => {
    await gateway.close();
    await chain.close();
    rmSync(dir, { recursive: true, force: true });
  });

  /** Every lamport: what the gateway owes is what was settled, and what came; nothing is in two places. */
  function account(): { settled: bigint; owed: bigint } {
    const ledger = openLedger(join(nodeDir, 'node.db'), { clock: systemClock });
    const { nodeId } = openNodeKey(join(nodeDir, 'node-key'));
    const sums = ledger.moneySums('localnet');
    expect(sums.differenceLamports).toBe('0');
    const finals = ledger.payments.newest(10_000).filter(({ state }) => state === 'finalized');
    const fees = finals.reduce(
      (sum, { id, mode }) => sum + (mode === 'claim' ? (ledger.payments.claim(id)?.feeLamports ?? 0n) : 0n),
      0n,
    );
    const received = chain.lamportsOf(owner.address) - sol + fees;
    expect(finals.reduce((sum, { amountAtomic }) => sum + amountAtomic, 0n)).toBe(received);
    expect(received).toBe(BigInt(sums.settledLamports));
    ledger.close();
    return { settled: BigInt(sums.settledLamports), owed: gateway.account(nodeId).owedLamports };
  }

  async function live(node: MoneyNode, isDead: () => boolean, payoutBy: 'gateway' | 'claim'): Promise<void> {
    await node.link.start();
    for (let turn = 0; turn < 3 && !isDead(); turn++) {
      await node.serve(1, `payer-${some(3)}`).catch(() => []);
      if (payoutBy === 'claim' && !isDead())
        await (async () => {
          const claim = await node.wallet.claims.prepare();
          await node.wallet.claims.submit(claim.id, signClaim(claim, owner));
        })().catch(() => {});
      await new Promise((resolve) => setTimeout(resolve, some(60)));
    }
  }

  test(`at ${deathsInProcess} random commits, before or after them, loses and doubles nothing`, {
    timeout: 900_000,
  }, async () => {
    let deaths = 0;
    const start = (payoutBy: 'gateway' | 'claim', death: Parameters<typeof mortalLedger>[1] | null) =>
      startMoneyNode({
        dir: nodeDir,
        gatewayUrl: gateway.url,
        gatewayKey: gateway.publicKey,
        owner,
        settings: {
          solanaRpcUrls: [chain.url],
          payoutBy,
          unvoucheredLimitLamports: '900000000000000',
          unsettledLimitLamports: '900000000000000',
          gatewayLimitLamports: '900000000000000',
        },
        ...(death ? { wrap: (ledger) => mortalLedger(ledger, death) } : {}),
      });
    // Each kind of commit is one of them: what chance has left out is aimed at afterwards.
    const missing = new Set(['append', 'takeAnswer', 'add', 'finalize', 'addClaim', 'setCursor']);
    for (let life = 0; deaths < deathsInProcess || missing.size > 0; life++) {
      const payoutBy = Math.floor(life / 20) % 2 === 0 ? 'gateway' : 'claim';
      const only = deaths < deathsInProcess ? undefined : [...missing][life % missing.size];
      const afterWrites = only === undefined ? some(12) : 0;
      const death = { afterWrites, isBefore: random() < 0.5, at: null as string | null, only };
      const node = await start(payoutBy, death);
      if (life === 0) node.bind();
      await live(node, () => death.at !== null, payoutBy).catch(() => {});
      await node.link.stop().catch(() => {});
      node.die();
      await node.api.close();
      if (death.at === null) continue;
      deaths += 1;
      missing.delete(death.at.split(' ')[1] ?? '');
    }
    const last = await start('gateway', null);
    await last.link.start();
    await last.serve(1);
    await vi.waitFor(
      () => {
        const { settledLamports, unvoucheredLamports, voucheredLamports } = last.sums();
        expect([unvoucheredLamports, voucheredLamports]).toEqual(['0', '0']);
        expect(settledLamports).toBe(`${gateway.account(last.key.nodeId).owedLamports}`);
      },
      { timeout: 60_000, interval: 100 },
    );
    expect(last.faults).toEqual([]);
    await last.close();
    const { settled, owed } = account();
    expect(settled).toBe(owed);
    expect(settled).toBeGreaterThan(0n);
  });

  test(`killed ${realKills} times at random instants, as a process, loses and doubles nothing`, {
    timeout: 600_000,
  }, async () => {
    const settings = {
      onboarded: true,
      apiPort: 0,
      network: { kind: 'gateway' as const, url: gateway.url },
      solanaRpcUrls: [chain.url],
      pricePerRequestLamports: '3000000',
      declaredNetworkMbps: 100,
    };
    const { nodeId, publicKey } = openNodeKey(join(nodeDir, 'node-key'));
    const about = { nodeKey: publicKey, nodeId, gatewayOrigin: new URL(gateway.url).origin };
    const ask = () =>
      fetch(`${gateway.url}/v1/chat/completions`, {
        method: 'POST',
        headers: { authorization: 'Bearer sk-payer', 'content-type': 'application/json' },
        body: JSON.stringify({
          model: 'tiny-chat-Q8_0',
          max_tokens: 4,
          messages: [{ role: 'user', content: 'What is the capital of France?' }],
        }),
      })
        .then((response) => response.text())
        .catch(() => '');
    const start = async (isFirst: boolean): Promise<HostProcess> => {
      const host = await startHostProcess(nodeDir);
      if (isFirst) {
        await host.call('settings.update', { ...settings, payoutAddress: owner.address });
        const request = await host.call('wallet.signInRequest', {});
        await host.call('wallet.bind', owner.delegate(about, Date.now(), request));
      }
      await host.call('node.start', {});
      return host;
    };
    for (let kill = 0; kill < realKills; kill++) {
      const host = await start(kill === 0);
      const asking = Promise.all([ask(), ask(), ask()]);
      const exited = new Promise((resolve) => host.child.once('exit', resolve));
      setTimeout(() => host.child.kill('SIGKILL'), some(1500));
      await exited;
      await asking;
    }
    const host = await start(false);
    await ask();
    await host.until(
      'earnings.sums',
      (sums) =>
        sums.unvoucheredLamports === '0' &&
        sums.voucheredLamports === '0' &&
        sums.settledLamports === `${gateway.account(nodeId).owedLamports}` &&
        sums.settledLamports !== '0',
    );
    await host.shutdown();
    const { settled, owed } = account();
    expect(settled).toBe(owed);
    expect(settled).toBeGreaterThan(0n);
  });
});
