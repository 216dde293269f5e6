import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Keypair, VersionedTransaction } from '@solana/web3.js';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { SignedReceipt } from '#contract/wire/receipt.ts';
import { createRandom } from '#node/training/data/random.ts';
import { type LocalChain, noLocalChain, startLocalChain } from '#testing/local-chain.ts';
import { netOfRequest, startPaidNode } from '#testing/paid-node.ts';
import { openPayingBooks, type PayingBooks, writeKeyFile } from '#testing/paying-books.ts';
import { newWalletOwner } from '#testing/wallet-owner.ts';

const sol = 1_000_000_000n;
const treasuryLamports = 1_000n * sol;
const thresholdAtomic = 2_000_000n;

describe.skipIf(noLocalChain)(`a gateway that dies${noLocalChain ? ` (${noLocalChain})` : ''}`, () => {
  let dir: string;
  let chain: LocalChain;
  let treasury: ReturnType<typeof writeKeyFile>;
  let nowMs: number;
  beforeEach(async () => {
    nowMs = Date.now();
    dir = mkdtempSync(join(tmpdir(), 'kill-'));
    chain = await startLocalChain();
    treasury = writeKeyFile(dir);
    chain.airdrop(treasury.keypair.publicKey.toBase58(), treasuryLamports);
  });
  afterEach(async () => {
    await chain.close();
    rmSync(dir, { recursive: true });
  });

  /** Every lamport: what left the treasury is what was paid and its fees; what was paid arrived; nothing above a voucher. */
  function account(wallets: Map<string, { earned: bigint; given: bigint }>, isDone: boolean) {
    const database = new Database(join(dir, 'gateway.db'), { readonly: true });
    database.defaultSafeIntegers(true);
    const rows = database.prepare('SELECT * FROM channel_sums').all() as Record<string, bigint | string>[];
    const payouts = database.prepare(
      `SELECT p.*, s.mode FROM payouts p JOIN settlements s ON s.id = p.settlement_id WHERE s.channel = ?`,
    );
    let paid = 0n;
    let feesOfTreasury = 0n;
    for (const row of rows) {
      const { earned = 0n, given = 0n } = wallets.get(String(row.payout)) ?? {};
      const paidRows = payouts.all(row.channel) as { amount: bigint; fee_lamports: bigint; mode: string }[];
      const sum = (of: (one: (typeof paidRows)[number]) => bigint) =>
        paidRows.reduce((total, one) => total + of(one), 0n);
      const settled = sum(({ amount }) => amount);
      const ownFees = sum(({ mode, fee_lamports }) => (mode === 'claim' ? fee_lamports : 0n));
      expect(settled).toBe(row.settled);
      expect(Number(row.settled)).toBeLessThanOrEqual(Number(row.vouchered));
      expect(row.vouchered).toBe(row.accepted);
      expect(row.accepted).toBe(earned);
      if (isDone) expect(chain.lamportsOf(String(row.payout)) - given + ownFees).toBe(settled);
      else
        expect(Number(chain.lamportsOf(String(row.payout)) - given)).toBeLessThanOrEqual(
          Number(row.vouchered),
        );
      paid += settled;
      feesOfTreasury += sum(({ mode, fee_lamports }) => (mode === 'gateway' ? fee_lamports : 0n));
    }
    database.close();
    const spent = treasuryLamports - chain.lamportsOf(treasury.keypair.publicKey.toBase58());
    if (isDone) expect(spent).toBe(paid + feesOfTreasury);
    return { paid, channels: rows.length };
  }

  test('at 300 random steps, on a chain that loses, forks and delays, loses and doubles nothing', async () => {
    const random = createRandom(20_261_126);
    const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
    const owners = Array.from({ length: 4 }, () => Keypair.generate());
    const wallets = new Map(
      owners.map((owner, index) => [
        owner.publicKey.toBase58(),
        { earned: 0n, given: index > 1 ? sol : 0n, claims: index > 1 },
      ]),
    );
    for (const [address, { given }] of wallets) if (given > 0n) chain.airdrop(address, given);
    let deaths = 0;
    const diedAt = new Map<string, number>();

    /** One life of the gateway, which ends at a random step or when there is nothing more to do. */
    async function live(stepsLeft: number): Promise<void> {
      let left = stepsLeft;
      let books: PayingBooks | null = null;
      const isDead = { at: '' };
      books = await openPayingBooks(
        dir,
        {
          rpcUrls: [chain.url],
          treasuryFile: treasury.file,
          thresholdAtomic,
          onStep(step) {
            // Once dead it takes no further step, whatever the code around it would still do.
            if (isDead.at === '' && left-- <= 0) isDead.at = step;
            if (isDead.at !== '') throw new Error(`died when it had ${step}`);
          },
        },
        () => nowMs,
      );
      for (const [address, wallet] of wallets)
        if (wallet.claims && books.channels.wallet(`node of ${address}`)?.payoutBy !== 'claim')
          books.payBy(address, 'claim');
      for (let turn = 0; turn < 12 && isDead.at === ''; turn++) {
        nowMs += 90_000;
        const [address, wallet] = pick([...wallets]);
        const amount = BigInt(Math.floor(random() * 3_000_000));
        const channel = books.earn(address, amount);
        wallet.earned += amount;
        if (wallet.claims && random() < 0.8) {
          const answer = await books.engine.claim(channel).catch(() => null);
          const owner = owners.find(({ publicKey }) => publicKey.toBase58() === address);
          if (answer && owner && random() < 0.7) {
            const transaction = VersionedTransaction.deserialize(Buffer.from(answer.transaction, 'base64'));
            transaction.sign([owner]);
            await chain.connection
              .sendRawTransaction(transaction.serialize(), { skipPreflight: true })
              .catch(() => {});
          }
        }
        if (isDead.at === '') await books.engine.tick();
        await misfortune();
      }
      if (isDead.at !== '') {
        deaths += 1;
        diedAt.set(isDead.at, (diedAt.get(isDead.at) ?? 0) + 1);
      }
      await books.die();
    }

    async function misfortune(): Promise<void> {
      const luck = random();
      chain.faults.drops = luck < 0.1;
      chain.faults.rateLimited = luck > 0.9 ? 3 : 0;
      if (luck > 0.1 && luck < 0.15) chain.ledger.expireBlockhashes();
      if (luck > 0.15 && luck < 0.2) chain.ledger.landLost();
      if (luck > 0.2 && luck < 0.3) {
        const young = [...wallets.keys()]
          .flatMap((address) => chain.ledger.transactionsOf(address))
          .find(({ level, raw }) => level !== 'finalized' && raw);
        if (young) chain.ledger.fork(young.signature);
      }
      if (luck > 0.3) chain.ledger.advance(1);
    }

    for (let life = 0; deaths < 300; life++) {
      await live(Math.floor(random() * 14));
      if (life % 20 === 0) account(wallets, false);
    }

    // The last life goes on in peace until all that is due is paid.
    chain.faults.drops = false;
    chain.faults.rateLimited = 0;
    const books = await openPayingBooks(
      dir,
      { rpcUrls: [chain.url], treasuryFile: treasury.file, thresholdAtomic },
      () => nowMs,
    );
    for (let turn = 0; turn < 20; turn++) {
      nowMs += 90_000;
      if (turn === 5) chain.ledger.landLost();
      if (turn === 6) chain.ledger.expireBlockhashes();
      await books.engine.tick();
    }
    expect(books.book.outstanding()).toEqual([]);
    await books.die();
    const { paid, channels } = account(wallets, true);
    expect(channels).toBe(4);
    expect(Number(paid)).toBeGreaterThan(100_000_000);
    expect(deaths).toBeGreaterThanOrEqual(300);
    expect([...diedAt.keys()].sort()).toEqual(['judged', 'looked', 'noted', 'prepared', 'sent', 'turned']);
  }, 240_000);

  test('killed outright at 15 random moments, amid requests, receipts and payments, loses and doubles nothing', async () => {
    const random = createRandom(7);
    const owner = newWalletOwner();
    let running: { child: ChildProcess; url: string; publicKey: string } | null = null;
    async function start(port: string) {
      const child = fork(
        new URL('../index.ts', import.meta.url).pathname,
        [
          '--port',
          port,
          '--data',
          dir,
          '--rpc',
          chain.url,
          '--treasury',
          treasury.file,
          '--credit-limit',
          '1000000000000',
          '--settle-every-ms',
          '15',
        ],
        { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], execArgv: [] },
      );
      const ready = await new Promise<{ url: string; publicKey: string }>((resolve, reject) => {
        child.once('message', (message) => resolve(message as { url: string; publicKey: string }));
        child.once('exit', () => reject(new Error('the gateway did not start')));
      });
      running = { child, ...ready };
      return running;
    }
    async function kill(signal: 'SIGKILL' | 'SIGTERM') {
      const child = running?.child;
      const ended = new Promise((resolve) => child?.once('exit', resolve));
      child?.kill(signal);
      await ended;
    }

    const { url, publicKey } = await start('0');
    const node = await startPaidNode({ owner, gatewayKey: publicKey, url: () => url, now: Date.now });
    const delegation = node.delegate();
    const unanswered: SignedReceipt[] = [];
    const accepted = new Set<string>();
    async function work() {
      await node.register(delegation);
      for (;;) {
        unanswered.push(...(await node.serve(1)));
        const { results } = await node.handIn(unanswered);
        const answered = new Set(results.map((one) => one.request_id));
        for (const one of results) if (one.verdict === 'accepted') accepted.add(one.request_id);
        unanswered.splice(
          0,
          unanswered.length,
          ...unanswered.filter(({ receipt }) => !answered.has(receipt.request_id)),
        );
      }
    }
    for (let death = 0; death < 15 || accepted.size < 15; death++) {
      const working = work().catch(() => unanswered.push(...node.receipts()));
      await new Promise((resolve) => setTimeout(resolve, 20 + random() * 600));
      await kill('SIGKILL');
      await working;
      await start(new URL(url).port);
    }
    await node.register(delegation);
    if (unanswered.length > 0)
      await node.handIn(unanswered.slice(-500)).then(({ results }) => {
        for (const one of results) if (one.verdict === 'accepted') accepted.add(one.request_id);
      });
    await vi.waitFor(
      async () => {
        const { vouchered_atomic: vouchered, settled_atomic: settled } = await node.channel();
        expect(Number(vouchered) - Number(settled)).toBeLessThan(Number(thresholdAtomic));
        expect((await node.settlements()).every(({ state }) => state === 'finalized')).toBe(true);
      },
      { timeout: 20_000, interval: 50 },
    );
    const earned = BigInt((await node.channel()).accepted_atomic);
    await kill('SIGTERM');
    await node.close();
    const { paid } = account(new Map([[owner.address, { earned, given: 0n }]]), true);
    expect(earned).toBe(BigInt(accepted.size) * netOfRequest);
    expect(Number(paid)).toBeGreaterThan(Number(14n * netOfRequest));
  }, 240_000);
});
