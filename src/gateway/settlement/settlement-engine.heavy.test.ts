import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { getAssociatedTokenAddressSync, TOKEN_2022_PROGRAM_ID } from '@solana/spl-token';
import { Keypair, PublicKey } from '@solana/web3.js';
import { describe, expect, test } from 'vitest';
import { settlementMemo } from '#contract/wire/settlement.ts';
import { issueToken, noLocalChain, transferFee } from '#testing/local-chain.ts';
import { eachWithPayments } from '#testing/payments.ts';

const sol = 1_000_000_000n;
const enough = 2_000_000n;

describe.skipIf(noLocalChain)(`payments on a real VM${noLocalChain ? ` (${noLocalChain})` : ''}`, () => {
  const stage = eachWithPayments();

  test('a channel above the threshold is paid in one transaction, and goes through its states once', async () => {
    await stage.open();
    const to = stage.wallet();
    const channel = stage.books.earn(to, 1_500_000n, 400_000n);
    await stage.tick();
    expect(stage.statesOf(channel)).toEqual([]);
    stage.books.earn(to, 600_000n);
    await stage.tick(5);
    expect(stage.statesOf(channel)).toEqual(['prepared', 'submitted', 'confirmed', 'finalized']);
    expect(stage.chain.lamportsOf(to)).toBe(2_500_000n);
    expect(stage.books.channels.sums(channel)?.settledAtomic).toBe(2_500_000n);
    const [paid] = stage.listed(channel);
    expect(paid).toMatchObject({
      mode: 'gateway',
      from_atomic: '0',
      amount_atomic: '2500000',
      state: 'finalized',
    });
    const found = await stage.chain.connection.getSignaturesForAddress(new PublicKey(channel));
    expect(found.map(({ signature, memo }) => [signature, memo])).toEqual([
      [paid?.signature, expect.stringContaining(settlementMemo(channel, 2_500_000n))],
    ]);
    expect(stage.spent()).toBe(2_500_000n + BigInt(stage.books.book.list([channel], 1)[0]?.feeLamports ?? 0));

    stage.books.earn(to, enough);
    await stage.tick(5);
    expect(stage.listed(channel)[0]).toMatchObject({
      from_atomic: '2500000',
      cumulative_atomic: '4500000',
      state: 'finalized',
    });
    expect(stage.chain.lamportsOf(to)).toBe(4_500_000n);
  });

  test('an empty account waits for its rent, and says so', async () => {
    await stage.open({ thresholdAtomic: 1000n });
    const to = stage.wallet();
    const channel = stage.books.earn(to, 890_879n);
    await stage.tick();
    expect(stage.listed(channel)).toMatchObject([
      { state: 'prepared', signature: null, reason: expect.stringMatching(/^settlement\/rent/) },
    ]);
    stage.books.earn(to, 1n);
    await stage.tick(4);
    expect(stage.listed(channel).map(({ state }) => state)).toEqual(['finalized']);
    expect(stage.chain.lamportsOf(to)).toBe(890_880n);
  });

  test('a treasury that is too poor says so and pays when it has more', async () => {
    await stage.open();
    const to = stage.wallet();
    const channel = stage.books.earn(to, 20n * sol);
    await stage.tick();
    expect(stage.listed(channel)[0]?.reason).toMatch('gateway/insufficient-funds');
    stage.chain.airdrop(stage.treasury.keypair.publicKey.toBase58(), 20n * sol);
    await stage.tick(4);
    expect(stage.chain.lamportsOf(to)).toBe(20n * sol);
  });

  describe('in tokens', () => {
    const balance = async (mint: string, owner: string, program?: PublicKey) => {
      const account = getAssociatedTokenAddressSync(new PublicKey(mint), new PublicKey(owner), true, program);
      return stage.chain.ledger.tokenOf(account.toBase58())?.amount ?? 0n;
    };
    test.each([
      ['the token program', undefined],
      ['Token-2022', TOKEN_2022_PROGRAM_ID],
    ] as const)('of %s go to an account that is made once', async (_name, program) => {
      const mint = await issueToken(stage.chain, {
        owner: stage.treasury.keypair,
        decimals: 6,
        supply: 10_000_000n,
        ...(program ? { program } : {}),
      });
      await stage.open({ mint, thresholdAtomic: 1000n });
      expect(stage.books.terms).toMatchObject({ mint, decimals: 6 });
      const to = stage.wallet();
      const channel = stage.books.earn(to, 4000n);
      await stage.tick(4);
      stage.books.earn(to, 5000n);
      await stage.tick(4);
      expect(stage.listed(channel).map(({ state, amount_atomic }) => [state, amount_atomic])).toEqual([
        ['finalized', '5000'],
        ['finalized', '4000'],
      ]);
      expect(await balance(mint, to, program)).toBe(9000n);
      stage.books.earn(to, 20_000_000n);
      await stage.tick();
      expect(stage.listed(channel)[0]?.reason).toMatch('of the token');
    });

    test('with a fee on each transfer are refused at the start, and so is what is no mint', async () => {
      const mint = await issueToken(stage.chain, {
        owner: stage.treasury.keypair,
        decimals: 6,
        supply: 10_000_000n,
        program: TOKEN_2022_PROGRAM_ID,
        extension: transferFee(stage.treasury.keypair.publicKey, 50),
      });
      await expect(stage.open({ mint })).rejects.toThrow('takes a fee of each transfer');
      await expect(stage.open({ mint: stage.wallet() })).rejects.toThrow('no token’s mint');
    });
  });

  test('a key file that others can read, or that is none, is refused with a sentence', async () => {
    chmodSync(stage.treasury.file, 0o640);
    await expect(stage.open()).rejects.toThrow('chmod 600');
    chmodSync(stage.treasury.file, 0o600);
    writeFileSync(stage.treasury.file, '[1,2,3]');
    await expect(stage.open()).rejects.toThrow('64 numbers');
    const { secretKey } = Keypair.generate();
    writeFileSync(stage.treasury.file, JSON.stringify([...secretKey.slice(0, 63), (secretKey[63] ?? 0) ^ 1]));
    await expect(stage.open()).rejects.toThrow('two halves');
    await expect(stage.open({ treasuryFile: join(stage.dir, 'none.json') })).rejects.toThrow(
      'cannot be read',
    );
  });

  test('mainnet wants a word of its own, and its own cluster', async () => {
    await expect(stage.open({ cluster: 'mainnet-beta' })).rejects.toThrow('i-know-this-is-real-money');
    await expect(stage.open({ cluster: 'mainnet-beta', isRealMoney: true })).rejects.toThrow(
      'another cluster than mainnet-beta',
    );
    await expect(stage.open({ cluster: 'devnet' })).rejects.toThrow('another cluster than devnet');
  });

  test('the books themselves refuse a second payment, one above the vouchers, and one from elsewhere', async () => {
    await stage.open();
    const channel = stage.books.earn(stage.wallet(), 5_000_000n);
    const one = {
      id: 'a',
      channel,
      mode: 'gateway' as const,
      fromAtomic: 0n,
      cumulativeAtomic: 5_000_000n,
      blockhash: 'b',
      lastValidBlockHeight: 1,
      slot: 1,
      feeLamports: 0n,
      transaction: new Uint8Array(1),
      signature: null,
    };
    expect(() => stage.books.book.prepare({ ...one, cumulativeAtomic: 5_000_001n })).toThrow(
      'vouchered and not paid',
    );
    expect(() => stage.books.book.prepare({ ...one, fromAtomic: 1n })).toThrow('vouchered and not paid');
    stage.books.book.prepare(one);
    expect(() => stage.books.book.prepare({ ...one, id: 'b' })).toThrow('under way');
    stage.books.book.enter('a', 'expired', {});
    expect(() => stage.books.book.enter('a', 'submitted', {})).toThrow('has ended');
    expect(() =>
      stage.books.channels.addVoucher(channel, {
        cumulativeAtomic: 5_000_001n,
        expiresAt: 1,
        signed: { voucher: 'v', signature: 's', signer: 'g' },
      }),
    ).toThrow('covers what was accepted');
    stage.books.database.exec(`INSERT INTO payouts VALUES ('a', 0, 's', 0, 0, 0)`);
    for (const table of [
      ...['networks', 'channels', 'channel_receipts', 'vouchers', 'settlements', 'settlement_states'],
      ...['payouts', 'payout_wallets'],
    ]) {
      expect(() => stage.books.database.exec(`UPDATE ${table} SET at = 1`)).toThrow('append-only');
      expect(() => stage.books.database.exec(`DELETE FROM ${table}`)).toThrow('append-only');
    }
  });
});
