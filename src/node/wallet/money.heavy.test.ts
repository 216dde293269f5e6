import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { settlementInstructions } from '#contract/settlement/settlement-transaction.ts';
import { nativeMint } from '#contract/wire/voucher.ts';
import { startDisputingTap } from '#testing/disputing-tap.ts';
import { noLocalChain } from '#testing/local-chain.ts';
import { netOfRequest, priceOfRequest, signClaim } from '#testing/money-node.ts';
import { eachWithMoney } from '#testing/money-stage.ts';
import { writeKeyFile } from '#testing/paying-books.ts';
import { newWalletOwner } from '#testing/wallet-owner.ts';
import { createWalletHandlers } from './wallet-handlers.ts';

const sol = 1_000_000_000n;
const until = (done: () => void) => vi.waitFor(done, { timeout: 20_000, interval: 20 });

describe.skipIf(noLocalChain)(`a node that is paid${noLocalChain ? ` (${noLocalChain})` : ''}`, () => {
  const stage = eachWithMoney();
  const { startNode } = stage;

  test('work is vouched for, paid by the gateway, and booked when it is final', async () => {
    const node = await startNode();
    expect(await node.serve(2)).toEqual([200, 200]);
    await until(() =>
      expect(node.sums()).toMatchObject({
        grossLamports: `${2n * priceOfRequest}`,
        settledLamports: `${2n * netOfRequest}`,
        unvoucheredLamports: '0',
        voucheredLamports: '0',
        differenceLamports: '0',
      }),
    );
    expect(stage.chain.lamportsOf(stage.owner.address)).toBe(2n * netOfRequest);
    expect(node.ledger.entries({ limit: 9 }).entries.map(({ state }) => state)).toEqual([
      'settled',
      'settled',
    ]);
    await until(() => expect(node.wallet.latest.get()[0]?.state).toBe('finalized'));
    expect(node.wallet.payers()).toMatchObject([
      { payer: 'payer', unvoucheredLamports: '0', unsettledLamports: '0', limitReached: null },
    ]);
    await node.wallet.refresh();
    expect(node.wallet.status.get()).toMatchObject({
      payoutAddress: stage.owner.address,
      boundTo: stage.owner.address,
      delegation: { address: stage.owner.address, isRenewalDue: false, isExpired: false },
      chain: { cluster: 'localnet', isRightCluster: true, problem: null },
      balances: { lamports: `${2n * netOfRequest}`, token: null },
    });
  });

  test('a claim is checked, signed by the wallet, sent once, and followed to its end', async () => {
    stage.chain.airdrop(stage.owner.address, sol);
    const node = await startNode({ payoutBy: 'claim' });
    await node.serve(2);
    await until(() => expect(BigInt(node.sums().voucheredLamports)).toBe(2n * netOfRequest));
    const claim = await node.wallet.claims.prepare();
    expect(claim).toMatchObject({
      amountAtomic: `${2n * netOfRequest}`,
      asset: 'SOL',
      to: stage.owner.address,
      simulation: { ok: true, problem: null },
    });
    const signed = signClaim(claim, stage.owner);
    await expect(node.wallet.claims.submit(claim.id, claim.transaction)).rejects.toMatchObject({
      code: 'wallet/bad-transaction',
    });
    stage.chain.ledger.confirm('held');
    const first = await node.wallet.claims.submit(claim.id, signed);
    expect(first).toMatchObject({ id: claim.id, mode: 'claim', state: 'submitted' });
    expect(await node.wallet.claims.submit(claim.id, signed)).toMatchObject({ id: claim.id });
    expect(node.sums().submittedLamports).toBe(`${2n * netOfRequest}`);
    const signature = first.signature ?? '';
    stage.chain.ledger.settle(signature, 'confirmed');
    await until(() => expect(node.ledger.payments.payment(claim.id)?.state).toBe('confirmed'));
    expect(node.sums().settledLamports).toBe('0');
    stage.chain.ledger.settle(signature, 'finalized');
    await until(() => expect(node.sums().settledLamports).toBe(`${2n * netOfRequest}`));
    expect(await node.wallet.claims.submit(claim.id, signed)).toMatchObject({ state: 'finalized' });
    expect(stage.chain.lamportsOf(stage.owner.address)).toBe(
      sol + 2n * netOfRequest - BigInt(claim.feeLamports),
    );
    await expect(node.wallet.claims.prepare()).rejects.toMatchObject({ code: 'settlement/below-threshold' });
  });

  test('a claim that is too old says so, and can be asked for anew', async () => {
    stage.chain.airdrop(stage.owner.address, sol);
    const node = await startNode({ payoutBy: 'claim' });
    await node.serve(1);
    await until(() => expect(BigInt(node.sums().voucheredLamports)).toBe(netOfRequest));
    const old = await node.wallet.claims.prepare();
    stage.chain.ledger.expireBlockhashes();
    const late = await node.wallet.claims.submit(old.id, signClaim(old, stage.owner));
    expect(late).toMatchObject({ state: 'submitted', reason: expect.stringContaining('lockhash') });
    await until(() => expect(node.ledger.payments.payment(old.id)?.state).toBe('expired'));
    const claim = await until2(() => node.wallet.claims.prepare());
    expect(claim.id).not.toBe(old.id);
    await node.wallet.claims.submit(claim.id, signClaim(claim, stage.owner));
    await until(() => expect(node.sums().settledLamports).toBe(`${netOfRequest}`));
    expect(stage.chain.lamportsOf(stage.owner.address)).toBe(sol + netOfRequest - BigInt(claim.feeLamports));
  });

  test('a claim that was asked for before more was vouched for is still good: a node at work can be paid', async () => {
    stage.chain.airdrop(stage.owner.address, sol);
    const node = await startNode({ payoutBy: 'claim' });
    await node.serve(1);
    await until(() => expect(BigInt(node.sums().voucheredLamports)).toBe(netOfRequest));
    const first = await node.wallet.claims.prepare();
    await node.serve(1);
    await until(() => expect(BigInt(node.sums().voucheredLamports)).toBe(2n * netOfRequest));
    const claim = await node.wallet.claims.prepare();
    expect(claim).toMatchObject({ id: first.id, amountAtomic: `${netOfRequest}` });
    await node.wallet.claims.submit(claim.id, signClaim(claim, stage.owner));
    await until(() => expect(node.sums().settledLamports).toBe(`${netOfRequest}`));
    expect(node.sums().voucheredLamports).toBe(`${netOfRequest}`);
  });

  test('a stranger’s lamport with the channel’s memo books nothing, and stands in no claim’s way', async () => {
    stage.chain.airdrop(stage.owner.address, sol);
    const node = await startNode({ payoutBy: 'claim' });
    await node.serve(1);
    await until(() => expect(BigInt(node.sums().voucheredLamports)).toBe(netOfRequest));
    const channel = node.ledger.channels()[0]?.channel ?? '';
    const stranger = newWalletOwner();
    stage.chain.airdrop(stranger.address, sol);
    const dust = (lamports: bigint, cumulativeAtomic: bigint) =>
      stage.chain.send(
        settlementInstructions({
          feePayer: stranger.address,
          treasury: stranger.address,
          payout: stage.owner.address,
          mint: nativeMint,
          token: null,
          channel,
          cumulativeAtomic,
          amountAtomic: lamports,
        }),
        [stranger.keypair],
      );
    await dust(1n, 1n);
    await dust(1n, netOfRequest);
    await node.wallet.refresh();
    await node.wallet.refresh();
    expect(node.sums()).toMatchObject({ settledLamports: '0', voucheredLamports: `${netOfRequest}` });
    expect(node.wallet.latest.get()).toEqual([]);
    const claim = await node.wallet.claims.prepare();
    await node.wallet.claims.submit(claim.id, signClaim(claim, stage.owner));
    await until(() => expect(node.sums().settledLamports).toBe(`${netOfRequest}`));
  });

  test('another wallet is paid once the one before has signed for it, at the gateway too', async () => {
    const node = await startNode();
    const { binding } = node.wallet;
    const next = newWalletOwner();
    // The first one is mistyped: nobody can sign in with it.
    for (const { address } of [newWalletOwner(), next]) {
      const { message } = await binding.changeRequest(address);
      const signature = stage.owner.signText(message ?? '');
      node.settings.update({ payoutAddress: await binding.agreeToChange({ address, signature }) });
      node.link.announce();
    }
    node.bind(next);
    node.link.announce();
    await vi.waitFor(
      async () => {
        await node.serve(1);
        expect(stage.chain.lamportsOf(next.address)).toBeGreaterThanOrEqual(netOfRequest);
      },
      { timeout: 20_000, interval: 300 },
    );
  });

  test('a gateway whose treasury has another key by now pays on', async () => {
    stage.chain.airdrop(stage.owner.address, sol);
    const node = await startNode({ payoutBy: 'claim' });
    await node.serve(1);
    await until(() => expect(BigInt(node.sums().voucheredLamports)).toBe(netOfRequest));
    const next = writeKeyFile(mkdtempSync(join(stage.dir, 'treasury-')));
    stage.chain.airdrop(next.keypair.publicKey.toBase58(), sol);
    await stage.reopenGateway({ treasuryFile: next.file });
    node.link.reportSoon();
    const claim = await until2(() => node.wallet.claims.prepare());
    expect(claim.from).toBe(next.keypair.publicKey.toBase58());
    await node.wallet.claims.submit(claim.id, signClaim(claim, stage.owner));
    await until(() => expect(node.sums().settledLamports).toBe(`${netOfRequest}`));
  });

  test('a payment from the treasury’s new key is booked, though the node hears of the payment first', async () => {
    const node = await startNode();
    stage.chain.faults.rateLimited = Number.POSITIVE_INFINITY;
    await node.serve(1);
    await until(() => expect(BigInt(node.sums().voucheredLamports)).toBe(netOfRequest));
    const next = writeKeyFile(mkdtempSync(join(stage.dir, 'treasury-')));
    stage.chain.airdrop(next.keypair.publicKey.toBase58(), sol);
    // Not before: the gateway would pay from the old key.
    await stage.reopenGateway({ treasuryFile: next.file }, () => {
      stage.chain.faults.rateLimited = 0;
    });
    await until(() => expect(stage.chain.lamportsOf(stage.owner.address)).toBe(netOfRequest));
    await node.wallet.refresh();
    await node.wallet.refresh();
    expect(node.sums().settledLamports).toBe('0');
    node.link.reportSoon();
    await until(() => expect(node.sums().settledLamports).toBe(`${netOfRequest}`));
  });

  test('what was confirmed and is gone with a fork is not booked, and comes again', async () => {
    const node = await startNode();
    stage.chain.ledger.confirm('held');
    await node.serve(1);
    await until(() => expect(node.wallet.latest.get()).toHaveLength(1));
    const signature = node.wallet.latest.get()[0]?.signature ?? '';
    stage.chain.ledger.settle(signature, 'confirmed');
    await until(() => expect(node.ledger.payments.paymentBySignature(signature)?.state).toBe('confirmed'));
    stage.chain.ledger.fork(signature);
    await until(() =>
      expect(node.ledger.payments.paymentBySignature(signature)).toMatchObject({
        state: 'submitted',
        reason: expect.stringContaining('gone'),
      }),
    );
    expect(node.sums()).toMatchObject({ settledLamports: '0', differenceLamports: '0' });
    await until(() => expect(stage.chain.ledger.transaction(signature)).not.toBeNull());
    stage.chain.ledger.settle(signature, 'finalized');
    await until(() => expect(node.sums().settledLamports).toBe(`${netOfRequest}`));
    expect(stage.chain.lamportsOf(stage.owner.address)).toBe(netOfRequest);
  });

  test('an endpoint that lies about what is final books nothing; with two, both must have it', async () => {
    const second = await stage.chain.openEndpoint();
    const node = await startNode({ solanaRpcUrls: [stage.chain.url, second.url] });
    stage.chain.ledger.confirm('held');
    second.faults.claimsFinalized = true;
    await node.serve(1);
    await until(() => expect(node.wallet.latest.get()).toHaveLength(1));
    const signature = node.wallet.latest.get()[0]?.signature ?? '';
    stage.chain.ledger.settle(signature, 'confirmed');
    await until(() => expect(node.ledger.payments.paymentBySignature(signature)?.state).toBe('confirmed'));
    second.faults.claimsFinalized = false;
    second.faults.forgets = true;
    stage.chain.ledger.settle(signature, 'finalized');
    await new Promise((resolve) => setTimeout(resolve, 2500));
    expect(node.sums().settledLamports).toBe('0');
    second.faults.forgets = false;
    await until(() => expect(node.sums().settledLamports).toBe(`${netOfRequest}`));
  });

  test('endpoints that hang, limit or are of another cluster are passed over, and said', async () => {
    const hanging = await stage.chain.openEndpoint();
    const foreign = await stage.chain.openEndpoint();
    foreign.faults.genesisHash = stage.treasury.keypair.publicKey.toBase58();
    hanging.faults.rateLimited = 1000;
    const node = await startNode({ solanaRpcUrls: [foreign.url] });
    await node.serve(1);
    await until(() =>
      expect(node.wallet.status.get().chain).toMatchObject({
        isRightCluster: false,
        problem: { code: 'chain/wrong-cluster' },
      }),
    );
    expect(node.sums().settledLamports).toBe('0');
    node.settings.update({ solanaRpcUrls: [hanging.url, foreign.url, stage.chain.url] });
    await node.wallet.refresh();
    expect(node.wallet.status.get().balances?.lamports).toBe(
      `${stage.chain.lamportsOf(stage.owner.address)}`,
    );
    // Of three endpoints one is left, and a payment wants two that agree.
    expect(node.sums().settledLamports).toBe('0');
    node.settings.update({ solanaRpcUrls: [stage.chain.url] });
    await until(() => expect(node.sums().settledLamports).toBe(`${netOfRequest}`));
  });

  test('a payer that is blocked, or owes too much, is not served; one that is vouched for is', async () => {
    const node = await startNode({ unvoucheredLimitLamports: `${netOfRequest + 1n}` });
    expect(await node.serve(1, 'good')).toEqual([200]);
    await until(() => expect(BigInt(node.sums().unvoucheredLamports)).toBe(0n));
    expect(await node.serve(1, 'good')).toEqual([200]);
    node.settings.update({ blockedPayers: ['bad'] });
    expect(await node.serve(1, 'bad')).toEqual([403]);
    expect(node.wallet.credit.refusal('bad')).toMatchObject({ code: 'payer/blocked' });
  });

  test('a payer whose work is not paid up to its limit is not served until it is; others are', async () => {
    stage.chain.airdrop(stage.owner.address, sol);
    const node = await startNode({ payoutBy: 'claim', unsettledLimitLamports: `${2n * netOfRequest}` });
    expect(await node.serve(3, 'late')).toEqual([200, 200, 402]);
    await until(() => expect(BigInt(node.sums().unvoucheredLamports)).toBe(0n));
    expect(await node.serve(1, 'late')).toEqual([402]);
    expect(await node.serve(1, 'other')).toEqual([200]);
    expect(node.wallet.payers()).toMatchObject([
      { payer: 'late', unsettledLamports: `${2n * netOfRequest}`, limitReached: 'unsettled' },
      { payer: 'other', unsettledLamports: `${netOfRequest}`, limitReached: null },
    ]);
    expect(node.wallet.credit.obstacle.get()).toBeNull();
    await until(() => expect(BigInt(node.sums().unvoucheredLamports)).toBe(0n));
    const claim = await node.wallet.claims.prepare();
    await node.wallet.claims.submit(claim.id, signClaim(claim, stage.owner));
    await until(() => expect(node.wallet.payers().map((one) => one.limitReached)).toEqual([null, null]));
    expect(await node.serve(1, 'late')).toEqual([200]);
  });

  test('a gateway that does not pay is no longer served when it owes as much as is given', async () => {
    const node = await startNode({
      payoutBy: 'claim',
      gatewayLimitLamports: `${netOfRequest + netOfRequest / 2n}`,
    });
    expect(await node.serve(2)).toEqual([200, 200]);
    expect(node.wallet.credit.obstacle.get()).toMatchObject({
      code: 'payer/credit-limit',
      message: expect.stringContaining('owes it'),
      data: { lack: 'gateway' },
    });
    expect(node.wallet.payers()).toMatchObject([{ payer: 'payer', limitReached: 'gateway' }]);
    expect(await node.serve(1)).toEqual([402]);
    stage.chain.airdrop(stage.owner.address, sol);
    await until(() => expect(BigInt(node.sums().unvoucheredLamports)).toBe(0n));
    const claim = await node.wallet.claims.prepare();
    await node.wallet.claims.submit(claim.id, signClaim(claim, stage.owner));
    await until(() => expect(node.wallet.credit.obstacle.get()).toBeNull());
    expect(node.wallet.payers()).toMatchObject([{ payer: 'payer', limitReached: null }]);
    expect(await node.serve(1)).toEqual([200]);
  });

  test('a payer whose work was disputed up to its limit is served again once that is written off', async () => {
    const tap = await startDisputingTap(stage.gateway.url);
    // The wallet's word is for the address that the node knows.
    const { port } = new URL(stage.gateway.url);
    await stage.gateway.close();
    stage.gateway = await stage.openGateway({ port: Number(port), origins: [tap.url] });
    const node = await startNode({ unsettledLimitLamports: `${2n * netOfRequest}` }, { gatewayUrl: tap.url });
    stage.closing.push(() => tap.close());
    tap.dispute(true);
    expect(await node.serve(2, 'quarrel')).toEqual([200, 200]);
    await until(() => expect(node.sums().disputedLamports).toBe(`${2n * netOfRequest}`));
    tap.dispute(false);
    expect(await node.serve(1, 'quarrel')).toEqual([402]);
    expect(await node.serve(1, 'other')).toEqual([200]);
    await until(() => expect(node.sums().settledLamports).toBe(`${netOfRequest}`));
    expect(await node.serve(1, 'quarrel')).toEqual([402]);
    const controller = { changeSettings: node.settings.update, announce: () => {} };
    const { wallet, settings, ledger } = node;
    const calls = createWalletHandlers({ wallet, settings, ledger, controller });
    const [owing] = node.wallet.payers();
    expect(owing).toMatchObject({ payer: 'quarrel', network: 'localnet', limitReached: 'unsettled' });
    const { gatewayUrl = '', network = '', asset = '', payer = '', disputedLamports = '' } = owing ?? {};
    const writeOff = async (amountLamports: string) =>
      calls['payers.writeOff']({ gatewayUrl, network, asset, payer, amountLamports });
    await expect(writeOff(`${2n * netOfRequest + 1n}`)).rejects.toMatchObject({ code: 'payer/not-disputed' });
    await writeOff(disputedLamports);
    expect(node.wallet.payers().find((one) => one.payer === 'quarrel')).toMatchObject({
      disputedLamports: '0',
      writtenOffLamports: `${2n * netOfRequest}`,
      unsettledLamports: '0',
      limitReached: null,
    });
    expect(await node.serve(1, 'quarrel')).toEqual([200]);
    await until(() => expect(node.sums().settledLamports).toBe(`${2n * netOfRequest}`));
    expect(node.sums().disputedLamports).toBe(`${2n * netOfRequest}`);
  });

  async function until2<T>(work: () => Promise<T>): Promise<T> {
    return vi.waitFor(work, { timeout: 20_000, interval: 100 });
  }
});
