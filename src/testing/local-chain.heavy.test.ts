import { getAssociatedTokenAddressSync, TOKEN_2022_PROGRAM_ID } from '@solana/spl-token';
import {
  type Connection,
  Keypair,
  LAMPORTS_PER_SOL,
  PublicKey,
  SystemProgram,
  Transaction,
  VersionedTransaction,
} from '@solana/web3.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { issueToken, type LocalChain, noLocalChain, startLocalChain, transferFee } from './local-chain.ts';

describe.skipIf(noLocalChain)(`a local chain${noLocalChain ? ` (${noLocalChain})` : ''}`, () => {
  let chain: LocalChain;
  let connection: Connection;
  const payer = Keypair.generate();
  beforeAll(async () => {
    chain = await startLocalChain();
    connection = chain.connection;
    await connection.requestAirdrop(payer.publicKey, 10 * LAMPORTS_PER_SOL);
  });
  afterAll(() => chain.close());

  async function transfer(to: PublicKey, lamports = LAMPORTS_PER_SOL / 100): Promise<Transaction> {
    const block = await connection.getLatestBlockhash();
    const transaction = new Transaction({ ...block, feePayer: payer.publicKey });
    transaction.add(SystemProgram.transfer({ fromPubkey: payer.publicKey, toPubkey: to, lamports }));
    transaction.sign(payer);
    return transaction;
  }
  const levelOf = async (signature: string) =>
    (await connection.getSignatureStatuses([signature], { searchTransactionHistory: true })).value[0]
      ?.confirmationStatus;

  test('a transfer becomes final poll by poll, and is found with its balances', async () => {
    const to = Keypair.generate().publicKey;
    const raw = (await transfer(to)).serialize();
    const signature = await connection.sendRawTransaction(raw);
    expect(await connection.sendRawTransaction(raw)).toBe(signature);
    expect(await connection.getTransaction(signature, { commitment: 'confirmed' })).toBeNull();
    expect([await levelOf(signature), await levelOf(signature), await levelOf(signature)]).toEqual([
      'processed',
      'confirmed',
      'finalized',
    ]);
    const found = await connection.getTransaction(signature, {
      commitment: 'finalized',
      maxSupportedTransactionVersion: 0,
    });
    expect(found?.meta).toMatchObject({ err: null, fee: 5000 });
    expect(await connection.getBalance(to)).toBe(LAMPORTS_PER_SOL / 100);
    const [listed, ...others] = await connection.getSignaturesForAddress(to);
    expect([listed?.signature, others]).toEqual([signature, []]);
  });

  test('a try-out changes nothing and says what would happen; a browser may ask, too', async () => {
    const before = await connection.getBalance(payer.publicKey);
    const fine = await transfer(Keypair.generate().publicKey);
    const tooMuch = await transfer(Keypair.generate().publicKey, 100 * LAMPORTS_PER_SOL);
    const tryOut = async (transaction: Transaction, sigVerify = false) => {
      const unsigned = new VersionedTransaction(transaction.compileMessage());
      return (await connection.simulateTransaction(unsigned, { sigVerify })).value.err;
    };
    expect(await tryOut(fine)).toBeNull();
    expect(await tryOut(fine, true)).toBe('SignatureFailure');
    expect(await tryOut(tooMuch)).toEqual({ InstructionError: [0, { Custom: 1 }] });
    expect(await connection.getBalance(payer.publicKey)).toBe(before);
    const asked = await fetch(chain.url, { method: 'OPTIONS', headers: { origin: 'http://localhost:5173' } });
    expect(Object.fromEntries(asked.headers)).toMatchObject({
      'access-control-allow-origin': '*',
      'access-control-allow-headers': expect.stringContaining('solana-client'),
    });
  });

  test('lists go on from a signature, and end before one', async () => {
    const to = Keypair.generate().publicKey;
    const signatures: string[] = [];
    for (const extra of [1, 2, 3, 4])
      signatures.unshift(
        await connection.sendRawTransaction((await transfer(to, 1_000_000 + extra)).serialize()),
      );
    for (const signature of signatures) chain.ledger.settle(signature, 'finalized');
    const list = async (options: { before?: string; until?: string; limit?: number }) =>
      (await connection.getSignaturesForAddress(to, options)).map((one) => one.signature);
    expect(await list({})).toEqual(signatures);
    expect(await list({ limit: 2 })).toEqual(signatures.slice(0, 2));
    expect(await list({ before: `${signatures[1]}` })).toEqual(signatures.slice(2));
    expect(await list({ until: `${signatures[2]}` })).toEqual(signatures.slice(0, 2));
  });

  test('an old blockhash is refused, and a transaction that fails is not taken', async () => {
    const late = await transfer(Keypair.generate().publicKey);
    const height = await connection.getBlockHeight('finalized');
    chain.ledger.expireBlockhashes();
    expect(await connection.getBlockHeight('finalized')).toBeGreaterThan(height + 150);
    await expect(connection.sendRawTransaction(late.serialize())).rejects.toThrow('Blockhash not found');
    const tooMuch = await transfer(Keypair.generate().publicKey, 100 * LAMPORTS_PER_SOL);
    await expect(connection.sendRawTransaction(tooMuch.serialize())).rejects.toThrow('simulation failed');
    const tooLittle = await transfer(Keypair.generate().publicKey, 1000);
    await expect(connection.sendRawTransaction(tooLittle.serialize())).rejects.toThrow('simulation failed');
    const forged = (await transfer(Keypair.generate().publicKey)).serialize();
    forged[10] = (forged[10] ?? 0) ^ 1;
    await expect(connection.sendRawTransaction(forged)).rejects.toThrow('signature verification');
  });

  test('a fork takes one transaction away and leaves the others; the same bytes can be sent again', async () => {
    const [gone, stays] = [Keypair.generate().publicKey, Keypair.generate().publicKey];
    const raw = (await transfer(gone)).serialize();
    const signature = await connection.sendRawTransaction(raw);
    await connection.sendRawTransaction((await transfer(stays)).serialize());
    const before = await connection.getBalance(payer.publicKey);
    chain.ledger.fork(signature);
    expect(await levelOf(signature)).toBeUndefined();
    expect(await connection.getBalance(gone)).toBe(0);
    expect(await connection.getBalance(stays)).toBe(LAMPORTS_PER_SOL / 100);
    expect(await connection.getBalance(payer.publicKey)).toBe(before + LAMPORTS_PER_SOL / 100 + 5000);
    await connection.sendRawTransaction(raw);
    expect(await connection.getBalance(gone)).toBe(LAMPORTS_PER_SOL / 100);
  });

  test('an endpoint can be busy, behind, wrong, forgetful or lossy, and another one of the same chain is not', async () => {
    const to = Keypair.generate().publicKey;
    const bad = await chain.openEndpoint();
    const { Connection: Client } = await import('@solana/web3.js');
    const client = new Client(bad.url, { commitment: 'confirmed', disableRetryOnRateLimit: true });
    bad.faults.rateLimited = 1;
    await expect(client.getSlot()).rejects.toThrow('429');
    expect(await client.getGenesisHash()).toBe(chain.genesisHash);
    bad.faults.genesisHash = 'another';
    expect(await client.getGenesisHash()).toBe('another');

    const signature = await connection.sendRawTransaction((await transfer(to)).serialize());
    chain.ledger.settle(signature, 'finalized');
    bad.faults.lagSlots = 1;
    expect((await client.getSignatureStatuses([signature])).value).toEqual([null]);
    expect(await client.getBalance(to)).toBe(0);
    bad.faults.lagSlots = 0;
    bad.faults.balances.set(to.toBase58(), 7n);
    expect([await client.getBalance(to), await connection.getBalance(to)]).toEqual([
      7,
      LAMPORTS_PER_SOL / 100,
    ]);
    bad.faults.claimsFinalized = true;
    expect((await client.getSignatureStatuses(['1'.repeat(64)])).value[0]?.confirmationStatus).toBe(
      'finalized',
    );
    bad.faults.drops = true;
    const lost = await client.sendRawTransaction((await transfer(to)).serialize());
    expect(await levelOf(lost)).toBeUndefined();
  });

  test('tokens of both programs have owners and amounts', async () => {
    const token = await issueToken(chain, { owner: payer, decimals: 6, supply: 5_000_000n });
    const mint = new PublicKey(token);
    const account = getAssociatedTokenAddressSync(mint, payer.publicKey);
    expect((await connection.getTokenAccountBalance(account)).value.uiAmountString).toBe('5');
    const owned = await connection.getParsedTokenAccountsByOwner(payer.publicKey, { mint });
    expect(owned.value[0]?.account.data.parsed.info.tokenAmount.amount).toBe('5000000');
    const newer = await issueToken(chain, {
      owner: payer,
      decimals: 2,
      supply: 100n,
      program: TOKEN_2022_PROGRAM_ID,
      extension: transferFee(payer.publicKey, 50),
    });
    expect((await connection.getTokenSupply(new PublicKey(newer))).value.amount).toBe('100');
  });
});
