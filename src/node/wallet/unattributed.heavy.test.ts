import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { Keypair, PublicKey, SystemProgram, Transaction, TransactionInstruction } from '@solana/web3.js';
import { describe, expect, test, vi } from 'vitest';
import type { Settings } from '#contract/settings.ts';
import { memoProgram } from '#contract/settlement/settlement-transaction.ts';
import { settlementMemo } from '#contract/wire/settlement.ts';
import { noLocalChain } from '#testing/local-chain.ts';
import { type MoneyNode, netOfRequest, signClaim } from '#testing/money-node.ts';
import { eachWithMoney } from '#testing/money-stage.ts';
import { startPlainGateway } from '#testing/plain-gateway.ts';

const sol = 1_000_000_000n;
/** What a plain gateway pays for a request of the scripted node. */
const perRequest = 3_000_000n;
const pageLength = 1000;
const until = (done: () => void) => vi.waitFor(done, { timeout: 20_000, interval: 20 });

describe.skipIf(noLocalChain)(
  `transfers that name nothing${noLocalChain ? ` (${noLocalChain})` : ''}`,
  () => {
    const stage = eachWithMoney();
    const owner = () => stage.owner.keypair.publicKey;
    const to = (lamports: bigint, payer = stage.treasury.keypair.publicKey, payee = owner()) =>
      SystemProgram.transfer({ fromPubkey: payer, toPubkey: payee, lamports });
    /** As a gateway's hot wallet pays: an ordinary transfer. */
    const pay = (lamports: bigint, more: TransactionInstruction[] = []) =>
      stage.chain.send([to(lamports), ...more], [stage.treasury.keypair]);
    const memo = (text: string) =>
      new TransactionInstruction({
        programId: new PublicKey(memoProgram),
        keys: [],
        data: Buffer.from(text),
      });
    const look = async (node: MoneyNode) => {
      await node.wallet.refresh();
      await node.wallet.refresh();
    };
    const listed = (node: MoneyNode) =>
      node.wallet.payments(5000).map(({ signature, mode, state, amountAtomic, asset }) => {
        expect([mode, state, asset]).toEqual(['unattributed', 'finalized', 'SOL']);
        return [signature, BigInt(amountAtomic)];
      });
    const states = (node: MoneyNode) => node.ledger.entries({ limit: 99 }).entries.map(({ state }) => state);

    describe('of a plain gateway', () => {
      async function startPlain(
        change: Parameters<typeof stage.startNode>[1] = {},
        urls = [stage.chain.url],
      ) {
        const plain = await startPlainGateway();
        stage.closing.push(plain.close);
        const node = await stage.startNode(
          { solanaRpcUrls: urls },
          { gatewayUrl: plain.url, gatewayKey: null, isBound: false, ...change },
        );
        await node.link.start();
        // The first look: what came before is none of this node's earnings.
        await until(() =>
          expect(node.ledger.payments.cursor(stage.owner.address, stage.chain.genesisHash)).not.toBeNull(),
        );
        const serve = async () => expect((await plain.infer('scripted', 'Question')).status).toBe(200);
        return { node, plain, serve };
      }

      test('are listed with their signatures, and pay for no job', async () => {
        await pay(sol);
        const { node, plain, serve } = await startPlain();
        await serve();
        await serve();
        const signatures = [await pay(perRequest), await pay(perRequest, [memo('thanks for everything')])];
        await look(node);
        expect(listed(node)).toEqual([
          [signatures[1], perRequest],
          [signatures[0], perRequest],
        ]);
        expect(node.wallet.payments(9)[0]).toMatchObject({
          gatewayUrl: plain.url,
          cluster: 'localnet',
          decimals: 9,
        });
        expect(states(node)).toEqual(['unattributed', 'unattributed']);
        expect(node.sums()).toMatchObject({
          grossLamports: `${2n * perRequest}`,
          unattributedLamports: `${2n * perRequest}`,
          settledLamports: '0',
          submittedLamports: '0',
          differenceLamports: '0',
        });
        const [entry] = node.ledger.entries({ limit: 1 }).entries;
        expect(node.ledger.entry(entry?.id ?? 0)).toMatchObject({ payment: null, receipt: null });
      });

      test('are counted once after a restart, and by two endpoints, the slower of which is waited for', async () => {
        const second = await stage.chain.openEndpoint();
        const dir = mkdtempSync(join(stage.dir, 'node-'));
        const urls = [stage.chain.url, second.url];
        const before = await startPlain({ dir }, urls);
        const first = await pay(perRequest);
        await look(before.node);
        expect(listed(before.node)).toEqual([[first, perRequest]]);
        await before.node.close();
        const { node } = await startPlain({ dir }, urls);
        await look(node);
        expect(listed(node)).toEqual([[first, perRequest]]);
        second.faults.lagSlots = 10_000;
        const next = await pay(2n * perRequest);
        await look(node);
        expect(listed(node)).toHaveLength(1);
        second.faults.lagSlots = 0;
        // An endpoint that makes more of it is not believed.
        stage.chain.faults.inflates = 77;
        await look(node);
        expect(listed(node)).toHaveLength(1);
        stage.chain.faults.inflates = 0;
        await look(node);
        expect(listed(node)).toEqual([
          [next, 2n * perRequest],
          [first, perRequest],
        ]);
      });

      test('do not count when they failed, are dust, are the operator’s own, or name a channel', async () => {
        await pay(10n * sol);
        const { node, serve } = await startPlain();
        await serve();
        const poor = Keypair.generate();
        await stage.chain.send([to(sol, undefined, poor.publicKey)], [stage.treasury.keypair]);
        const failed = new Transaction({ ...stage.chain.ledger.blockhash(), feePayer: poor.publicKey });
        failed.add(to(5n * sol, poor.publicKey)).sign(poor);
        const signature = stage.chain.ledger.send(failed.serialize(), { skipPreflight: true, drop: false });
        stage.chain.ledger.settle(signature, 'finalized');
        expect(stage.chain.ledger.transaction(signature)?.error).not.toBeNull();
        await pay(1n);
        await pay(perRequest - 1n);
        await stage.chain.send([to(sol, owner())], [stage.owner.keypair]);
        // He takes it from an account of his own, and signs for both.
        await stage.chain.send([to(sol / 2n, poor.publicKey)], [stage.owner.keypair, poor]);
        await pay(perRequest, [memo(settlementMemo(Keypair.generate().publicKey.toBase58(), 1n))]);
        const good = await pay(perRequest);
        await look(node);
        expect(listed(node)).toEqual([[good, perRequest]]);
        expect(states(node)).toEqual(['unattributed']);
      });

      test('are read whole over many pages', async () => {
        const { node } = await startPlain();
        await node.link.stop();
        stage.chain.faults.rateLimited = Number.POSITIVE_INFINITY;
        const many = pageLength + 105;
        for (let index = 0; index < many; index++) await pay(perRequest + BigInt(index));
        stage.chain.faults.rateLimited = 0;
        await node.link.start().catch(() => {});
        await vi.waitFor(() => expect(node.ledger.payments.newest(5000)).toHaveLength(many), {
          timeout: 90_000,
          interval: 250,
        });
        const amounts = listed(node).map(([, amount]) => amount as bigint);
        expect(new Set(amounts).size).toBe(many);
        expect(new Set(listed(node).map(([signature]) => signature)).size).toBe(many);
      }, 150_000);

      test('from before the first look stay uncounted when a fork takes away what that look ended at', async () => {
        await pay(sol);
        stage.chain.ledger.confirm('held');
        const held = new Transaction({
          ...stage.chain.ledger.blockhash(),
          feePayer: stage.treasury.keypair.publicKey,
        });
        held.add(to(perRequest)).sign(stage.treasury.keypair);
        const signature = stage.chain.ledger.send(held.serialize(), { skipPreflight: false, drop: false });
        stage.chain.ledger.settle(signature, 'confirmed');
        const { node } = await startPlain();
        stage.chain.ledger.fork(signature);
        await look(node);
        expect(listed(node)).toEqual([]);
        const good = await pay(2n * perRequest);
        await look(node);
        expect(listed(node)).toEqual([[good, 2n * perRequest]]);
      });
    });

    test('of the own gateway’s treasury are told, and leave its channel to its payments', async () => {
      await pay(sol);
      const second = await stage.chain.openEndpoint();
      const dir = mkdtempSync(join(stage.dir, 'node-'));
      const settings: Partial<Settings> = { payoutBy: 'claim', solanaRpcUrls: [stage.chain.url, second.url] };
      const before = await stage.startNode(settings, { dir });
      await before.serve(1);
      await until(() => expect(before.sums().voucheredLamports).toBe(`${netOfRequest}`));
      await look(before);
      const signature = await pay(netOfRequest);
      await look(before);
      expect(listed(before)).toEqual([[signature, netOfRequest]]);
      await before.close();
      const node = await stage.startNode(settings, { dir });
      // Nobody's business of this gateway.
      const stranger = Keypair.generate();
      await stage.chain.send([to(sol, undefined, stranger.publicKey)], [stage.treasury.keypair]);
      await stage.chain.send([to(sol / 2n, stranger.publicKey)], [stranger]);
      await look(node);
      expect(listed(node)).toEqual([[signature, netOfRequest]]);
      expect(states(node)).toEqual(['vouchered']);
      expect(node.sums()).toMatchObject({
        voucheredLamports: `${netOfRequest}`,
        settledLamports: '0',
        unattributedLamports: '0',
        differenceLamports: '0',
      });
      const claim = await vi.waitFor(() => node.wallet.claims.prepare(), { timeout: 20_000, interval: 100 });
      await node.wallet.claims.submit(claim.id, signClaim(claim, stage.owner));
      await until(() => expect(node.sums().settledLamports).toBe(`${netOfRequest}`));
      expect(node.wallet.payments(9).map(({ mode }) => mode)).toEqual(['claim', 'unattributed']);
    });
  },
);
