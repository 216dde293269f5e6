import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import type { Keypair } from '@solana/web3.js';
import { describe, expect, test, vi } from 'vitest';
import {
  buildSettlement,
  computeUnits,
  settlementInstructions,
} from '#contract/settlement/settlement-transaction.ts';
import type { ClaimAnswer } from '#contract/wire/settlement.ts';
import { nativeMint } from '#contract/wire/voucher.ts';
import { type LocalChain, noLocalChain, startLocalChain } from '#testing/local-chain.ts';
import { startLiar } from '#testing/lying-gateway.ts';
import { netOfRequest, signClaim } from '#testing/money-node.ts';
import { eachWithMoney } from '#testing/money-stage.ts';
import { writeKeyFile } from '#testing/paying-books.ts';
import { newWalletOwner } from '#testing/wallet-owner.ts';

const sol = 1_000_000_000n;
const until = (done: () => void) => vi.waitFor(done, { timeout: 20_000, interval: 20 });
const stage = eachWithMoney();

/** What the wallet signs where a gateway claims up to `cumulativeAtomic`. */
function orderOf(claim: { channel: string; cumulativeAtomic: bigint; amountAtomic: bigint }) {
  const { address } = stage.owner;
  const treasury = stage.treasury.keypair.publicKey.toBase58();
  return { feePayer: address, treasury, payout: address, mint: nativeMint, token: null, ...claim };
}

/** The answer with another transaction, for these sums, on that chain. */
function remade(
  claim: ClaimAnswer,
  parts: { from?: bigint; upTo?: bigint; chain?: LocalChain; signers?: Keypair[]; payout?: string } = {},
): ClaimAnswer {
  const { settlement } = claim;
  const { from = BigInt(settlement.from_atomic), upTo = BigInt(settlement.cumulative_atomic) } = parts;
  const { blockhash, lastValidBlockHeight } = (parts.chain ?? stage.chain).ledger.blockhash();
  const order = orderOf({
    channel: settlement.channel,
    cumulativeAtomic: upTo,
    amountAtomic: upTo - from,
  });
  const transaction = buildSettlement(
    { ...order, ...(parts.payout === undefined ? {} : { payout: parts.payout }) },
    { blockhash, price: { microLamports: 1000n, units: computeUnits(false) } },
  );
  transaction.sign(parts.signers ?? [stage.treasury.keypair]);
  return {
    ...claim,
    settlement: {
      ...settlement,
      from_atomic: `${from}`,
      cumulative_atomic: `${upTo}`,
      amount_atomic: `${upTo - from}`,
      last_valid_block_height: lastValidBlockHeight,
    },
    transaction: Buffer.from(transaction.serialize()).toString('base64'),
  };
}

/** A gateway behind somebody who changes its answers from `isHonest = false` on. */
async function openLiar(lie: (path: string, answer: unknown) => unknown) {
  const liar = await startLiar(stage.gateway.url, lie);
  stage.closing.push(() => liar.close());
  liar.isHonest = true;
  const { port } = new URL(stage.gateway.url);
  await stage.gateway.close();
  stage.gateway = await stage.openGateway({ port: Number(port), origins: [liar.url] });
  return liar;
}

describe.skipIf(noLocalChain)('a gateway that lies about a payout', () => {
  test('is found out before the wallet is asked', async () => {
    stage.chain.airdrop(stage.owner.address, sol);
    let lie = (claim: ClaimAnswer): ClaimAnswer => claim;
    const liar = await openLiar((path, answer) =>
      path.endsWith('/claim') ? lie(answer as ClaimAnswer) : answer,
    );
    liar.isHonest = false;
    const node = await stage.startNode({ payoutBy: 'claim' }, { gatewayUrl: liar.url });
    await node.serve(1);
    await until(() => expect(BigInt(node.sums().voucheredLamports)).toBe(netOfRequest));
    const stranger = newWalletOwner();
    const lies: [string, typeof lie][] = [
      ['for which there is no voucher', (claim) => remade(claim, { upTo: netOfRequest - 1n })],
      ['says that 1 was paid', (claim) => remade(claim, { from: 1n })],
      ['has not signed what it would pay', (claim) => remade(claim, { signers: [] })],
      ['account 2 is not', (claim) => remade(claim, { payout: stranger.address })],
      [
        'not known',
        (claim) => remade({ ...claim, settlement: { ...claim.settlement, channel: stranger.address } }),
      ],
      [
        'figures are not those',
        (claim) => ({ ...claim, transaction: remade(claim, { from: 1n }).transaction }),
      ],
      ['no transaction', (claim) => ({ ...claim, transaction: `${claim.transaction}AAAA` })],
    ];
    for (const [message, one] of lies) {
      lie = one;
      await expect(node.wallet.claims.prepare()).rejects.toThrow(message);
    }
    // No transaction lives longer than its blockhash.
    lie = (claim) => {
      const { settlement, ...rest } = remade(claim);
      return { ...rest, settlement: { ...settlement, id: 'long', last_valid_block_height: 1_000_000_000 } };
    };
    const long = await node.wallet.claims.prepare();
    expect(node.ledger.payments.claim('long')?.lastValidBlockHeight).toBeLessThanOrEqual(
      stage.chain.ledger.slot() + 150,
    );
    expect(long.expiresAt).toBeLessThanOrEqual(Date.now() + 150 * 400);
    lie = (claim) => remade(claim);
    expect((await node.wallet.claims.prepare()).simulation).toEqual({ ok: true, problem: null });

    // Whom the settings pay by now is paid, and not whom the gateway still has.
    const claim = await node.wallet.claims.prepare();
    node.settings.update({ payoutAddress: stranger.address });
    await expect(node.wallet.claims.prepare()).rejects.toThrow(`It would pay ${stage.owner.address}, not`);
    node.settings.update({ payoutAddress: stage.owner.address });

    // What was paid between the question and the wallet's answer is not paid again.
    const [channel] = node.ledger.channels();
    await stage.chain.send(
      settlementInstructions({
        ...orderOf({
          channel: channel?.channel ?? '',
          cumulativeAtomic: netOfRequest,
          amountAtomic: netOfRequest,
        }),
        feePayer: stage.treasury.keypair.publicKey.toBase58(),
      }),
      [stage.treasury.keypair],
    );
    await until(() => expect(node.sums().settledLamports).toBe(`${netOfRequest}`));
    await expect(node.wallet.claims.submit(claim.id, signClaim(claim, stage.owner))).rejects.toThrow(
      `was paid up to ${netOfRequest} meanwhile`,
    );
  });

  test('what the chain would refuse is said before anybody signs it', async () => {
    stage.chain.airdrop(stage.owner.address, sol);
    const poor = writeKeyFile(mkdtempSync(join(stage.dir, 'poor-')));
    const liar = await openLiar((path, answer) => {
      if (path === '/') {
        const told = answer as { settlement: object };
        return {
          ...told,
          settlement: { ...told.settlement, treasury: poor.keypair.publicKey.toBase58() },
        };
      }
      if (!path.endsWith('/claim')) return answer;
      stage.treasury = poor;
      return remade(answer as ClaimAnswer);
    });
    liar.isHonest = false;
    const node = await stage.startNode({ payoutBy: 'claim' }, { gatewayUrl: liar.url });
    await node.serve(1);
    await until(() => expect(BigInt(node.sums().voucheredLamports)).toBe(netOfRequest));
    expect((await node.wallet.claims.prepare()).simulation).toEqual({
      ok: false,
      problem: expect.stringContaining('insufficient lamports'),
    });
    stage.chain.airdrop(poor.keypair.publicKey.toBase58(), sol);
    expect((await node.wallet.claims.prepare()).simulation).toEqual({ ok: true, problem: null });
  });

  test('cannot pay what is owed on one chain with another chain’s coins', async () => {
    const other = await startLocalChain();
    stage.closing.push(() => other.close());
    const { keypair } = stage.treasury;
    other.airdrop(stage.owner.address, sol);
    other.airdrop(keypair.publicKey.toBase58(), sol);
    stage.chain.airdrop(stage.owner.address, sol);
    const liar = await openLiar((path, answer) => {
      if (path === '/') {
        const told = answer as { settlement: object };
        return { ...told, settlement: { ...told.settlement, genesis_hash: other.genesisHash } };
      }
      return path.endsWith('/claim') ? remade(answer as ClaimAnswer, { chain: other }) : answer;
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
      settlementInstructions({
        ...orderOf({ ...channel, cumulativeAtomic: netOfRequest, amountAtomic: netOfRequest }),
        feePayer: keypair.publicKey.toBase58(),
      }),
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
  });
});
