import { VersionedTransaction } from '@solana/web3.js';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { gatewayInfoSchema } from '#contract/wire/node-capabilities.ts';
import { createSignedCall } from '#node/link/signed-call.ts';
import { noLocalChain } from '#testing/local-chain.ts';
import { netOfRequest } from '#testing/paid-node.ts';
import { eachWithPayingGateway } from '#testing/paying-gateway.ts';
import { newWalletOwner } from '#testing/wallet-owner.ts';

const sol = 1_000_000_000n;
const net = netOfRequest;

describe.skipIf(noLocalChain)(
  `a gateway that pays on a chain${noLocalChain ? ` (${noLocalChain})` : ''}`,
  () => {
    const stage = eachWithPayingGateway();

    test('from a receipt to lamports in the wallet', async () => {
      const info = gatewayInfoSchema.parse(await (await fetch(stage.gateway.url)).json());
      expect(info).toMatchObject({
        network: 'localnet',
        settlement: {
          cluster: 'localnet',
          genesis_hash: stage.chain.genesisHash,
          decimals: 9,
          threshold_atomic: '2000000',
        },
      });
      expect(info.extensions).toEqual(expect.arrayContaining(['vouchers', 'settlement']));
      const owner = newWalletOwner();
      const node = await stage.newNode(owner);
      await node.register(node.delegate());
      const answer = await node.handIn(await node.serve(2));
      expect(answer.results.map(({ cumulative_atomic }) => cumulative_atomic)).toEqual([
        `${net}`,
        `${2n * net}`,
      ]);
      await stage.finalized(node);
      const shown = await (await fetch(`${stage.gateway.url}/nodes/${node.nodeId}`)).json();
      expect(shown).toMatchObject({ wallet_address: owner.address });
      expect(shown).not.toHaveProperty('delegation');
      expect(stage.chain.lamportsOf(owner.address)).toBe(2n * net);
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
      await stage.finalized(node, 2);
      expect(stage.chain.lamportsOf(owner.address)).toBe(3n * net);
    });

    describe('with claims', () => {
      test('pays one once, however often it is asked or sent', async () => {
        const owner = newWalletOwner();
        stage.chain.airdrop(owner.address, sol);
        const node = await stage.newNode(owner);
        await node.register(node.delegate(), { payout_by: 'claim' });
        const receipts = await node.serve(2);
        await expect(node.claim()).rejects.toThrow('0 are owed');
        await node.handIn(receipts);
        const answer = await node.claim();
        expect(await node.claim()).toEqual(answer);
        const stranger = await stage.newNode(newWalletOwner());
        await stranger.register(stranger.delegate());
        const theirs = createSignedCall(
          stage.gateway.url,
          { ...stranger.key, nodeId: stranger.nodeId },
          stage.now,
        );
        const claim = { method: 'POST', path: `/nodes/${node.nodeId}/claim` };
        await expect(theirs.json(claim, z.unknown())).rejects.toThrow('own key');
        await expect(stranger.claim()).rejects.toThrow('0 are owed');

        const transaction = VersionedTransaction.deserialize(Buffer.from(answer.transaction, 'base64'));
        transaction.sign([owner.keypair]);
        await stage.chain.connection.sendRawTransaction(transaction.serialize());
        await stage.finalized(node);
        await stage.chain.connection.sendRawTransaction(transaction.serialize());
        await expect(node.claim()).rejects.toThrow('0 are owed');
        stage.chain.ledger.expireBlockhashes();
        await expect(node.claim()).rejects.toThrow('0 are owed');
        expect(stage.chain.lamportsOf(owner.address)).toBe(sol + 2n * net - BigInt(answer.fee_lamports));
      });

      test('a transaction that somebody else changed does not land', async () => {
        const [owner, thief] = [newWalletOwner(), newWalletOwner()];
        stage.chain.airdrop(owner.address, sol);
        stage.chain.airdrop(thief.address, sol);
        const node = await stage.newNode(owner);
        await node.register(node.delegate(), { payout_by: 'claim' });
        await node.handIn(await node.serve(1));
        const { transaction } = await node.claim();
        const stolen = VersionedTransaction.deserialize(Buffer.from(transaction, 'base64'));
        const at = stolen.message.staticAccountKeys.findIndex((key) => key.toBase58() === owner.address);
        stolen.message.staticAccountKeys[at] = thief.keypair.publicKey;
        stolen.sign([thief.keypair]);
        await expect(stage.chain.connection.sendRawTransaction(stolen.serialize())).rejects.toThrow(
          'signature verification',
        );
        expect(stage.chain.lamportsOf(thief.address)).toBe(sol);
      });
    });

    test('test credits of before never become money', async () => {
      await stage.reopen({ chain: undefined });
      const owner = newWalletOwner();
      const node = await stage.newNode(owner);
      await node.register();
      const [early, late] = await node.serve(2, 'test-credits');
      await node.handIn([early]);
      expect(await node.channel()).toMatchObject({ epoch: 1, vouchered_atomic: `${net}` });
      await stage.reopen();
      await node.register(node.delegate());
      const answer = await node.handIn([early, late]);
      expect(answer.results.map(({ verdict }) => verdict)).toEqual(['accepted', 'accepted']);
      expect(answer.voucher).toBeUndefined();
      expect(await node.channel()).toMatchObject({ epoch: 0, accepted_atomic: '0' });
      await node.handIn(await node.serve(1));
      await stage.finalized(node);
      expect(stage.chain.lamportsOf(owner.address)).toBe(net);
      expect(await node.account()).toMatchObject({ jobs: 1, owed_lamports: `${net}` });
    });
  },
);
