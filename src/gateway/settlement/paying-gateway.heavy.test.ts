import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { VersionedTransaction } from '@solana/web3.js';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import type { Delegation } from '#contract/wire/delegation.ts';
import { gatewayInfoSchema } from '#contract/wire/node-capabilities.ts';
import { createSignedCall } from '#node/link/signed-call.ts';
import { type LocalChain, noLocalChain, startLocalChain } from '#testing/local-chain.ts';
import { netOfRequest, startPaidNode } from '#testing/paid-node.ts';
import { writeKeyFile } from '#testing/paying-books.ts';
import { newWalletOwner, type WalletOwner } from '#testing/wallet-owner.ts';
import { createGateway, type Gateway, type GatewayOptions } from '../gateway.ts';

const sol = 1_000_000_000n;
const dayMs = 86_400_000;
const net = netOfRequest;

describe.skipIf(noLocalChain)(
  `a gateway that pays on a chain${noLocalChain ? ` (${noLocalChain})` : ''}`,
  () => {
    let dir: string;
    let chain: LocalChain;
    let gateway: Gateway;
    let treasury: ReturnType<typeof writeKeyFile>;
    let offsetMs: number;
    const now = () => Date.now() + offsetMs;
    const closing: (() => Promise<unknown>)[] = [];

    const open = (change: Partial<GatewayOptions> = {}) =>
      createGateway({
        port: 0,
        host: '127.0.0.1',
        dataDir: dir,
        now,
        chain: { cluster: 'localnet', rpcUrls: [chain.url], treasuryFile: treasury.file, pollMs: 20 },
        ...change,
      });

    beforeEach(async () => {
      offsetMs = 0;
      dir = mkdtempSync(join(tmpdir(), 'paying-'));
      chain = await startLocalChain();
      treasury = writeKeyFile(dir);
      chain.airdrop(treasury.keypair.publicKey.toBase58(), 10n * sol);
      gateway = await open();
    });
    afterEach(async () => {
      for (const close of closing.splice(0)) await close();
      await gateway.close();
      await chain.close();
      rmSync(dir, { recursive: true });
    });

    async function newNode(owner: WalletOwner) {
      const node = await startPaidNode({ owner, gatewayKey: gateway.publicKey, url: () => gateway.url, now });
      closing.push(node.close);
      return node;
    }
    const finalized = (node: Awaited<ReturnType<typeof newNode>>, count = 1) =>
      vi.waitFor(
        async () => {
          const states = (await node.settlements()).map(({ state }) => state);
          expect(states).toEqual(Array(count).fill('finalized'));
        },
        { timeout: 10_000, interval: 50 },
      );

    test('from a receipt to lamports in the wallet', async () => {
      const info = gatewayInfoSchema.parse(await (await fetch(gateway.url)).json());
      expect(info).toMatchObject({
        network: 'localnet',
        settlement: {
          cluster: 'localnet',
          genesis_hash: chain.genesisHash,
          decimals: 9,
          threshold_atomic: '2000000',
        },
      });
      expect(info.extensions).toEqual(expect.arrayContaining(['vouchers', 'settlement']));
      const owner = newWalletOwner();
      const node = await newNode(owner);
      await node.register(node.delegate());
      const answer = await node.handIn(await node.serve(2));
      expect(answer.results.map(({ cumulative_atomic }) => cumulative_atomic)).toEqual([
        `${net}`,
        `${2n * net}`,
      ]);
      await finalized(node);
      const shown = await (await fetch(`${gateway.url}/nodes/${node.nodeId}`)).json();
      expect(shown).toMatchObject({ wallet_address: owner.address });
      expect(shown).not.toHaveProperty('delegation');
      expect(chain.lamportsOf(owner.address)).toBe(2n * net);
      expect(await node.channel()).toMatchObject({
        vouchered_atomic: `${2n * net}`,
        settled_atomic: `${2n * net}`,
      });
      expect(await node.account()).toMatchObject({
        network: 'localnet',
        owed_lamports: `${2n * net}`,
        vouchered_lamports: `${2n * net}`,
        settled_lamports: `${2n * net}`,
      });
      await node.handIn(await node.serve(1));
      await finalized(node, 2);
      expect(chain.lamportsOf(owner.address)).toBe(3n * net);
    });

    describe('takes a wallet’s word', () => {
      test('and nothing less', async () => {
        const owner = newWalletOwner();
        const node = await newNode(owner);
        const other = await newNode(owner);
        const refusals: [Delegation | undefined, Record<string, unknown>, string][] = [
          [undefined, {}, 'must sign in once'],
          [newWalletOwner().delegate(node.about(), now()), {}, 'the payout address is'],
          [node.delegate(), { wallet_address: newWalletOwner().address }, 'the payout address is'],
          [owner.delegate(other.about(), now()), {}, 'is not for this node'],
          [
            owner.delegate({ ...node.about(), gatewayOrigin: 'https://other.example' }, now()),
            {},
            'https://other.example',
          ],
          [owner.delegate(node.about(), now() - 31 * dayMs), {}, 'is past'],
          [node.delegate(owner, { domain: 'evil.example' }), {}, 'Line 1'],
          [
            { ...node.delegate(), signature: node.delegate(owner, { requestId: 'x' }).signature },
            {},
            'signature is not',
          ],
        ];
        for (const [delegation, change, why] of refusals) {
          const error = await node.register(delegation, change).catch((thrown: unknown) => thrown);
          expect(error).toMatchObject({
            code: 'wallet/bad-delegation',
            message: expect.stringContaining(why),
            data: { status: 401 },
          });
        }
        await expect(node.register(node.delegate())).resolves.toEqual({ status: 'registered' });
      });

      test('until it ends', async () => {
        const owner = newWalletOwner();
        const node = await newNode(owner);
        const delegation = node.delegate(owner, { expirationTime: new Date(now() + 100_000).toISOString() });
        await node.register(delegation);
        await node.health();
        offsetMs = 110_000;
        await expect(node.health()).rejects.toThrow('has run out');
        await expect(node.register(delegation)).rejects.toThrow('is past');
        await node.register(node.delegate());
        await node.health();
      });

      test('until it is taken back, also after a restart', async () => {
        const owner = newWalletOwner();
        const node = await newNode(owner);
        const delegation = node.delegate();
        await node.register(delegation);
        const stranger = await newNode(newWalletOwner());
        const path = `/nodes/${node.nodeId}/delegation`;
        const theirs = createSignedCall(gateway.url, { ...stranger.key, nodeId: stranger.nodeId }, now);
        await expect(theirs.json({ method: 'DELETE', path }, z.unknown())).rejects.toThrow('own key');
        offsetMs += 1000;
        await node.ask('DELETE', '/delegation', z.unknown());
        await expect(node.health()).rejects.toThrow('not registered');
        await expect(node.register(delegation)).rejects.toThrow('was taken back');
        const { port } = new URL(gateway.url);
        await gateway.close();
        gateway = await open({ port: Number(port) });
        await expect(node.register(delegation)).rejects.toThrow('was taken back');
        offsetMs += 1000;
        await node.register(node.delegate());
        await node.health();
      });

      test('until it is taken back, though its node’s clock was ahead', async () => {
        const owner = newWalletOwner();
        const node = await newNode(owner);
        const ahead = owner.delegate(node.about(), now() + 200_000);
        await node.register(ahead);
        offsetMs += 1000;
        await node.ask('DELETE', '/delegation', z.unknown());
        await expect(node.register(ahead)).rejects.toThrow('was taken back');
        await node.register(owner.delegate(node.about(), now() + 201_000));
      });

      test('until it is taken back, though a registration is under way', async () => {
        const node = await newNode(newWalletOwner());
        const delegation = node.delegate();
        await node.register(delegation);
        let asked = () => {};
        let answer = () => {};
        const isAsked = new Promise<void>((resolve) => {
          asked = resolve;
        });
        const slow = createServer((_request, response) => {
          answer = () => response.end('{}');
          asked();
        });
        await new Promise<void>((resolve) => slow.listen(0, '127.0.0.1', resolve));
        closing.push(async () => void slow.close());
        const endpoint = `http://127.0.0.1:${(slow.address() as AddressInfo).port}`;
        const registering = node.register(delegation, { endpoint_url: endpoint });
        await isAsked;
        offsetMs += 1000;
        await node.ask('DELETE', '/delegation', z.unknown());
        answer();
        await expect(registering).rejects.toThrow('was taken back');
        await expect(node.health()).rejects.toThrow('not registered');
      });

      test('before another wallet is paid, to which the one before must have agreed; what the old one earned stays its own', async () => {
        const [first, second] = [newWalletOwner(), newWalletOwner()];
        const node = await newNode(first);
        await node.register(node.delegate());
        chain.faults.rateLimited = Number.POSITIVE_INFINITY;
        await node.handIn(await node.serve(1));
        const toSecond = { wallet_address: second.address };
        await expect(node.register(undefined, toSecond)).rejects.toMatchObject({
          code: 'wallet/bad-delegation',
        });
        await expect(node.register(node.delegate(first), toSecond)).rejects.toThrow('the payout address is');
        // A node's key, and a wallet of whoever has it, are not enough.
        await expect(node.register(node.delegate(second), toSecond)).rejects.toThrow(
          `${first.address} must agree`,
        );
        const about = { from: first.address, to: second.address, nodeId: node.nodeId };
        const agreed = first.agreeToChange(about, now());
        for (const bad of [
          second.agreeToChange(about, now()),
          first.agreeToChange({ ...about, nodeId: 'slm-other' }, now()),
          first.agreeToChange({ ...about, to: newWalletOwner().address }, now()),
          { ...agreed, message: `${agreed.message} ` },
        ])
          await expect(
            node.register(node.delegate(second), { ...toSecond, payout_changes: [bad] }),
          ).rejects.toThrow(`${first.address} must agree`);
        await node.register(node.delegate(second), { ...toSecond, payout_changes: [agreed] });
        const shown = await (await fetch(`${gateway.url}/nodes/${node.nodeId}`)).json();
        expect(shown).not.toHaveProperty('payout_changes');
        const after = await node.handIn(await node.serve(1));
        expect(after.results[0]?.cumulative_atomic).toBe(`${net}`);
        chain.faults.rateLimited = 0;
        await finalized(node, 2);
        expect([first, second].map(({ address }) => chain.lamportsOf(address))).toEqual([net, net]);
      });
    });

    describe('with claims', () => {
      test('pays one once, however often it is asked or sent', async () => {
        const owner = newWalletOwner();
        chain.airdrop(owner.address, sol);
        const node = await newNode(owner);
        await node.register(node.delegate(), { payout_by: 'claim' });
        const receipts = await node.serve(2);
        await expect(node.claim()).rejects.toThrow('0 are owed');
        await node.handIn(receipts);
        const answer = await node.claim();
        expect(await node.claim()).toEqual(answer);
        const stranger = await newNode(newWalletOwner());
        await stranger.register(stranger.delegate());
        const theirs = createSignedCall(gateway.url, { ...stranger.key, nodeId: stranger.nodeId }, now);
        const claim = { method: 'POST', path: `/nodes/${node.nodeId}/claim` };
        await expect(theirs.json(claim, z.unknown())).rejects.toThrow('own key');
        await expect(stranger.claim()).rejects.toThrow('0 are owed');

        const transaction = VersionedTransaction.deserialize(Buffer.from(answer.transaction, 'base64'));
        transaction.sign([owner.keypair]);
        await chain.connection.sendRawTransaction(transaction.serialize());
        await finalized(node);
        await chain.connection.sendRawTransaction(transaction.serialize());
        await expect(node.claim()).rejects.toThrow('0 are owed');
        chain.ledger.expireBlockhashes();
        await expect(node.claim()).rejects.toThrow('0 are owed');
        expect(chain.lamportsOf(owner.address)).toBe(sol + 2n * net - BigInt(answer.fee_lamports));
      });

      test('a transaction that somebody else changed does not land', async () => {
        const [owner, thief] = [newWalletOwner(), newWalletOwner()];
        chain.airdrop(owner.address, sol);
        chain.airdrop(thief.address, sol);
        const node = await newNode(owner);
        await node.register(node.delegate(), { payout_by: 'claim' });
        await node.handIn(await node.serve(1));
        const { transaction } = await node.claim();
        const stolen = VersionedTransaction.deserialize(Buffer.from(transaction, 'base64'));
        const at = stolen.message.staticAccountKeys.findIndex((key) => key.toBase58() === owner.address);
        stolen.message.staticAccountKeys[at] = thief.keypair.publicKey;
        stolen.sign([thief.keypair]);
        await expect(chain.connection.sendRawTransaction(stolen.serialize())).rejects.toThrow(
          'signature verification',
        );
        expect(chain.lamportsOf(thief.address)).toBe(sol);
      });
    });

    test('test credits of before never become money', async () => {
      await gateway.close();
      const credits: Partial<GatewayOptions> = { chain: undefined };
      gateway = await open(credits);
      const owner = newWalletOwner();
      const node = await newNode(owner);
      await node.register();
      const [early, late] = await node.serve(2, 'test-credits');
      await node.handIn([early]);
      expect(await node.channel()).toMatchObject({ epoch: 1, vouchered_atomic: `${net}` });
      const { port } = new URL(gateway.url);
      await gateway.close();
      gateway = await open({ port: Number(port) });
      await node.register(node.delegate());
      const answer = await node.handIn([early, late]);
      expect(answer.results.map(({ verdict }) => verdict)).toEqual(['accepted', 'accepted']);
      expect(answer.voucher).toBeUndefined();
      expect(await node.channel()).toMatchObject({ epoch: 0, accepted_atomic: '0' });
      await node.handIn(await node.serve(1));
      await finalized(node);
      expect(chain.lamportsOf(owner.address)).toBe(net);
      expect(await node.account()).toMatchObject({ jobs: 1, owed_lamports: `${net}` });
    });
  },
);
