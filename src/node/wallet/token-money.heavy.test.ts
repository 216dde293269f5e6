import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import {
  createAssociatedTokenAccountIdempotentInstruction,
  createTransferCheckedInstruction,
  getAssociatedTokenAddressSync,
  TOKEN_2022_PROGRAM_ID,
} from '@solana/spl-token';
import { Keypair, PublicKey } from '@solana/web3.js';
import { describe, expect, test, vi } from 'vitest';
import { decimalText, solUnit } from '#contract/assets.ts';
import { tokenPrograms } from '#contract/settlement/known-addresses.ts';
import { settlementInstructions } from '#contract/settlement/settlement-transaction.ts';
import { tokenAccountOf } from '#contract/settlement/token-accounts.ts';
import { nativeMint } from '#contract/wire/voucher.ts';
import { issueToken, noLocalChain, transferFee } from '#testing/local-chain.ts';
import { type MoneyNode, signClaim } from '#testing/money-node.ts';
import { eachWithMoney } from '#testing/money-stage.ts';

const sol = 1_000_000_000n;
const decimals = 6;
const supply = 1_000_000_000_000n;
/** 1.25 tokens a request and 2 smallest units an answer's token; the scripted answers have four. */
const pricing = {
  perRequestLamports: 1_250_000n,
  perMillionTokensLamports: 2_000_000n,
  cacheHitPercent: 100n,
};
const price = 1_250_008n;
const net = price - (price * 5n) / 100n;
const [program = ''] = tokenPrograms;
const until = (done: () => void) => vi.waitFor(done, { timeout: 20_000, interval: 20 });

describe.skipIf(noLocalChain)(
  `a node that is paid in a token${noLocalChain ? ` (${noLocalChain})` : ''}`,
  () => {
    let mint = '';
    const stage = eachWithMoney(async () => {
      mint = await issueToken(stage.chain, { owner: stage.treasury.keypair, decimals, supply });
      return { mint, thresholdAtomic: 1n };
    });
    const startNode: typeof stage.startNode = (settings = {}, change = {}) =>
      stage.startNode(settings, { pricing, ...change });
    const heldBy = (wallet: string, token = mint, of = program) =>
      stage.chain.ledger.tokenOf(tokenAccountOf(wallet, token, of))?.amount ?? null;
    const vouched = (node: MoneyNode, amount: bigint) =>
      until(() => expect(node.sums().voucheredLamports).toBe(`${amount}`));
    /** The treasury pays a channel by hand, as the gateway would. */
    const payByHand = (node: MoneyNode, change: { mint?: string; amountAtomic?: bigint }) =>
      stage.chain.send(
        settlementInstructions({
          feePayer: stage.treasury.keypair.publicKey.toBase58(),
          treasury: stage.treasury.keypair.publicKey.toBase58(),
          payout: stage.owner.address,
          mint,
          token: { program, decimals },
          channel: node.ledger.channels()[0]?.channel ?? '',
          cumulativeAtomic: net,
          amountAtomic: net,
          ...change,
        }),
        [stage.treasury.keypair],
      );

    test('work is vouched for, paid by the gateway into an account that it makes, and booked when it is final', async () => {
      const node = await startNode();
      expect(heldBy(stage.owner.address)).toBeNull();
      expect(await node.serve(2)).toEqual([200, 200]);
      await until(() =>
        expect(node.sums()).toMatchObject({
          asset: mint,
          decimals,
          grossLamports: `${2n * price}`,
          feeLamports: `${2n * (price - net)}`,
          settledLamports: `${2n * net}`,
          unvoucheredLamports: '0',
          voucheredLamports: '0',
          disputedLamports: '0',
          differenceLamports: '0',
        }),
      );
      expect(heldBy(stage.owner.address)).toBe(2n * net);
      expect(stage.chain.lamportsOf(stage.owner.address)).toBe(0n);
      const { entries } = node.ledger.entries({ limit: 9 });
      expect(entries).toMatchObject(
        [2, 1].map((id) => ({ id, state: 'settled', asset: mint, decimals, network: 'localnet' })),
      );
      const entry = node.ledger.entry(1);
      expect(entry?.receipt?.receipt).toMatchObject({ asset: mint, price_atomic: `${price}` });
      expect(entry?.payment).toMatchObject({ asset: mint, decimals, state: 'finalized', mode: 'gateway' });
      expect(decimalText(entry?.netLamports ?? '0', decimals)).toBe('1.187508');
      expect(node.ledger.csvPart(0).csv).toContain(`,1.187508,${mint}`);
      await node.wallet.refresh();
      expect(node.wallet.status.get().balances).toMatchObject({
        lamports: '0',
        token: { asset: mint, decimals, amountAtomic: `${2n * net}` },
      });
      expect(node.wallet.payers()).toMatchObject([{ payer: 'payer', asset: mint, unsettledLamports: '0' }]);
    });

    test('a claim is checked, signed by the wallet, and followed until it is booked', async () => {
      stage.chain.airdrop(stage.owner.address, sol);
      const node = await startNode({ payoutBy: 'claim' });
      await node.serve(2);
      await vouched(node, 2n * net);
      const claim = await node.wallet.claims.prepare();
      expect(claim).toMatchObject({
        amountAtomic: `${2n * net}`,
        asset: mint,
        decimals,
        to: stage.owner.address,
        simulation: { ok: true, problem: null },
      });
      await node.wallet.claims.submit(claim.id, signClaim(claim, stage.owner));
      await until(() => expect(node.sums().settledLamports).toBe(`${2n * net}`));
      expect(heldBy(stage.owner.address)).toBe(2n * net);
      expect(stage.chain.lamportsOf(stage.owner.address)).toBe(sol - BigInt(claim.feeLamports));
      expect(node.ledger.payments.payment(claim.id)).toMatchObject({
        state: 'finalized',
        mode: 'claim',
        mint,
      });
      expect(node.ledger.entries({ limit: 9 }).entries.map(({ state }) => state)).toEqual([
        'settled',
        'settled',
      ]);
    });

    test('a token of Token-2022 without a fee pays too', async () => {
      const modern = await issueToken(stage.chain, {
        owner: stage.treasury.keypair,
        decimals: 2,
        supply,
        program: TOKEN_2022_PROGRAM_ID,
      });
      await stage.reopenGateway({ mint: modern });
      const node = await startNode();
      await node.serve(1);
      await until(() =>
        expect(node.sums()).toMatchObject({ asset: modern, decimals: 2, settledLamports: `${net}` }),
      );
      expect(heldBy(stage.owner.address, modern, TOKEN_2022_PROGRAM_ID.toBase58())).toBe(net);
    });

    test('a look-alike with the same decimals, SOL, or less than is owed books nothing', async () => {
      const other = await issueToken(stage.chain, { owner: stage.treasury.keypair, decimals, supply });
      const node = await startNode({ payoutBy: 'claim' });
      await node.serve(1);
      await vouched(node, net);
      const signatures = [
        await payByHand(node, { mint: other }),
        await payByHand(node, { mint: nativeMint, amountAtomic: sol }),
        await payByHand(node, { amountAtomic: 1n }),
      ];
      await until(() =>
        expect(signatures.map((one) => node.ledger.payments.paymentBySignature(one))).toMatchObject([
          { state: 'disputed', reason: `It paid in ${other}, not in ${mint}.` },
          { state: 'disputed', reason: `It paid in SOL, not in ${mint}.` },
          { state: 'disputed', reason: `It says ${net}; 1 came.` },
        ]),
      );
      expect(heldBy(stage.owner.address, other)).toBe(net);
      expect(node.sums()).toMatchObject({ settledLamports: '0', voucheredLamports: `${net}` });
      expect(node.ledger.entries({ limit: 9 }).entries.map(({ state }) => state)).toEqual(['vouchered']);
      await payByHand(node, {});
      await until(() => expect(node.sums().settledLamports).toBe(`${net}`));
    });

    test('one smallest unit is paid and booked; below the gateway’s threshold it waits', async () => {
      const least = { ...pricing, perRequestLamports: 1n, perMillionTokensLamports: 0n };
      const node = await startNode({}, { pricing: least });
      await node.serve(1);
      await until(() => expect(node.sums()).toMatchObject({ grossLamports: '1', settledLamports: '1' }));
      expect(heldBy(stage.owner.address)).toBe(1n);
      await stage.reopenGateway({ thresholdAtomic: 2n });
      node.link.announce();
      await vi.waitFor(async () => expect(await node.serve(1)).toEqual([200]), {
        timeout: 20_000,
        interval: 200,
      });
      await vouched(node, 1n);
      await expect(node.wallet.claims.prepare()).rejects.toMatchObject({
        code: 'settlement/below-threshold',
      });
      expect(node.sums()).toMatchObject({ settledLamports: '1', voucheredLamports: '1' });
    });

    test('a transfer of the treasury that names nothing is told as such, and pays for nothing', async () => {
      const node = await startNode({ payoutBy: 'claim' });
      await node.serve(1);
      await vouched(node, net);
      await node.wallet.refresh();
      const { publicKey } = stage.treasury.keypair;
      const owner = new PublicKey(stage.owner.address);
      const [from, to] = [publicKey, owner].map((key) =>
        getAssociatedTokenAddressSync(new PublicKey(mint), key),
      );
      const transfer = createTransferCheckedInstruction(
        from as PublicKey,
        new PublicKey(mint),
        to as PublicKey,
        publicKey,
        5n,
        decimals,
      );
      const account = createAssociatedTokenAccountIdempotentInstruction(
        publicKey,
        to as PublicKey,
        owner,
        new PublicKey(mint),
      );
      // The second names the wallet's account for the token alone, not the wallet.
      const signatures = [
        await stage.chain.send([account, transfer], [stage.treasury.keypair]),
        await stage.chain.send([transfer], [stage.treasury.keypair]),
      ];
      await node.wallet.refresh();
      await node.wallet.refresh();
      await until(() =>
        expect(node.wallet.latest.get()).toMatchObject(
          [...signatures].reverse().map((signature) => ({
            signature,
            mode: 'unattributed',
            state: 'finalized',
            amountAtomic: '5',
            asset: mint,
            decimals,
          })),
        ),
      );
      expect(node.sums()).toMatchObject({ settledLamports: '0', voucheredLamports: `${net}` });
    });

    test('what a gateway owes in SOL stays owed when it pays with a token, and nothing is added over both', async () => {
      await stage.reopenGateway({ mint: undefined, thresholdAtomic: 2n * sol });
      const node = await startNode({ payoutBy: 'claim' });
      await node.serve(1);
      await vouched(node, net);
      node.settings.update({ payoutBy: 'gateway' });
      await stage.reopenGateway();
      node.link.announce();
      await vi.waitFor(async () => expect(await node.serve(1)).toEqual([200]), {
        timeout: 20_000,
        interval: 200,
      });
      await until(() => expect(node.sums()).toMatchObject({ asset: mint, settledLamports: `${net}` }));
      expect(heldBy(stage.owner.address)).toBe(net);
      expect(node.ledger.moneySums('localnet')).toMatchObject({
        ...solUnit,
        grossLamports: `${price}`,
        voucheredLamports: `${net}`,
        settledLamports: '0',
        differenceLamports: '0',
      });
      expect(node.ledger.totals(0, mint)).toMatchObject({ jobs: 1, netLamports: net });
      expect(node.ledger.totals()).toMatchObject({ jobs: 1, netLamports: net });
      expect(
        node.ledger
          .breakdown(0, 'type')
          .map(({ asset, netLamports }) => [asset, netLamports])
          .sort(),
      ).toEqual(
        [
          [mint, `${net}`],
          ['SOL', `${net}`],
        ].sort(),
      );
      expect(node.wallet.payers().map(({ asset, unsettledLamports }) => [asset, unsettledLamports])).toEqual(
        [
          ['SOL', `${net}`],
          [mint, '0'],
        ].sort(),
      );
      await stage.reopenGateway({ mint: undefined, thresholdAtomic: 1n });
      node.link.announce();
      await until(() => expect(node.ledger.moneySums('localnet').settledLamports).toBe(`${net}`));
      expect(stage.chain.lamportsOf(stage.owner.address)).toBe(net);
    });

    test('a gateway takes no node whose prices are in something else, and no tips in lamports', async () => {
      await expect(
        startNode(
          {},
          {
            capabilities: {
              pricing: { per_request: 0.001, per_token: 0, per_training_round: 0, minimum_payment: 0 },
            },
          },
        ),
      ).rejects.toMatchObject({
        code: 'link/rejected',
        message: expect.stringContaining(`pays with ${mint}`),
      });
      await startNode();
      const response = await fetch(`${stage.gateway.url}/v1/chat/completions`, {
        method: 'POST',
        headers: { authorization: 'Bearer sk-payer', 'content-type': 'application/json' },
        body: JSON.stringify({
          model: 'scripted',
          messages: [{ role: 'user', content: 'Question' }],
          metadata: { tip_lamports: 5 },
        }),
      });
      expect(response.status).toBe(400);
      expect(await response.text()).toContain('takes no tips');
    });

    test.each(['takes a fee of each transfer', 'has 6 decimals on the chain; the gateway says 9'])(
      'a gateway is not served whose token %s',
      async (why) => {
        const taxed = await issueToken(stage.chain, {
          owner: stage.treasury.keypair,
          decimals,
          supply,
          program: TOKEN_2022_PROGRAM_ID,
          extension: transferFee(stage.treasury.keypair.publicKey, 100),
        });
        await expect(stage.openGateway({ chain: stage.chainOptions({ mint: taxed }) })).rejects.toThrow(
          'takes a fee of each transfer',
        );
        const lie = why.includes('fee') ? { mint: taxed } : { decimals: 9 };
        const liar = await startLiar(stage.gateway.url, lie);
        stage.closing.push(liar.close);
        const node = await startNode({}, { gatewayUrl: liar.url, isBound: false });
        node.bind();
        await node.link.start().catch(() => {});
        await until(() =>
          expect(node.wallet.credit.obstacle.get()).toMatchObject({
            code: 'settlement/bad-token',
            message: expect.stringContaining(why),
          }),
        );
        expect(node.wallet.credit.refusal('anybody')).toMatchObject({ code: 'settlement/bad-token' });
        await node.link.stop();
      },
    );

    test('an account of a token, or a wallet, is no mint', async () => {
      const account = tokenAccountOf(stage.treasury.keypair.publicKey.toBase58(), mint, program);
      for (const wrong of [account, stage.owner.address, Keypair.generate().publicKey.toBase58()])
        await expect(stage.openGateway({ chain: stage.chainOptions({ mint: wrong }) })).rejects.toThrow(
          'is no token’s mint on this chain',
        );
    });

    test('two nodes of one wallet are paid in one channel', async () => {
      const [one, other] = [await startNode(), await startNode()];
      await one.serve(4);
      await until(() => {
        const settled = [one, other].map((node) => BigInt(node.sums().settledLamports));
        expect(settled.reduce((sum, amount) => sum + amount, 0n)).toBe(4n * net);
      });
      expect(heldBy(stage.owner.address)).toBe(4n * net);
    });
  },
);

/** A gateway's address behind which its terms are others than it has. */
async function startLiar(url: string, lie: Record<string, unknown>) {
  const server = createServer(async (request, response) => {
    const body = await buffer(request);
    const headers = Object.entries(request.headers).flatMap(([name, value]) =>
      typeof value === 'string' && !/^(host|connection|content-length)$/.test(name) ? [[name, value]] : [],
    ) as [string, string][];
    const answer = await fetch(url + request.url, {
      method: request.method ?? 'GET',
      headers,
      ...(body.length > 0 ? { body: new Uint8Array(body) } : {}),
    });
    const text = await answer.text();
    const told = request.url === '/' ? JSON.parse(text) : null;
    response.writeHead(answer.status, { 'content-type': 'application/json' });
    response.end(told ? JSON.stringify({ ...told, settlement: { ...told.settlement, ...lie } }) : text);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
