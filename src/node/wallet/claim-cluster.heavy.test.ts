import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import {
  buildSettlement,
  computeUnits,
  settlementInstructions,
} from '#contract/settlement/settlement-transaction.ts';
import type { ClaimAnswer } from '#contract/wire/settlement.ts';
import { nativeMint } from '#contract/wire/voucher.ts';
import { noLocalChain, startLocalChain } from '#testing/local-chain.ts';
import { startLiar } from '#testing/lying-gateway.ts';
import { netOfRequest, signClaim } from '#testing/money-node.ts';
import { eachWithMoney } from '#testing/money-stage.ts';

const sol = 1_000_000_000n;
const until = (done: () => void) => vi.waitFor(done, { timeout: 20_000, interval: 20 });
const stage = eachWithMoney();

test.skipIf(noLocalChain)(
  'what is owed on one chain is not paid with another chain’s coins, whatever the gateway says',
  async () => {
    const other = await startLocalChain();
    stage.closing.push(() => other.close());
    const { keypair } = stage.treasury;
    const treasury = keypair.publicKey.toBase58();
    other.airdrop(stage.owner.address, sol);
    other.airdrop(treasury, sol);
    stage.chain.airdrop(stage.owner.address, sol);

    const orderOf = (channel: string, cumulativeAtomic: bigint, amountAtomic: bigint) => ({
      feePayer: stage.owner.address,
      treasury,
      payout: stage.owner.address,
      mint: nativeMint,
      token: null,
      channel,
      cumulativeAtomic,
      amountAtomic,
    });
    /** Says that it pays on the other chain from now on, and gives out claims there. */
    const liar = await startLiar(stage.gateway.url, (path, answer) => {
      if (path === '/') {
        const told = answer as { settlement: object };
        return { ...told, settlement: { ...told.settlement, genesis_hash: other.genesisHash } };
      }
      if (!path.endsWith('/claim')) return answer;
      const claim = answer as ClaimAnswer;
      const { channel, amount_atomic: amount, cumulative_atomic: cumulative } = claim.settlement;
      const { blockhash, lastValidBlockHeight } = other.ledger.blockhash();
      const transaction = buildSettlement(orderOf(channel, BigInt(cumulative), BigInt(amount)), {
        blockhash,
        price: { microLamports: 1000n, units: computeUnits(false) },
      });
      transaction.sign([keypair]);
      return {
        ...claim,
        settlement: { ...claim.settlement, last_valid_block_height: lastValidBlockHeight },
        transaction: Buffer.from(transaction.serialize()).toString('base64'),
      };
    });
    stage.closing.push(() => liar.close());
    liar.isHonest = true;
    await stage.gateway.close();
    stage.gateway = await stage.openGateway({
      port: Number(new URL(stage.gateway.url).port),
      origins: [liar.url],
    });
    const dir = mkdtempSync(join(stage.dir, 'node-'));
    const change = { dir, gatewayUrl: liar.url };
    const honest = await stage.startNode({ payoutBy: 'claim' }, change);
    await honest.serve(1);
    await until(() => expect(BigInt(honest.sums().voucheredLamports)).toBe(netOfRequest));
    const early = await honest.wallet.claims.prepare();
    await honest.close();

    liar.isHonest = false;
    const node = await stage.startNode({ solanaRpcUrls: [other.url] }, change);
    await until(() => expect(node.link.info.get()?.settlement?.genesis_hash).toBe(other.genesisHash));
    await expect(node.wallet.claims.prepare()).rejects.toMatchObject({ code: 'chain/wrong-cluster' });
    await expect(node.wallet.claims.submit(early.id, signClaim(early, stage.owner))).rejects.toMatchObject({
      code: 'chain/wrong-cluster',
    });

    // Nor is one booked that a node took down without these checks.
    const channel = node.ledger.channels()[0];
    if (!channel) throw new Error('there is no channel');
    await other.send(
      settlementInstructions({ ...orderOf(channel.channel, netOfRequest, netOfRequest), feePayer: treasury }),
      [keypair],
    );
    const [{ signature } = { signature: '' }] = other.ledger.transactionsOf(channel.channel);
    node.ledger.payments.add(
      {
        id: 'claim',
        signature,
        gatewayUrl: liar.url,
        channelId: channel.id,
        mode: 'claim',
        cumulativeAtomic: netOfRequest,
        amountAtomic: netOfRequest,
        mint: nativeMint,
        cluster: 'localnet',
        bytes: null,
        lastValidBlockHeight: null,
      },
      'submitted',
    );
    await node.wallet.refresh();
    await node.wallet.refresh();
    expect(node.sums()).toMatchObject({ settledLamports: '0', voucheredLamports: `${netOfRequest}` });
  },
);
