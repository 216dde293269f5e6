import { describe, expect, test } from 'vitest';
import { noLocalChain } from '#testing/local-chain.ts';
import { eachWithPayments } from '#testing/payments.ts';

const sol = 1_000_000_000n;
const enough = 2_000_000n;

describe.skipIf(noLocalChain)(
  `payments on a chain that fails${noLocalChain ? ` (${noLocalChain})` : ''}`,
  () => {
    const stage = eachWithPayments();

    test('nothing is paid twice when it is busy or silent', async () => {
      await stage.open({ timeoutMs: 200 });
      const to = stage.wallet();
      const channel = stage.books.earn(to, enough);
      for (const fault of ['rateLimited', 'hangs'] as const) {
        if (fault === 'rateLimited') stage.chain.faults.rateLimited = 1000;
        else stage.chain.faults.hangs = true;
        await stage.tick();
        expect(stage.books.engine.problem()?.code).toBe('chain/unreachable');
        stage.chain.faults.rateLimited = 0;
        stage.chain.faults.hangs = false;
      }
      await stage.tick(4);
      expect(stage.statesOf(channel)).toEqual(['prepared', 'submitted', 'confirmed', 'finalized']);
      expect(stage.chain.lamportsOf(to)).toBe(enough);
      expect(stage.books.engine.problem()).toBeNull();
    });

    test('one endpoint that is down is made up for by two others', async () => {
      const others = await Promise.all([1, 2].map(() => stage.chain.openEndpoint()));
      await stage.open({ rpcUrls: [stage.chain.url, ...others.map(({ url }) => url)], timeoutMs: 200 });
      stage.chain.faults.hangs = true;
      const to = stage.wallet();
      const channel = stage.books.earn(to, enough);
      await stage.tick(4);
      expect(stage.statesOf(channel).at(-1)).toBe('finalized');
      expect(stage.chain.lamportsOf(to)).toBe(enough);
      expect(stage.books.engine.problem()).toBeNull();
    });

    test('a transaction that is lost is sent again, then built anew, and lands once', async () => {
      await stage.open();
      const to = stage.wallet();
      const channel = stage.books.earn(to, enough);
      stage.chain.faults.drops = true;
      await stage.tick(3);
      expect(stage.statesOf(channel)).toEqual(['prepared', 'submitted']);
      expect(stage.chain.calls.get('sendTransaction')).toBe(3);
      stage.chain.ledger.advance(160);
      await stage.tick(2);
      // Its last block is past, but not yet final: no other one is built.
      expect(stage.statesOf(channel)).toEqual(['prepared', 'submitted']);
      stage.chain.ledger.expireBlockhashes();
      stage.chain.faults.drops = false;
      await stage.tick(5);
      expect(stage.statesOf(channel)).toEqual([
        'prepared',
        'submitted',
        'expired',
        'prepared',
        'submitted',
        'confirmed',
        'finalized',
      ]);
      expect(stage.chain.lamportsOf(to)).toBe(enough);
    });

    test('a payment that a fork takes away is sent again, the very same bytes', async () => {
      await stage.open();
      const to = stage.wallet();
      const channel = stage.books.earn(to, enough);
      stage.chain.ledger.confirm('held');
      await stage.tick();
      const signature = `${stage.listed(channel)[0]?.signature}`;
      stage.chain.ledger.settle(signature, 'confirmed');
      await stage.tick();
      stage.chain.ledger.fork(signature);
      expect(stage.chain.lamportsOf(to)).toBe(0n);
      await stage.tick();
      expect(stage.statesOf(channel)).toEqual(['prepared', 'submitted', 'confirmed', 'submitted']);
      expect(stage.listed(channel)[0]).toMatchObject({
        signature,
        reason: expect.stringContaining('sent again'),
      });
      stage.chain.ledger.settle(signature, 'finalized');
      await stage.tick();
      expect(stage.statesOf(channel).at(-1)).toBe('finalized');
      expect(stage.chain.lamportsOf(to)).toBe(enough);
    });

    test('an endpoint that lies about being final is not believed', async () => {
      await stage.open();
      const to = stage.wallet();
      const channel = stage.books.earn(to, enough);
      stage.chain.faults.drops = true;
      stage.chain.faults.claimsFinalized = true;
      await stage.tick(3);
      expect(stage.statesOf(channel)).toEqual(['prepared', 'submitted']);
      expect(stage.books.channels.sums(channel)?.settledAtomic).toBe(0n);
      stage.chain.faults.claimsFinalized = false;
      stage.chain.faults.drops = false;
      await stage.tick(4);
      expect(stage.chain.lamportsOf(to)).toBe(enough);
      expect(stage.statesOf(channel).at(-1)).toBe('finalized');
    });

    test('an endpoint that knows nothing does not make it pay twice, while another one has not seen the end', async () => {
      const [other, third] = [await stage.chain.openEndpoint(), await stage.chain.openEndpoint()];
      await stage.open({ rpcUrls: [stage.chain.url, other.url, third.url] });
      const to = stage.wallet();
      const channel = stage.books.earn(to, enough);
      stage.chain.ledger.confirm('held');
      await stage.tick();
      stage.chain.faults.forgets = true;
      for (const { faults } of [other, third]) faults.lagSlots = 1000;
      stage.chain.ledger.expireBlockhashes();
      await stage.tick(3);
      expect(stage.statesOf(channel)).toEqual(['prepared', 'submitted']);
      for (const { faults } of [other, third]) faults.lagSlots = 0;
      await stage.tick();
      expect(stage.statesOf(channel)).toEqual(['prepared', 'submitted', 'finalized']);
      expect(stage.chain.lamportsOf(to)).toBe(enough);
    });

    test('an endpoint whose history is too short does not make it pay twice', async () => {
      await stage.open();
      const to = stage.wallet();
      const channel = stage.books.earn(to, enough);
      await stage.tick();
      stage.chain.ledger.expireBlockhashes();
      stage.chain.faults.firstSlot = 100;
      await stage.tick(3);
      expect(stage.statesOf(channel)).toEqual(['prepared', 'submitted']);
      expect(stage.books.engine.problem()?.message).toContain('history');
      stage.chain.faults.firstSlot = 0;
      await stage.tick();
      expect(stage.statesOf(channel).at(-1)).toBe('finalized');
      expect(stage.chain.lamportsOf(to)).toBe(enough);
    });

    test('an endpoint that is behind decides nothing', async () => {
      await stage.open();
      const to = stage.wallet();
      const channel = stage.books.earn(to, enough);
      stage.chain.faults.lagSlots = 3;
      stage.chain.ledger.advance(5);
      await stage.tick();
      await stage.tick(2);
      expect(stage.statesOf(channel).slice(0, 2)).toEqual(['prepared', 'submitted']);
      expect(stage.statesOf(channel)).not.toContain('expired');
      stage.chain.faults.lagSlots = 0;
      await stage.tick(4);
      expect(stage.statesOf(channel).at(-1)).toBe('finalized');
      expect(stage.chain.lamportsOf(to)).toBe(enough);
    });

    test('a wrong balance costs time, not money', async () => {
      await stage.open();
      const to = stage.wallet();
      const channel = stage.books.earn(to, 20n * sol);
      stage.chain.faults.balances.set(stage.books.terms.treasury, 100n * sol);
      await stage.tick(2);
      expect(stage.listed(channel)[0]).toMatchObject({
        state: 'prepared',
        reason: expect.stringMatching(/^chain\/rejected/),
      });
      stage.chain.ledger.expireBlockhashes();
      stage.chain.faults.balances.clear();
      await stage.tick();
      expect(stage.statesOf(channel).at(-1)).toBe('expired');
      stage.chain.airdrop(stage.books.terms.treasury, 20n * sol);
      stage.nowMs += 61_000;
      await stage.tick(4);
      expect(stage.chain.lamportsOf(to)).toBe(20n * sol);
    });

    test('another cluster’s endpoint is paid nothing on', async () => {
      await stage.open();
      const to = stage.wallet();
      const channel = stage.books.earn(to, enough);
      stage.chain.faults.genesisHash = stage.wallet();
      await stage.tick(2);
      expect(stage.books.engine.problem()?.code).toBe('chain/wrong-cluster');
      expect(stage.statesOf(channel)).toEqual([]);
      expect(stage.chain.calls.get('sendTransaction')).toBeUndefined();
      await expect(stage.reopen()).rejects.toThrow('of another cluster than localnet');
      stage.chain.faults.genesisHash = null;
      await stage.open();
      await stage.tick(4);
      expect(stage.chain.lamportsOf(to)).toBe(enough);
    });
  },
);
