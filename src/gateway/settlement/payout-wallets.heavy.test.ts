import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInitializeAccountInstruction, TOKEN_PROGRAM_ID } from '@solana/spl-token';
import { Keypair, PublicKey, SystemProgram } from '@solana/web3.js';
import { describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import type { Delegation } from '#contract/wire/delegation.ts';
import { createSignedCall } from '#node/link/signed-call.ts';
import { issueToken, noLocalChain } from '#testing/local-chain.ts';
import { netOfRequest } from '#testing/paid-node.ts';
import { eachWithPayingGateway } from '#testing/paying-gateway.ts';
import { newWalletOwner, type WalletOwner } from '#testing/wallet-owner.ts';

const dayMs = 86_400_000;
const net = netOfRequest;

describe.skipIf(noLocalChain)(
  `whose wallet a gateway pays${noLocalChain ? ` (${noLocalChain})` : ''}`,
  () => {
    const stage = eachWithPayingGateway();

    describe('takes a wallet’s word', () => {
      test('and nothing less', async () => {
        const owner = newWalletOwner();
        const node = await stage.newNode(owner);
        const other = await stage.newNode(owner);
        const refusals: [Delegation | undefined, Record<string, unknown>, string][] = [
          [undefined, {}, 'must sign in once'],
          [newWalletOwner().delegate(node.about(), stage.now()), {}, 'the payout address is'],
          [node.delegate(), { wallet_address: newWalletOwner().address }, 'the payout address is'],
          [owner.delegate(other.about(), stage.now()), {}, 'is not for this node'],
          [
            owner.delegate({ ...node.about(), gatewayOrigin: 'https://other.example' }, stage.now()),
            {},
            'https://other.example',
          ],
          [owner.delegate(node.about(), stage.now() - 31 * dayMs), {}, 'is past'],
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
        const node = await stage.newNode(owner);
        const delegation = node.delegate(owner, {
          expirationTime: new Date(stage.now() + 100_000).toISOString(),
        });
        await node.register(delegation);
        await node.health();
        stage.offsetMs = 110_000;
        await expect(node.health()).rejects.toThrow('has run out');
        await expect(node.register(delegation)).rejects.toThrow('is past');
        await node.register(node.delegate());
        await node.health();
      });

      test('until it is taken back, also after a restart', async () => {
        const owner = newWalletOwner();
        const node = await stage.newNode(owner);
        const delegation = node.delegate();
        await node.register(delegation);
        const stranger = await stage.newNode(newWalletOwner());
        const path = `/nodes/${node.nodeId}/delegation`;
        const theirs = createSignedCall(
          stage.gateway.url,
          { ...stranger.key, nodeId: stranger.nodeId },
          stage.now,
        );
        await expect(theirs.json({ method: 'DELETE', path }, z.unknown())).rejects.toThrow('own key');
        stage.offsetMs += 1000;
        await node.ask('DELETE', '/delegation', z.unknown());
        await expect(node.health()).rejects.toThrow('not registered');
        await expect(node.register(delegation)).rejects.toThrow('was taken back');
        await stage.reopen();
        await expect(node.register(delegation)).rejects.toThrow('was taken back');
        stage.offsetMs += 1000;
        await node.register(node.delegate());
        await node.health();
      });

      test('until it is taken back, though its node’s clock was ahead', async () => {
        const owner = newWalletOwner();
        const node = await stage.newNode(owner);
        const ahead = owner.delegate(node.about(), stage.now() + 200_000);
        await node.register(ahead);
        stage.offsetMs += 1000;
        await node.ask('DELETE', '/delegation', z.unknown());
        await expect(node.register(ahead)).rejects.toThrow('was taken back');
        await node.register(owner.delegate(node.about(), stage.now() + 201_000));
      });

      test('until it is taken back, though a registration is under way', async () => {
        const node = await stage.newNode(newWalletOwner());
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
        stage.onEnd(async () => void slow.close());
        const endpoint = `http://127.0.0.1:${(slow.address() as AddressInfo).port}`;
        const registering = node.register(delegation, { endpoint_url: endpoint });
        await isAsked;
        stage.offsetMs += 1000;
        await node.ask('DELETE', '/delegation', z.unknown());
        answer();
        await expect(registering).rejects.toThrow('was taken back');
        await expect(node.health()).rejects.toThrow('not registered');
      });

      test('before another wallet is paid, to which the one before must have agreed; what the old one earned stays its own', async () => {
        const [first, second] = [newWalletOwner(), newWalletOwner()];
        const node = await stage.newNode(first);
        await node.register(node.delegate());
        stage.chain.faults.rateLimited = Number.POSITIVE_INFINITY;
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
        const agreed = first.agreeToChange(about, stage.now());
        for (const bad of [
          second.agreeToChange(about, stage.now()),
          first.agreeToChange({ ...about, nodeId: 'slm-other' }, stage.now()),
          first.agreeToChange({ ...about, to: newWalletOwner().address }, stage.now()),
          { ...agreed, message: `${agreed.message} ` },
        ])
          await expect(
            node.register(node.delegate(second), { ...toSecond, payout_changes: [bad] }),
          ).rejects.toThrow(`${first.address} must agree`);
        await node.register(node.delegate(second), { ...toSecond, payout_changes: [agreed] });
        const shown = await (await fetch(`${stage.gateway.url}/nodes/${node.nodeId}`)).json();
        expect(shown).not.toHaveProperty('payout_changes');
        const after = await node.handIn(await node.serve(1));
        expect(after.results[0]?.cumulative_atomic).toBe(`${net}`);
        stage.chain.faults.rateLimited = 0;
        await stage.finalized(node, 2);
        expect([first, second].map(({ address }) => stage.chain.lamportsOf(address))).toEqual([net, net]);
      });
    });

    test('a wallet that was mistyped, and cannot sign, is got out of by the one before', async () => {
      const [first, typo, third] = [newWalletOwner(), newWalletOwner(), newWalletOwner()];
      const node = await stage.newNode(first);
      await node.register(node.delegate());
      const change = (to: WalletOwner) =>
        first.agreeToChange({ from: first.address, to: to.address, nodeId: node.nodeId }, stage.now());
      const mistyped = change(typo);
      await expect(
        node.register(undefined, { wallet_address: typo.address, payout_changes: [mistyped] }),
      ).rejects.toThrow('must sign in once');
      const toThird = { wallet_address: third.address };
      await expect(
        node.register(node.delegate(third), { ...toThird, payout_changes: [mistyped] }),
      ).rejects.toThrow(`${first.address} must agree`);
      const meant = change(third);
      await node.register(node.delegate(third), { ...toThird, payout_changes: [mistyped, meant] });
      // Back with the first wallet; what it once agreed to is no way to another one again.
      const back = third.agreeToChange(
        { from: third.address, to: first.address, nodeId: node.nodeId },
        stage.now(),
      );
      await node.register(node.delegate(), { payout_changes: [mistyped, meant, back] });
      for (const [wallet, words] of [
        [typo, [mistyped]],
        [third, [meant]],
      ] as const)
        await expect(
          node.register(node.delegate(wallet), { wallet_address: wallet.address, payout_changes: words }),
        ).rejects.toThrow(`${first.address} must agree`);
    });

    test('a node whose wallet cannot be paid is not registered, and one that cannot be any more is not paid', async () => {
      const own = Keypair.generate();
      const owner = newWalletOwner();
      const mint = await issueToken(stage.chain, { owner: stage.treasury.keypair, decimals: 6, supply: 1n });
      const makeTokenAccount = (at: Keypair) =>
        stage.chain.send(
          [
            SystemProgram.createAccount({
              fromPubkey: stage.treasury.keypair.publicKey,
              newAccountPubkey: at.publicKey,
              lamports: Number(stage.chain.ledger.rentExemptLamports(165)),
              space: 165,
              programId: TOKEN_PROGRAM_ID,
            }),
            createInitializeAccountInstruction(at.publicKey, new PublicKey(mint), own.publicKey),
          ],
          [stage.treasury.keypair, at],
        );
      const refused = async (wallet: WalletOwner, address: string, why: string) => {
        const node = await stage.newNode(wallet);
        const error = await node
          .register(node.delegate(wallet), { wallet_address: address })
          .catch((thrown: unknown) => thrown);
        expect(error).toMatchObject({
          code: 'wallet/invalid-address',
          message: expect.stringContaining(why),
          data: { status: 400 },
        });
      };
      await refused(owner, SystemProgram.programId.toBase58(), 'is a program');
      await refused(owner, stage.treasury.keypair.publicKey.toBase58(), 'own treasury');
      await makeTokenAccount(owner.keypair);
      await refused(owner, owner.address, 'is a token account');

      const later = newWalletOwner();
      const node = await stage.newNode(later);
      await node.register(node.delegate());
      await makeTokenAccount(later.keypair);
      await node.handIn(await node.serve(1));
      await vi.waitFor(async () =>
        expect(await node.settlements()).toMatchObject([
          { state: 'prepared', signature: null, reason: expect.stringMatching(/^wallet\/invalid-address: /) },
        ]),
      );
      await expect(node.claim()).rejects.toMatchObject({ code: 'wallet/invalid-address' });
    });
  },
);
