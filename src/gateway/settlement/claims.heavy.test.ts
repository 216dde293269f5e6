import { Keypair, PublicKey, SystemProgram, VersionedTransaction } from '@solana/web3.js';
import { beforeEach, describe, expect, test } from 'vitest';
import { checkSettlement } from '#contract/settlement/check-settlement.ts';
import { nativeMint } from '#contract/wire/voucher.ts';
import { noLocalChain } from '#testing/local-chain.ts';
import { eachWithPayments } from '#testing/payments.ts';

const sol = 1_000_000_000n;
const enough = 2_000_000n;

describe.skipIf(noLocalChain)(`claims on a real VM${noLocalChain ? ` (${noLocalChain})` : ''}`, () => {
  const stage = eachWithPayments();

  let owner: Keypair;
  let to: string;
  let channel: string;
  beforeEach(async () => {
    await stage.open();
    owner = Keypair.generate();
    to = owner.publicKey.toBase58();
    channel = stage.books.earn(to, enough);
    stage.books.payBy(to, 'claim');
  });
  const claimed = async () => {
    const answer = await stage.books.engine.claim(channel);
    const bytes = Buffer.from(answer.transaction, 'base64');
    return { answer, bytes, transaction: VersionedTransaction.deserialize(bytes) };
  };

  test('nothing is sent before the wallet signs; then the gateway finds it by itself', async () => {
    await stage.tick(2);
    expect(stage.statesOf(channel)).toEqual([]);
    await expect(claimed()).rejects.toThrow('needs 10080 lamports');
    stage.chain.airdrop(to, sol);
    const { answer, bytes, transaction } = await claimed();
    const expected = {
      feePayer: to,
      treasury: stage.books.terms.treasury,
      payout: to,
      mint: nativeMint,
      token: null,
      channel,
      cumulativeAtomic: enough,
      amountAtomic: enough,
      mostFeeLamports: BigInt(answer.fee_lamports),
    };
    expect(checkSettlement(bytes, expected).signers).toEqual([stage.books.terms.treasury]);
    expect(await claimed()).toMatchObject({ answer });
    await stage.reopen();
    expect((await claimed()).answer).toEqual(answer);
    await stage.tick();
    expect(stage.statesOf(channel)).toEqual(['prepared']);

    transaction.sign([owner]);
    stage.chain.ledger.confirm('held');
    await stage.chain.connection.sendRawTransaction(transaction.serialize());
    await stage.tick();
    for (const { signature } of stage.chain.ledger.transactionsOf(channel))
      stage.chain.ledger.settle(signature, 'confirmed');
    await stage.tick();
    await expect(claimed()).rejects.toThrow('under way');
    for (const { signature } of stage.chain.ledger.transactionsOf(channel))
      stage.chain.ledger.settle(signature, 'finalized');
    await stage.tick();
    expect(stage.statesOf(channel)).toEqual(['prepared', 'confirmed', 'finalized']);
    expect(stage.chain.lamportsOf(to)).toBe(sol + enough - BigInt(answer.fee_lamports));
    await expect(claimed()).rejects.toThrow('0 are owed');
  });

  test('a wallet whose account the fee would leave below its rent is told so, and gets no claim that cannot land', async () => {
    const rent = 890_880n;
    const fee = 10_080n;
    stage.chain.airdrop(to, rent + fee - 1n);
    await expect(claimed()).rejects.toMatchObject({
      code: 'settlement/rent',
      message: `${to} needs 10080 lamports for the network’s fee beside the 890880 that its account keeps; it has 900959.`,
    });
    expect(stage.statesOf(channel)).toEqual([]);
    stage.chain.airdrop(to, 1n);
    const { transaction } = await claimed();
    transaction.sign([owner]);
    await stage.chain.connection.sendRawTransaction(transaction.serialize());
    expect(stage.chain.lamportsOf(to)).toBe(rent + enough);
  });

  test('a claim that nobody signs expires, and can be asked anew', async () => {
    stage.chain.airdrop(to, sol);
    const first = await claimed();
    stage.chain.ledger.expireBlockhashes();
    const second = await claimed();
    expect(second.answer.settlement.id).not.toBe(first.answer.settlement.id);
    first.transaction.sign([owner]);
    await expect(stage.chain.connection.sendRawTransaction(first.transaction.serialize())).rejects.toThrow(
      'Blockhash not found',
    );
    second.transaction.sign([owner]);
    await stage.chain.connection.sendRawTransaction(second.transaction.serialize());
    await stage.chain.connection.sendRawTransaction(second.transaction.serialize());
    for (const { signature } of stage.chain.ledger.transactionsOf(channel))
      stage.chain.ledger.settle(signature, 'finalized');
    await stage.tick();
    expect(stage.chain.lamportsOf(to)).toBe(sol + enough - BigInt(second.answer.fee_lamports));
    expect(stage.statesOf(channel)).toEqual(['prepared', 'expired', 'prepared', 'finalized']);
  });

  test('below the threshold nothing is claimed', async () => {
    stage.chain.airdrop(to, sol);
    channel = stage.books.earn(stage.wallet(), enough - 1n);
    await expect(claimed()).rejects.toMatchObject({
      code: 'settlement/below-threshold',
      message: `${enough - 1n} are owed; ${enough} are paid at once.`,
    });
  });

  test('dust of strangers that names the channel is not taken for it', async () => {
    stage.chain.airdrop(to, sol);
    const { transaction } = await claimed();
    const stranger = Keypair.generate();
    stage.chain.airdrop(stranger.publicKey.toBase58(), sol);
    const dust = SystemProgram.transfer({
      fromPubkey: stranger.publicKey,
      toPubkey: owner.publicKey,
      lamports: Number(enough),
    });
    dust.keys.push({ pubkey: new PublicKey(channel), isSigner: false, isWritable: false });
    await stage.chain.send([dust], [stranger]);
    await stage.tick();
    expect(stage.statesOf(channel)).toEqual(['prepared']);
    transaction.sign([owner]);
    await stage.chain.connection.sendRawTransaction(transaction.serialize());
    for (const { signature } of stage.chain.ledger.transactionsOf(channel))
      stage.chain.ledger.settle(signature, 'finalized');
    await stage.tick();
    expect(stage.statesOf(channel)).toEqual(['prepared', 'finalized']);
  });
});
