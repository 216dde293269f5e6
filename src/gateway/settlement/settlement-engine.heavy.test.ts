import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getAssociatedTokenAddressSync, TOKEN_2022_PROGRAM_ID } from '@solana/spl-token';
import { Keypair, PublicKey, SystemProgram, VersionedTransaction } from '@solana/web3.js';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { checkSettlement } from '#contract/settlement/check-settlement.ts';
import { settlementMemo } from '#contract/wire/settlement.ts';
import { nativeMint } from '#contract/wire/voucher.ts';
import { issueToken, type LocalChain, noLocalChain, startLocalChain } from '#testing/local-chain.ts';
import { openPayingBooks, type PayingBooks, writeKeyFile } from '#testing/paying-books.ts';
import type { ChainOptions } from './open-settlement.ts';

const sol = 1_000_000_000n;
const enough = 2_000_000n;

describe.skipIf(noLocalChain)(`payments on a real VM${noLocalChain ? ` (${noLocalChain})` : ''}`, () => {
  let dir: string;
  let chain: LocalChain;
  let books: PayingBooks;
  let treasury: ReturnType<typeof writeKeyFile>;
  let nowMs: number;
  const opened: PayingBooks[] = [];
  const wallet = () => Keypair.generate().publicKey.toBase58();
  const treasuryLamports = () => chain.lamportsOf(treasury.keypair.publicKey.toBase58());

  async function open(change: Partial<ChainOptions> = {}): Promise<PayingBooks> {
    books = await openPayingBooks(
      dir,
      { rpcUrls: [chain.url], treasuryFile: treasury.file, ...change },
      () => nowMs,
    );
    opened.push(books);
    return books;
  }
  async function reopen(change: Partial<ChainOptions> = {}) {
    await opened.pop()?.die();
    return open(change);
  }
  const statesOf = (channel: string) =>
    books.database
      .prepare(
        'SELECT t.state FROM settlement_states t JOIN settlements s ON s.id = t.settlement_id WHERE s.channel = ? ORDER BY t.rowid',
      )
      .pluck()
      .all(channel);
  const listed = (channel: string) => books.engine.list([channel]);
  async function tick(times = 1) {
    for (let index = 0; index < times; index++) await books.engine.tick();
  }

  beforeEach(async () => {
    nowMs = Date.now();
    dir = mkdtempSync(join(tmpdir(), 'settlement-'));
    chain = await startLocalChain();
    treasury = writeKeyFile(dir);
    chain.airdrop(treasury.keypair.publicKey.toBase58(), 10n * sol);
  });
  afterEach(async () => {
    for (const one of opened.splice(0)) await one.die();
    await chain.close();
    rmSync(dir, { recursive: true });
  });

  test('a channel above the threshold is paid in one transaction, and goes through its states once', async () => {
    await open();
    const to = wallet();
    const channel = books.earn(to, 1_500_000n, 400_000n);
    await tick();
    expect(statesOf(channel)).toEqual([]);
    books.earn(to, 600_000n);
    await tick(5);
    expect(statesOf(channel)).toEqual(['prepared', 'submitted', 'confirmed', 'finalized']);
    expect(chain.lamportsOf(to)).toBe(2_500_000n);
    expect(books.channels.sums(channel)?.settledAtomic).toBe(2_500_000n);
    const [paid] = listed(channel);
    expect(paid).toMatchObject({
      mode: 'gateway',
      from_atomic: '0',
      amount_atomic: '2500000',
      state: 'finalized',
    });
    const found = await chain.connection.getSignaturesForAddress(new PublicKey(channel));
    expect(found.map(({ signature, memo }) => [signature, memo])).toEqual([
      [paid?.signature, expect.stringContaining(settlementMemo(channel, 2_500_000n))],
    ]);
    expect(10n * sol - treasuryLamports()).toBe(
      2_500_000n + BigInt(books.book.list([channel], 1)[0]?.feeLamports ?? 0),
    );

    books.earn(to, enough);
    await tick(5);
    expect(listed(channel)[0]).toMatchObject({
      from_atomic: '2500000',
      cumulative_atomic: '4500000',
      state: 'finalized',
    });
    expect(chain.lamportsOf(to)).toBe(4_500_000n);
  });

  test('an empty account waits for its rent, and says so', async () => {
    await open({ thresholdAtomic: 1000n });
    const to = wallet();
    const channel = books.earn(to, 890_879n);
    await tick();
    expect(listed(channel)).toMatchObject([
      { state: 'prepared', signature: null, reason: expect.stringMatching(/^settlement\/rent/) },
    ]);
    books.earn(to, 1n);
    await tick(4);
    expect(listed(channel).map(({ state }) => state)).toEqual(['finalized']);
    expect(chain.lamportsOf(to)).toBe(890_880n);
  });

  test('a treasury that is too poor says so and pays when it has more', async () => {
    await open();
    const to = wallet();
    const channel = books.earn(to, 20n * sol);
    await tick();
    expect(listed(channel)[0]?.reason).toMatch('gateway/insufficient-funds');
    chain.airdrop(treasury.keypair.publicKey.toBase58(), 20n * sol);
    await tick(4);
    expect(chain.lamportsOf(to)).toBe(20n * sol);
  });

  describe('of a claim', () => {
    let owner: Keypair;
    let to: string;
    let channel: string;
    beforeEach(async () => {
      await open();
      owner = Keypair.generate();
      to = owner.publicKey.toBase58();
      channel = books.earn(to, enough);
      books.payBy(to, 'claim');
    });
    const claimed = async () => {
      const answer = await books.engine.claim(channel);
      const bytes = Buffer.from(answer.transaction, 'base64');
      return { answer, bytes, transaction: VersionedTransaction.deserialize(bytes) };
    };

    test('nothing is sent before the wallet signs; then the gateway finds it by itself', async () => {
      await tick(2);
      expect(statesOf(channel)).toEqual([]);
      await expect(claimed()).rejects.toThrow('needs 10080 lamports');
      chain.airdrop(to, sol);
      const { answer, bytes, transaction } = await claimed();
      const expected = {
        feePayer: to,
        treasury: books.terms.treasury,
        payout: to,
        mint: nativeMint,
        token: null,
        channel,
        cumulativeAtomic: enough,
        amountAtomic: enough,
        mostFeeLamports: BigInt(answer.fee_lamports),
      };
      expect(checkSettlement(bytes, expected).signers).toEqual([books.terms.treasury]);
      expect(await claimed()).toMatchObject({ answer });
      await reopen();
      expect((await claimed()).answer).toEqual(answer);
      await tick();
      expect(statesOf(channel)).toEqual(['prepared']);

      transaction.sign([owner]);
      chain.ledger.confirm('held');
      await chain.connection.sendRawTransaction(transaction.serialize());
      await tick();
      for (const { signature } of chain.ledger.transactionsOf(channel))
        chain.ledger.settle(signature, 'confirmed');
      await tick();
      await expect(claimed()).rejects.toThrow('under way');
      for (const { signature } of chain.ledger.transactionsOf(channel))
        chain.ledger.settle(signature, 'finalized');
      await tick();
      expect(statesOf(channel)).toEqual(['prepared', 'confirmed', 'finalized']);
      expect(chain.lamportsOf(to)).toBe(sol + enough - BigInt(answer.fee_lamports));
      await expect(claimed()).rejects.toThrow('0 are owed');
    });

    test('a claim that nobody signs expires, and can be asked anew', async () => {
      chain.airdrop(to, sol);
      const first = await claimed();
      chain.ledger.expireBlockhashes();
      const second = await claimed();
      expect(second.answer.settlement.id).not.toBe(first.answer.settlement.id);
      first.transaction.sign([owner]);
      await expect(chain.connection.sendRawTransaction(first.transaction.serialize())).rejects.toThrow(
        'Blockhash not found',
      );
      second.transaction.sign([owner]);
      await chain.connection.sendRawTransaction(second.transaction.serialize());
      await chain.connection.sendRawTransaction(second.transaction.serialize());
      for (const { signature } of chain.ledger.transactionsOf(channel))
        chain.ledger.settle(signature, 'finalized');
      await tick();
      expect(chain.lamportsOf(to)).toBe(sol + enough - BigInt(second.answer.fee_lamports));
      expect(statesOf(channel)).toEqual(['prepared', 'expired', 'prepared', 'finalized']);
    });

    test('dust of strangers that names the channel is not taken for it', async () => {
      chain.airdrop(to, sol);
      const { transaction } = await claimed();
      const stranger = Keypair.generate();
      chain.airdrop(stranger.publicKey.toBase58(), sol);
      const dust = SystemProgram.transfer({
        fromPubkey: stranger.publicKey,
        toPubkey: owner.publicKey,
        lamports: Number(enough),
      });
      dust.keys.push({ pubkey: new PublicKey(channel), isSigner: false, isWritable: false });
      await chain.send([dust], [stranger]);
      await tick();
      expect(statesOf(channel)).toEqual(['prepared']);
      transaction.sign([owner]);
      await chain.connection.sendRawTransaction(transaction.serialize());
      for (const { signature } of chain.ledger.transactionsOf(channel))
        chain.ledger.settle(signature, 'finalized');
      await tick();
      expect(statesOf(channel)).toEqual(['prepared', 'finalized']);
    });
  });

  describe('with a chain that fails', () => {
    test('nothing is paid twice when it is busy or silent', async () => {
      await open({ timeoutMs: 200 });
      const to = wallet();
      const channel = books.earn(to, enough);
      for (const fault of ['rateLimited', 'hangs'] as const) {
        if (fault === 'rateLimited') chain.faults.rateLimited = 1000;
        else chain.faults.hangs = true;
        await tick();
        expect(books.engine.problem()?.code).toBe('chain/unreachable');
        chain.faults.rateLimited = 0;
        chain.faults.hangs = false;
      }
      await tick(4);
      expect(statesOf(channel)).toEqual(['prepared', 'submitted', 'confirmed', 'finalized']);
      expect(chain.lamportsOf(to)).toBe(enough);
      expect(books.engine.problem()).toBeNull();
    });

    test('one endpoint that is down is made up for by another', async () => {
      const other = await chain.openEndpoint();
      await open({ rpcUrls: [chain.url, other.url], timeoutMs: 200 });
      chain.faults.hangs = true;
      const to = wallet();
      books.earn(to, enough);
      await tick(4);
      expect(chain.lamportsOf(to)).toBe(enough);
      expect(books.engine.problem()).toBeNull();
    });

    test('a transaction that is lost is sent again, then built anew, and lands once', async () => {
      await open();
      const to = wallet();
      const channel = books.earn(to, enough);
      chain.faults.drops = true;
      await tick(3);
      expect(statesOf(channel)).toEqual(['prepared', 'submitted']);
      expect(chain.calls.get('sendTransaction')).toBe(3);
      chain.ledger.advance(160);
      await tick(2);
      // Its last block is past, but not yet final: no other one is built.
      expect(statesOf(channel)).toEqual(['prepared', 'submitted']);
      chain.ledger.expireBlockhashes();
      chain.faults.drops = false;
      await tick(5);
      expect(statesOf(channel)).toEqual([
        'prepared',
        'submitted',
        'expired',
        'prepared',
        'submitted',
        'confirmed',
        'finalized',
      ]);
      expect(chain.lamportsOf(to)).toBe(enough);
    });

    test('a payment that a fork takes away is sent again, the very same bytes', async () => {
      await open();
      const to = wallet();
      const channel = books.earn(to, enough);
      chain.ledger.confirm('held');
      await tick();
      const signature = `${listed(channel)[0]?.signature}`;
      chain.ledger.settle(signature, 'confirmed');
      await tick();
      chain.ledger.fork(signature);
      expect(chain.lamportsOf(to)).toBe(0n);
      await tick();
      expect(statesOf(channel)).toEqual(['prepared', 'submitted', 'confirmed', 'submitted']);
      expect(listed(channel)[0]).toMatchObject({ signature, reason: expect.stringContaining('sent again') });
      chain.ledger.settle(signature, 'finalized');
      await tick();
      expect(statesOf(channel).at(-1)).toBe('finalized');
      expect(chain.lamportsOf(to)).toBe(enough);
    });

    test('an endpoint that lies about being final is not believed', async () => {
      await open();
      const to = wallet();
      const channel = books.earn(to, enough);
      chain.faults.drops = true;
      chain.faults.claimsFinalized = true;
      await tick(3);
      expect(statesOf(channel)).toEqual(['prepared', 'submitted']);
      expect(books.channels.sums(channel)?.settledAtomic).toBe(0n);
      chain.faults.claimsFinalized = false;
      chain.faults.drops = false;
      await tick(4);
      expect(chain.lamportsOf(to)).toBe(enough);
      expect(statesOf(channel).at(-1)).toBe('finalized');
    });

    test('an endpoint that knows nothing does not make it pay twice, while another one does', async () => {
      const other = await chain.openEndpoint();
      await open({ rpcUrls: [chain.url, other.url] });
      const to = wallet();
      const channel = books.earn(to, enough);
      chain.ledger.confirm('held');
      await tick();
      chain.faults.forgets = true;
      chain.ledger.expireBlockhashes();
      await tick(3);
      expect(statesOf(channel)).toEqual(['prepared', 'submitted']);
      for (const { signature } of chain.ledger.transactionsOf(channel))
        chain.ledger.settle(signature, 'finalized');
      await tick();
      expect(statesOf(channel).at(-1)).toBe('finalized');
      expect(chain.lamportsOf(to)).toBe(enough);
    });

    test('an endpoint that is behind decides nothing', async () => {
      await open();
      const to = wallet();
      const channel = books.earn(to, enough);
      chain.faults.lagSlots = 3;
      chain.ledger.advance(5);
      await tick();
      await tick(2);
      expect(statesOf(channel).slice(0, 2)).toEqual(['prepared', 'submitted']);
      expect(statesOf(channel)).not.toContain('expired');
      chain.faults.lagSlots = 0;
      await tick(4);
      expect(statesOf(channel).at(-1)).toBe('finalized');
      expect(chain.lamportsOf(to)).toBe(enough);
    });

    test('a wrong balance costs time, not money', async () => {
      await open();
      const to = wallet();
      const channel = books.earn(to, 20n * sol);
      chain.faults.balances.set(books.terms.treasury, 100n * sol);
      await tick(2);
      expect(listed(channel)[0]).toMatchObject({
        state: 'prepared',
        reason: expect.stringMatching(/^chain\/rejected/),
      });
      chain.ledger.expireBlockhashes();
      chain.faults.balances.clear();
      await tick();
      expect(statesOf(channel).at(-1)).toBe('expired');
      chain.airdrop(books.terms.treasury, 20n * sol);
      nowMs += 61_000;
      await tick(4);
      expect(chain.lamportsOf(to)).toBe(20n * sol);
    });

    test('another cluster’s endpoint is paid nothing on', async () => {
      await open();
      const to = wallet();
      const channel = books.earn(to, enough);
      chain.faults.genesisHash = wallet();
      await tick(2);
      expect(books.engine.problem()?.code).toBe('chain/wrong-cluster');
      expect(statesOf(channel)).toEqual([]);
      expect(chain.calls.get('sendTransaction')).toBeUndefined();
      await expect(reopen()).rejects.toThrow('of another cluster than localnet');
      chain.faults.genesisHash = null;
      await open();
      await tick(4);
      expect(chain.lamportsOf(to)).toBe(enough);
    });
  });

  describe('in tokens', () => {
    const balance = async (mint: string, owner: string, program?: PublicKey) => {
      const account = getAssociatedTokenAddressSync(new PublicKey(mint), new PublicKey(owner), true, program);
      return chain.ledger.tokenOf(account.toBase58())?.amount ?? 0n;
    };
    test.each([
      ['the token program', undefined],
      ['Token-2022', TOKEN_2022_PROGRAM_ID],
    ] as const)('of %s go to an account that is made once', async (_name, program) => {
      const mint = await issueToken(chain, {
        owner: treasury.keypair,
        decimals: 6,
        supply: 10_000_000n,
        ...(program ? { program } : {}),
      });
      await open({ mint, thresholdAtomic: 1000n });
      expect(books.terms).toMatchObject({ mint, decimals: 6 });
      const to = wallet();
      const channel = books.earn(to, 4000n);
      await tick(4);
      books.earn(to, 5000n);
      await tick(4);
      expect(listed(channel).map(({ state, amount_atomic }) => [state, amount_atomic])).toEqual([
        ['finalized', '5000'],
        ['finalized', '4000'],
      ]);
      expect(await balance(mint, to, program)).toBe(9000n);
      books.earn(to, 20_000_000n);
      await tick();
      expect(listed(channel)[0]?.reason).toMatch('of the token');
    });

    test('with a fee on each transfer are refused at the start, and so is what is no mint', async () => {
      const mint = await issueToken(chain, {
        owner: treasury.keypair,
        decimals: 6,
        supply: 10_000_000n,
        program: TOKEN_2022_PROGRAM_ID,
        transferFeeBasisPoints: 50,
      });
      await expect(open({ mint })).rejects.toThrow('takes a fee of each transfer');
      await expect(open({ mint: wallet() })).rejects.toThrow('no token’s mint');
    });
  });

  test('a key file that others can read, or that is none, is refused with a sentence', async () => {
    chmodSync(treasury.file, 0o640);
    await expect(open()).rejects.toThrow('chmod 600');
    chmodSync(treasury.file, 0o600);
    writeFileSync(treasury.file, '[1,2,3]');
    await expect(open()).rejects.toThrow('64 numbers');
    const { secretKey } = Keypair.generate();
    writeFileSync(treasury.file, JSON.stringify([...secretKey.slice(0, 63), (secretKey[63] ?? 0) ^ 1]));
    await expect(open()).rejects.toThrow('two halves');
    await expect(open({ treasuryFile: join(dir, 'none.json') })).rejects.toThrow('cannot be read');
  });

  test('mainnet wants a word of its own, and its own cluster', async () => {
    await expect(open({ cluster: 'mainnet-beta' })).rejects.toThrow('i-know-this-is-real-money');
    await expect(open({ cluster: 'mainnet-beta', isRealMoney: true })).rejects.toThrow(
      'another cluster than mainnet-beta',
    );
    await expect(open({ cluster: 'devnet' })).rejects.toThrow('another cluster than devnet');
  });

  test('the books themselves refuse a second payment, one above the vouchers, and one from elsewhere', async () => {
    await open();
    const channel = books.earn(wallet(), 5_000_000n);
    const one = {
      id: 'a',
      channel,
      mode: 'gateway' as const,
      fromAtomic: 0n,
      cumulativeAtomic: 5_000_000n,
      blockhash: 'b',
      lastValidBlockHeight: 1,
      feeLamports: 0n,
      transaction: new Uint8Array(1),
      signature: null,
    };
    expect(() => books.book.prepare({ ...one, cumulativeAtomic: 5_000_001n })).toThrow(
      'vouchered and not paid',
    );
    expect(() => books.book.prepare({ ...one, fromAtomic: 1n })).toThrow('vouchered and not paid');
    books.book.prepare(one);
    expect(() => books.book.prepare({ ...one, id: 'b' })).toThrow('under way');
    books.book.enter('a', 'expired', {});
    expect(() => books.book.enter('a', 'submitted', {})).toThrow('has ended');
    expect(() => books.database.exec('UPDATE settlements SET cumulative = 1')).toThrow('append-only');
    expect(() => books.database.exec('DELETE FROM settlement_states')).toThrow('append-only');
  });
});
