import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { VersionedTransaction } from '@solana/web3.js';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import type { Delegation } from '#contract/wire/delegation.ts';
import { gatewayInfoSchema } from '#contract/wire/node-capabilities.ts';
import { nodeAccountSchema, type Receipt, receiptAnswerSchema, receiptText } from '#contract/wire/receipt.ts';
import { claimAnswerSchema, settlementListSchema } from '#contract/wire/settlement.ts';
import { channelSchema } from '#contract/wire/voucher.ts';
import { createSignedCall } from '#node/link/signed-call.ts';
import { type LocalChain, noLocalChain, startLocalChain } from '#testing/local-chain.ts';
import { capabilitiesOf } from '#testing/network-node.ts';
import { writeKeyFile } from '#testing/paying-books.ts';
import { newKey, startScriptedApi } from '#testing/scripted-api.ts';
import { newWalletOwner, type WalletOwner } from '#testing/wallet-owner.ts';
import { sha256Hex } from '../ed25519.ts';
import { createGateway, type Gateway, type GatewayOptions } from '../gateway.ts';

const sol = 1_000_000_000n;
const dayMs = 86_400_000;
/** 3,000,000 lamports a request and 2 a token, less 5 %. */
const pricing = { per_request: 0.003, per_token: 0.000000002, per_training_round: 0, minimum_payment: 0.001 };
const price = 3_000_008n;
const net = price - price / 20n;

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

    /** A node that is there, and registers when it is told to. */
    async function newNode(owner: WalletOwner) {
      const key = newKey();
      const nodeId = `slm-${key.publicKey.slice(0, 8)}`;
      const api = await startScriptedApi({ gatewayPublicKey: gateway.publicKey });
      closing.push(api.close);
      const calls = () => createSignedCall(gateway.url, { ...key, nodeId }, now);
      const ask = <S extends z.ZodType>(method: string, path: string, answer: S, body?: unknown) =>
        calls().json({ method, path: `/nodes/${nodeId}${path}`, body }, answer);
      const about = () => ({ nodeKey: key.publicKey, nodeId, gatewayOrigin: new URL(gateway.url).origin });
      let seq = 0;
      const node = {
        key,
        nodeId,
        about,
        ask,
        delegate: (by = owner, change = {}) => by.delegate(about(), now(), change),
        register: (delegation?: Delegation, change: Record<string, unknown> = {}) =>
          calls().json(
            {
              method: 'POST',
              path: '/nodes/register',
              body: capabilitiesOf(
                { nodeId, url: api.url },
                { wallet_address: owner.address, pricing, ...(delegation ? { delegation } : {}), ...change },
              ),
            },
            z.object({ status: z.string() }),
          ),
        health: () =>
          ask('POST', '/health', z.unknown(), {
            node_id: nodeId,
            status: 'online',
            current_load: 0,
            memory_usage: 0.1,
            requests_processed: 1,
          }),
        async serve(count = 1, network: Receipt['network'] = 'localnet') {
          for (let index = 0; index < count; index++) {
            const response = await fetch(`${gateway.url}/v1/chat/completions`, {
              method: 'POST',
              headers: { authorization: 'Bearer sk-payer', 'content-type': 'application/json' },
              body: JSON.stringify({
                model: 'scripted',
                messages: [{ role: 'user', content: `Question ${seq} ${index}` }],
              }),
            });
            expect(response.status).toBe(200);
            await response.json();
          }
          return api.booked.splice(0).map((job) => {
            seq += 1;
            const receipt: Receipt = {
              v: 1,
              request_id: job.request.requestId,
              node_id: nodeId,
              node_key: key.publicKey,
              gateway: gateway.publicKey,
              payer: 'payer',
              model: 'scripted',
              config_sha256: sha256Hex('{}'),
              input_sha256: job.request.inputSha256,
              output_sha256: sha256Hex(job.text),
              tokens_prompt: job.result.promptTokens,
              tokens_generated: job.result.generatedTokens,
              price_atomic: `${price}`,
              asset: 'SOL',
              network,
              seq,
              issued_at: Math.floor(now() / 1000),
            };
            return { receipt, signature: key.sign(receiptText(receipt)) };
          });
        },
        handIn: (receipts: unknown[]) => ask('POST', '/receipts', receiptAnswerSchema, { receipts }),
        account: () => ask('GET', '/account', nodeAccountSchema),
        channel: () => ask('GET', '/channel', channelSchema),
        settlements: async () => (await ask('GET', '/settlements', settlementListSchema)).settlements,
        claim: () => ask('POST', '/claim', claimAnswerSchema),
      };
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
            message: expect.stringMatching(/wallet\/bad-delegation: /),
            data: { status: 401 },
          });
          expect((error as Error).message).toContain(why);
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

      test('before another wallet is paid; what the old one earned stays its own', async () => {
        const [first, second] = [newWalletOwner(), newWalletOwner()];
        const node = await newNode(first);
        await node.register(node.delegate());
        chain.faults.rateLimited = Number.POSITIVE_INFINITY;
        await node.handIn(await node.serve(1));
        const toSecond = { wallet_address: second.address };
        await expect(node.register(undefined, toSecond)).rejects.toThrow('wallet/bad-delegation');
        await expect(node.register(node.delegate(first), toSecond)).rejects.toThrow('the payout address is');
        await node.register(node.delegate(second), toSecond);
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
