import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Keypair } from '@solana/web3.js';
import { afterEach, beforeEach } from 'vitest';
import type { ChainOptions } from '#gateway/settlement/open-settlement.ts';
import { type LocalChain, startLocalChain } from './local-chain.ts';
import { openPayingBooks, type PayingBooks, writeKeyFile } from './paying-books.ts';

const treasuryLamports = 10_000_000_000n;

/** For each test of a file: a chain, a treasury with 10 SOL, and the money of a gateway that `open` opens. */
export function eachWithPayments() {
  const opened: PayingBooks[] = [];
  const stage = {
    dir: '',
    chain: undefined as unknown as LocalChain,
    books: undefined as unknown as PayingBooks,
    treasury: undefined as unknown as ReturnType<typeof writeKeyFile>,
    nowMs: 0,
    wallet: () => Keypair.generate().publicKey.toBase58(),
    /** What has left the treasury. */
    spent: () => treasuryLamports - stage.chain.lamportsOf(stage.treasury.keypair.publicKey.toBase58()),
    async open(change: Partial<ChainOptions> = {}): Promise<PayingBooks> {
      const { chain, treasury } = stage;
      const options = { rpcUrls: [chain.url], treasuryFile: treasury.file, ...change };
      stage.books = await openPayingBooks(stage.dir, options, () => stage.nowMs);
      opened.push(stage.books);
      return stage.books;
    },
    async reopen(change: Partial<ChainOptions> = {}): Promise<PayingBooks> {
      await opened.pop()?.die();
      return stage.open(change);
    },
    /** All states of a channel's payments, oldest first. */
    statesOf: (channel: string) =>
      stage.books.database
        .prepare(
          'SELECT t.state FROM settlement_states t JOIN settlements s ON s.id = t.settlement_id WHERE s.channel = ? ORDER BY t.rowid',
        )
        .pluck()
        .all(channel),
    listed: (channel: string) => stage.books.engine.list([channel]),
    async tick(times = 1): Promise<void> {
      for (let index = 0; index < times; index++) await stage.books.engine.tick();
    },
  };
  beforeEach(async () => {
    stage.nowMs = Date.now();
    stage.dir = mkdtempSync(join(tmpdir(), 'settlement-'));
    stage.chain = await startLocalChain();
    stage.treasury = writeKeyFile(stage.dir);
    stage.chain.airdrop(stage.treasury.keypair.publicKey.toBase58(), treasuryLamports);
  });
  afterEach(async () => {
    for (const one of opened.splice(0)) await one.die();
    await stage.chain.close();
    rmSync(stage.dir, { recursive: true });
  });
  return stage;
}
