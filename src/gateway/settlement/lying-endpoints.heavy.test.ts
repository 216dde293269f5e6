import { describe, expect, test } from 'vitest';
import { type ChainEndpoint, noLocalChain } from '#testing/local-chain.ts';
import { eachWithPayments } from '#testing/payments.ts';

const enough = 2_000_000n;
const minuteMs = 60_000;
const states = ['prepared', 'submitted'];

describe.skipIf(noLocalChain)(
  `payments beside endpoints that lie${noLocalChain ? ` (${noLocalChain})` : ''}`,
  () => {
    const stage = eachWithPayments();

    /** A gateway that asks so many endpoints, the first of which is to lie; somebody is owed enough. */
    async function owing(endpoints: number) {
      const honest: ChainEndpoint[] = [];
      while (honest.length < endpoints - 1) honest.push(await stage.chain.openEndpoint());
      const all: ChainEndpoint[] = [stage.chain, ...honest];
      await stage.open({ rpcUrls: all.map(({ url }) => url), timeoutMs: 300 });
      const to = stage.wallet();
      const channel = stage.books.earn(to, enough);
      return {
        ...{ liar: all[0]?.faults as ChainEndpoint['faults'], honest: honest.map(({ faults }) => faults) },
        ...{ all: all.map(({ faults }) => faults), to, channel },
      };
    }
    const paid = (to: string) => stage.chain.lamportsOf(to);
    function onePayment(channel: string): void {
      const all = stage.statesOf(channel);
      expect(all.filter((state) => state !== 'confirmed')).toEqual([...states, 'finalized']);
    }
    /** All that was lost comes by after all, and the gateway goes on for long. */
    async function atLast(): Promise<void> {
      for (let turn = 0; turn < 8; turn++) {
        stage.chain.ledger.landLost();
        stage.nowMs += 2 * minuteMs;
        await stage.tick();
      }
    }

    test.each([2, 3])('of %i one that forges a payment ends none, and it is made up for', async (count) => {
      const { liar, all, to, channel } = await owing(count);
      liar.forges = 'paid';
      for (const faults of all) faults.drops = true;
      await stage.tick(4);
      expect(stage.statesOf(channel)).toEqual(states);
      expect(stage.books.channels.sums(channel)?.settledAtomic).toBe(0n);
      for (const faults of all) faults.drops = false;
      liar.forges = null;
      await stage.tick(4);
      expect(stage.statesOf(channel).at(-1)).toBe('finalized');
      expect(paid(to)).toBe(enough);
    });

    test.each([2, 3])(
      'of %i one that swallows what it is sent keeps nobody from being paid',
      async (count) => {
        const { liar, to, channel } = await owing(count);
        liar.drops = true;
        await stage.tick(4);
        expect(stage.statesOf(channel).at(-1)).toBe('finalized');
        expect(paid(to)).toBe(enough);
      },
    );

    test.each([1, 2, 3])('of %i one that forges a failure has nothing paid twice', async (count) => {
      const { liar, all, to, channel } = await owing(count);
      liar.forges = 'failed';
      for (const faults of all) faults.drops = true;
      await stage.tick(2);
      stage.nowMs += 2 * minuteMs;
      await stage.tick(2);
      expect(stage.statesOf(channel)).toEqual(states);
      for (const faults of all) faults.drops = false;
      liar.forges = null;
      await atLast();
      onePayment(channel);
      expect(paid(to)).toBe(enough);
    });

    test.each([1, 2, 3])(
      'of %i one that makes blockhashes end early has nothing paid twice',
      async (count) => {
        const { liar, all, to, channel } = await owing(count);
        liar.lessLifetimeBlocks = 149;
        for (const faults of all) faults.drops = true;
        await stage.tick();
        stage.chain.ledger.advance(100);
        await stage.tick(2);
        expect(stage.statesOf(channel)).toEqual(states);
        for (const faults of all) faults.drops = false;
        await atLast();
        expect(paid(to)).toBe(enough);
        onePayment(channel);
      },
    );

    test.each([2, 3])('of %i one that is ahead and knows nothing has nothing paid twice', async (count) => {
      const { liar, to, channel } = await owing(count);
      stage.chain.ledger.confirm('held');
      await stage.tick();
      liar.forgets = true;
      liar.aheadBlocks = 1_000_000;
      stage.nowMs += 2 * minuteMs;
      await stage.tick(3);
      expect(stage.statesOf(channel).slice(0, 2)).toEqual(states);
      expect(stage.statesOf(channel)).not.toContain('expired');
      stage.chain.ledger.expireBlockhashes();
      await atLast();
      expect(paid(to)).toBe(enough);
      expect(stage.statesOf(channel).at(-1)).toBe(count === 2 ? 'submitted' : 'finalized');
      if (count === 2) expect(stage.books.engine.problem()?.message).toContain('that others do not');
      liar.forgets = false;
      await stage.tick();
      expect(stage.statesOf(channel).at(-1)).toBe('finalized');
      expect(paid(to)).toBe(enough);
    });

    test.each([2, 3])('of %i one that is ahead, or behind, has none begun', async (count) => {
      const { liar, to, channel } = await owing(count);
      liar.aheadBlocks = 1000;
      await stage.tick();
      expect(stage.books.engine.problem()?.message).toContain('1000 blocks apart');
      liar.aheadBlocks = -1000;
      await stage.tick();
      expect(stage.books.engine.problem()?.message).toContain('1000 blocks apart');
      expect(stage.statesOf(channel)).toEqual([]);
      liar.aheadBlocks = 0;
      await stage.tick(4);
      expect(paid(to)).toBe(enough);
    });

    test('where one is silent nothing takes the place of a payment that the others do not show', async () => {
      const { liar, honest, to, channel } = await owing(3);
      stage.chain.ledger.confirm('held');
      await stage.tick();
      stage.chain.ledger.expireBlockhashes();
      const [second, third] = honest;
      if (!second || !third) throw new Error('three were opened');
      liar.forgets = true;
      second.forgets = true;
      third.hangs = true;
      await stage.tick(2);
      expect(stage.statesOf(channel)).toEqual(states);
      expect(stage.books.engine.problem()?.message).toContain('1 of 3 endpoints are silent');
      second.forgets = false;
      third.hangs = false;
      await stage.tick();
      expect(stage.statesOf(channel)).toEqual([...states, 'finalized']);
      expect(paid(to)).toBe(enough);
    });

    test('of two, one that is down lets none begin; one that goes down lets none end', async () => {
      const { liar, to, channel } = await owing(2);
      liar.hangs = true;
      await stage.tick();
      expect(stage.books.engine.problem()?.message).toContain('1 of 2 endpoints knows the block');
      expect(stage.statesOf(channel)).toEqual([]);
      liar.hangs = false;
      await stage.tick();
      liar.hangs = true;
      await stage.tick(3);
      expect(stage.statesOf(channel)).toEqual(states);
      expect(stage.books.engine.problem()?.message).toContain('one alone decides nothing');
      liar.hangs = false;
      await stage.tick(2);
      expect(stage.statesOf(channel).at(-1)).toBe('finalized');
      expect(paid(to)).toBe(enough);
    });
  },
);
