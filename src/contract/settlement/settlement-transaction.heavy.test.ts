import {
  createAssociatedTokenAccountIdempotentInstruction,
  createTransferCheckedInstruction,
  getAssociatedTokenAddressSync,
  TOKEN_2022_PROGRAM_ID,
  TOKEN_PROGRAM_ID,
} from '@solana/spl-token';
import {
  AddressLookupTableAccount,
  ComputeBudgetProgram,
  Keypair,
  MessageV0,
  PublicKey,
  SystemProgram,
  Transaction,
  TransactionInstruction,
  TransactionMessage,
  VersionedTransaction,
} from '@solana/web3.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nativeMint } from '../wire/voucher.ts';
import { checkSettlement, type ExpectedSettlement } from './check-settlement.ts';
import { buildSettlement, type SettlementOrder, settlementInstructions } from './settlement-transaction.ts';
import { createTokenAccount, transferTokens } from './token-accounts.ts';

const treasury = Keypair.generate();
const wallet = Keypair.generate();
const key = () => Keypair.generate().publicKey.toBase58();
const blockhash = key();
const price = { microLamports: 1000n, units: 80_000 };
const order: SettlementOrder = {
  feePayer: wallet.publicKey.toBase58(),
  treasury: treasury.publicKey.toBase58(),
  payout: wallet.publicKey.toBase58(),
  mint: nativeMint,
  token: null,
  channel: key(),
  cumulativeAtomic: 5_000_000n,
  amountAtomic: 3_000_000n,
};
const tokenOrder: SettlementOrder = {
  ...order,
  mint: key(),
  token: { program: TOKEN_PROGRAM_ID.toBase58(), decimals: 6 },
};
const expectedOf = (one: SettlementOrder, change: Partial<ExpectedSettlement> = {}): ExpectedSettlement => ({
  ...one,
  mostFeeLamports: 20_000n,
  ...change,
});
function signed(one: SettlementOrder): VersionedTransaction {
  const transaction = buildSettlement(one, { blockhash, price });
  transaction.sign([treasury]);
  return transaction;
}
const compile = (instructions: TransactionInstruction[], payer = wallet.publicKey) =>
  new VersionedTransaction(
    new TransactionMessage({
      payerKey: payer,
      recentBlockhash: blockhash,
      instructions,
    }).compileToV0Message(),
  ).serialize();
const memo = (text: string) =>
  new TransactionInstruction({
    programId: new PublicKey('MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr'),
    keys: [],
    data: Buffer.from(text),
  });
const lighthouse = (tag?: number) =>
  new TransactionInstruction({
    programId: new PublicKey('L2TExMFKdjpN9kozasaurPirfHy9P8sbXoAN1qA3S95'),
    keys: [{ pubkey: wallet.publicKey, isSigner: false, isWritable: false }],
    data: Buffer.from(tag === undefined ? [] : [tag, 1, 2]),
  });

test('token instructions are those of @solana/spl-token', () => {
  for (const program of [TOKEN_PROGRAM_ID, TOKEN_2022_PROGRAM_ID]) {
    const mint = new PublicKey(tokenOrder.mint);
    const [from, to] = [treasury.publicKey, wallet.publicKey];
    const [a, b] = [from, to].map((owner) => getAssociatedTokenAddressSync(mint, owner, true, program));
    const parts = { mint: tokenOrder.mint, tokenProgram: program.toBase58() };
    expect(createTokenAccount({ ...parts, payer: from.toBase58(), wallet: to.toBase58() })).toEqual(
      createAssociatedTokenAccountIdempotentInstruction(from, b as PublicKey, to, mint, program),
    );
    expect(
      transferTokens({ ...parts, from: from.toBase58(), to: to.toBase58(), amountAtomic: 7n, decimals: 6 }),
    ).toEqual(
      createTransferCheckedInstruction(a as PublicKey, mint, b as PublicKey, from, 7n, 6, [], program),
    );
  }
});

describe('a settlement’s transaction', () => {
  test('is taken as it was built, part-signed and with both signatures', () => {
    for (const one of [order, tokenOrder]) {
      const transaction = signed(one);
      const checked = checkSettlement(transaction.serialize(), expectedOf(one));
      expect(checked).toMatchObject({ blockhash, feeLamports: 10_080n, signers: [order.treasury] });
      transaction.sign([wallet]);
      expect(checkSettlement(transaction.serialize(), expectedOf(one)).signers).toHaveLength(2);
    }
    const open = expectedOf(tokenOrder, { token: { decimals: 6 } });
    expect(checkSettlement(signed(tokenOrder).serialize(), open).signers).toEqual([order.treasury]);
    const byGateway = { ...order, feePayer: order.treasury };
    expect(checkSettlement(signed(byGateway).serialize(), expectedOf(byGateway)).feeLamports).toBe(5080n);
  });

  test('is taken as a legacy one, and with what a wallet puts beside it', () => {
    const legacy = new Transaction({ feePayer: wallet.publicKey, blockhash, lastValidBlockHeight: 1 });
    legacy.add(...settlementInstructions(order));
    const bytes = legacy.serialize({ requireAllSignatures: false, verifySignatures: false });
    expect(checkSettlement(bytes, expectedOf(order, { mostFeeLamports: 10_000n })).signers).toEqual([]);
    const [transfer, ownMemo] = settlementInstructions(order) as [
      TransactionInstruction,
      TransactionInstruction,
    ];
    const beside = compile([lighthouse(4), transfer, memo('paid by my wallet'), ownMemo, lighthouse(5)]);
    expect(checkSettlement(beside, expectedOf(order)).signers).toEqual([]);
  });

  test.each<[string, Partial<ExpectedSettlement>, string]>([
    ['another amount', { amountAtomic: 3_000_001n }, 'figures'],
    ['another sum', { cumulativeAtomic: 5_000_001n }, 'another memo'],
    ['another channel', { channel: key() }, 'account 3'],
    ['another payout', { payout: key(), feePayer: order.feePayer }, 'account 2'],
    ['another treasury', { treasury: key() }, 'wants the signature of'],
    ['another fee payer', { feePayer: order.treasury }, 'pays its fee'],
    ['a lower fee', { mostFeeLamports: 10_079n }, 'Its fee is 10080'],
    ['a token', { mint: key(), token: { decimals: 6 } }, 'should be'],
  ])('is refused where %s was expected', (_name, change, message) => {
    expect(() => checkSettlement(signed(order).serialize(), expectedOf(order, change))).toThrow(message);
  });

  test('of a token is refused for another mint, other decimals, another program', () => {
    const bytes = signed(tokenOrder).serialize();
    for (const change of [
      { mint: key() },
      { token: { decimals: 9 } },
      { token: { program: TOKEN_2022_PROGRAM_ID.toBase58(), decimals: 6 } },
    ])
      expect(() => checkSettlement(bytes, expectedOf(tokenOrder, change))).toThrow('Instruction');
  });

  const [transfer, ownMemo] = settlementInstructions(order) as [
    TransactionInstruction,
    TransactionInstruction,
  ];
  const drain = SystemProgram.transfer({
    fromPubkey: wallet.publicKey,
    toPubkey: Keypair.generate().publicKey,
    lamports: 1,
  });
  test.each<[string, TransactionInstruction[], string]>([
    [
      'that never grows old',
      [
        SystemProgram.nonceAdvance({
          noncePubkey: Keypair.generate().publicKey,
          authorizedPubkey: wallet.publicKey,
        }),
        transfer,
        ownMemo,
      ],
      'account 1',
    ],
    [
      'that burns lamports as computing had it once',
      [
        new TransactionInstruction({
          programId: ComputeBudgetProgram.programId,
          keys: [],
          data: Buffer.from([0, 64, 13, 3, 0, 255, 255, 255, 255]),
        }),
        transfer,
        ownMemo,
      ],
      'unknown computing',
    ],
    [
      'whose price is small but for many units',
      [
        ComputeBudgetProgram.setComputeUnitLimit({ units: 1_400_000 }),
        ComputeBudgetProgram.setComputeUnitPrice({ microLamports: 10_000n }),
        transfer,
        ownMemo,
      ],
      'fee',
    ],
    [
      'that has another program pay within',
      [
        transfer,
        ownMemo,
        new TransactionInstruction({
          programId: Keypair.generate().publicKey,
          keys: [{ pubkey: wallet.publicKey, isSigner: true, isWritable: true }],
          data: Buffer.from([1]),
        }),
      ],
      'after all was done',
    ],
    ['that takes money too', [transfer, ownMemo, drain], 'after all was done'],
    ['that takes money first', [drain, transfer, ownMemo], 'account 1'],
    ['that pays twice', [transfer, transfer, ownMemo], 'should be'],
    ['without a memo', [transfer], 'lacks 1'],
    ['without the transfer', [ownMemo], 'another memo'],
    ['in another order', [ownMemo, transfer], 'another memo'],
    ['with two memos of ours', [transfer, ownMemo, ownMemo], 'another memo'],
    ['that lets Lighthouse write', [transfer, ownMemo, lighthouse(0)], 'Lighthouse write'],
    ['that lets Lighthouse clear what it wrote', [transfer, ownMemo, lighthouse(1)], 'Lighthouse write'],
    ['that asks Lighthouse for nothing known', [transfer, ownMemo, lighthouse()], 'Lighthouse write'],
    ['with a memo longer than fits', [transfer, memo('a'.repeat(567)), ownMemo], 'another memo'],
    [
      'in which the channel’s account could be changed',
      [
        transfer,
        ownMemo,
        new TransactionInstruction({
          ...lighthouse(4),
          keys: [{ pubkey: new PublicKey(order.channel), isSigner: false, isWritable: true }],
        }),
      ],
      'could be changed',
    ],
    [
      'that costs more',
      [ComputeBudgetProgram.setComputeUnitPrice({ microLamports: 10_000_000n }), transfer, ownMemo],
      'fee',
    ],
    [
      'with a stranger’s signature',
      [
        transfer,
        ownMemo,
        new TransactionInstruction({
          ...lighthouse(4),
          keys: [{ pubkey: Keypair.generate().publicKey, isSigner: true, isWritable: false }],
        }),
      ],
      'wants the signature',
    ],
  ])('%s is refused', (_name, instructions, message) => {
    expect(() => checkSettlement(compile(instructions), expectedOf(order))).toThrow(message);
  });

  test('that names an account twice, which no validator takes, is refused', () => {
    const { message } = VersionedTransaction.deserialize(compile([transfer, ownMemo]));
    const twice = new MessageV0({
      header: message.header,
      staticAccountKeys: [...message.staticAccountKeys, wallet.publicKey],
      recentBlockhash: message.recentBlockhash,
      compiledInstructions: message.compiledInstructions,
      addressTableLookups: [],
    });
    expect(() => checkSettlement(new VersionedTransaction(twice).serialize(), expectedOf(order))).toThrow(
      'names an account twice',
    );
  });

  test('with addresses from a table is refused', () => {
    const table = new AddressLookupTableAccount({
      key: Keypair.generate().publicKey,
      state: {
        deactivationSlot: 2n ** 64n - 1n,
        lastExtendedSlot: 0,
        lastExtendedSlotStartIndex: 0,
        addresses: [new PublicKey(order.channel)],
      },
    });
    const message = new TransactionMessage({
      payerKey: wallet.publicKey,
      recentBlockhash: blockhash,
      instructions: [transfer, ownMemo],
    }).compileToV0Message([table]);
    expect(() => checkSettlement(new VersionedTransaction(message).serialize(), expectedOf(order))).toThrow(
      'table',
    );
  });

  test('with any bit turned is refused', () => {
    for (const one of [order, tokenOrder]) {
      const transaction = signed(one);
      transaction.sign([wallet]);
      const good = transaction.serialize();
      fc.assert(
        fc.property(fc.nat({ max: good.length * 8 - 1 }), (bit) => {
          const bytes = Uint8Array.from(good);
          bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
          expect(() => checkSettlement(bytes, expectedOf(one))).toThrow(
            expect.objectContaining({ code: 'wallet/bad-transaction' }),
          );
        }),
        { numRuns: 300 },
      );
    }
  });

  test('noise is no transaction', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 1300 }), (bytes) => {
        expect(() => checkSettlement(bytes, expectedOf(order))).toThrow(
          expect.objectContaining({ code: 'wallet/bad-transaction' }),
        );
      }),
    );
  });
});
