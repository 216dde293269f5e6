import { PublicKey, type TransactionInstruction, VersionedTransaction } from '@solana/web3.js';
import bs58 from 'bs58';
import { AppError } from '../errors.ts';
import { nativeMint } from '../wire/voucher.ts';
import { verifyBytes } from './ed25519.ts';
import { tokenPrograms } from './known-addresses.ts';
import {
  memoProgram,
  type SettlementOrder,
  settlementInstructions,
  transactionFee,
} from './settlement-transaction.ts';

const computeBudgetProgram = 'ComputeBudget111111111111111111111111111111';
const lighthouseProgram = 'L2TExMFKdjpN9kozasaurPirfHy9P8sbXoAN1qA3S95';
/** Lighthouse's two instructions that write, and make an account at the signer's cost; the others only assert. */
const lighthouseWrites = [0, 1];
const usualComputeUnits = 200_000;
const mostMemoBytes = 566;

/** What is expected of a payment; which program has the token may be left open. */
export type ExpectedSettlement = Omit<SettlementOrder, 'token'> & {
  token: { program?: string | undefined; decimals: number } | null;
  /** The most that the network's fee may be. */
  mostFeeLamports: bigint;
};

export interface CheckedSettlement {
  transaction: VersionedTransaction;
  feeLamports: bigint;
  blockhash: string;
  /** Who has signed, of those who must; their signatures are valid. */
  signers: string[];
}

/**
 * Takes a legacy or versioned transaction for what was ordered: our instructions in order, beside which a wallet may have put
 * ComputeBudget, Memo and Lighthouse ones. Throws `wallet/bad-transaction` that names what differs.
 */
export function checkSettlement(bytes: Uint8Array, expected: ExpectedSettlement): CheckedSettlement {
  const transaction = decode(bytes);
  const { message } = transaction;
  if ((message.addressTableLookups?.length ?? 0) > 0) throw bad('It takes addresses from a table.');
  const keys = message.staticAccountKeys.map((key) => key.toBase58());
  if (new Set(keys).size < keys.length) throw bad('It names an account twice.');
  if (keys[0] !== expected.feePayer) throw bad(`${keys[0]} pays its fee, not ${expected.feePayer}.`);
  const required = keys.slice(0, message.header.numRequiredSignatures);
  const allowed = new Set([expected.feePayer, expected.treasury]);
  const stranger = required.find((key) => !allowed.has(key));
  if (stranger !== undefined) throw bad(`It wants the signature of ${stranger}.`);

  const wanted = ordersOf(expected).map(settlementInstructions);
  let next = 0;
  let microLamports = 0n;
  let units = usualComputeUnits * message.compiledInstructions.length;
  message.compiledInstructions.forEach((compiled, index) => {
    const program = keys[compiled.programIdIndex];
    const accounts = [...compiled.accountKeyIndexes];
    const data = Buffer.from(compiled.data);
    const isOurs = wanted.some((instructions) => isSame(instructions[next], program, accounts, data));
    const place = `Instruction ${index + 1}`;
    if (isOurs) {
      keepMatching(wanted, next, program, accounts, data);
      next += 1;
    } else if (program === computeBudgetProgram) {
      if (data[0] === 2 && data.length === 5) units = data.readUInt32LE(1);
      else if (data[0] === 3 && data.length === 9) microLamports = data.readBigUInt64LE(1);
      else if (data[0] !== 1 && data[0] !== 4) throw bad(`${place} asks for unknown computing.`);
    } else if (program === memoProgram) {
      const text = data.toString('latin1');
      if (/solanalm:/i.test(text) || data.length > mostMemoBytes)
        throw bad(`${place} is another memo: “${text.slice(0, 100)}”.`);
    } else if (program === lighthouseProgram) {
      if (data.length === 0 || lighthouseWrites.includes(data[0] ?? 0))
        throw bad(`${place} lets Lighthouse write.`);
    } else throw bad(`${place}: ${whatDiffers(wanted[0]?.[next], program, accounts, data)}`);
  });
  const missing = wanted[0]?.length ?? 0;
  if (next < missing) throw bad(`It lacks ${missing - next} of its ${missing} instructions.`);

  function isSame(
    one: TransactionInstruction | undefined,
    program: string | undefined,
    accounts: number[],
    data: Buffer,
  ): boolean {
    return (
      one !== undefined &&
      one.programId.toBase58() === program &&
      one.data.equals(data) &&
      one.keys.length === accounts.length &&
      one.keys.every(({ pubkey, isSigner, isWritable }, at) => {
        const account = accounts[at] ?? -1;
        return (
          keys[account] === pubkey.toBase58() &&
          (!isSigner || message.isAccountSigner(account)) &&
          (!isWritable || message.isAccountWritable(account))
        );
      })
    );
  }

  /** Of the orders that a token's open program allows, those that this transaction cannot be fall away. */
  function keepMatching(
    orders: TransactionInstruction[][],
    at: number,
    program: string | undefined,
    accounts: number[],
    data: Buffer,
  ): void {
    for (let index = orders.length - 1; index >= 0; index--)
      if (!isSame(orders[index]?.[at], program, accounts, data)) orders.splice(index, 1);
  }

  function whatDiffers(
    one: TransactionInstruction | undefined,
    program: string | undefined,
    accounts: number[],
    data: Buffer,
  ): string {
    if (!one) return `${program} is called after all was done.`;
    if (one.programId.toBase58() !== program)
      return `${program} is called where ${one.programId.toBase58()} should be.`;
    const odd = one.keys.findIndex(({ pubkey }, at) => keys[accounts[at] ?? -1] !== pubkey.toBase58());
    if (odd >= 0) return `account ${odd + 1} is not ${one.keys[odd]?.pubkey.toBase58()}.`;
    if (!one.data.equals(data)) return `its figures are not those of ${expected.amountAtomic}.`;
    return 'it names other accounts than it should.';
  }

  const reference = keys.indexOf(expected.channel);
  if (message.isAccountWritable(reference)) throw bad('The channel’s own account could be changed.');
  const feeLamports = transactionFee(required.length, { microLamports, units });
  if (feeLamports > expected.mostFeeLamports) throw bad(`Its fee is ${feeLamports} lamports.`);
  return {
    transaction,
    feeLamports,
    blockhash: message.recentBlockhash,
    signers: signersOf(transaction, required),
  };
}

function ordersOf(expected: ExpectedSettlement): SettlementOrder[] {
  const { token } = expected;
  if (expected.mint === nativeMint) return [{ ...expected, token: null }];
  if (!token) throw new TypeError('a token has decimals');
  const programs = token.program === undefined ? tokenPrograms : [token.program];
  return programs.map((program) => ({ ...expected, token: { program, decimals: token.decimals } }));
}

/** Throws when a signature that is there is not valid; one that is missing is all zeros. */
function signersOf(transaction: VersionedTransaction, required: string[]): string[] {
  const message = transaction.message.serialize();
  return required.filter((key, index) => {
    const signature = transaction.signatures[index];
    if (!signature || signature.every((byte) => byte === 0)) return false;
    if (!verifyBytes(message, bs58.encode(signature), key))
      throw bad(`The signature of ${key} does not fit.`);
    return true;
  });
}

function decode(bytes: Uint8Array): VersionedTransaction {
  let transaction: VersionedTransaction;
  try {
    transaction = VersionedTransaction.deserialize(bytes);
    // What is signed must be what was read: nothing behind it, no other spelling of a length.
    if (!Buffer.from(transaction.serialize()).equals(bytes)) throw new Error('another spelling');
  } catch (cause) {
    throw new AppError('wallet/bad-transaction', 'It is no transaction.', { cause });
  }
  const { header, staticAccountKeys } = transaction.message;
  if (transaction.signatures.length !== header.numRequiredSignatures)
    throw bad('It has another number of signatures than it says.');
  if (!staticAccountKeys.every((key) => key instanceof PublicKey)) throw bad('It is no transaction.');
  return transaction;
}

const bad = (message: string) => new AppError('wallet/bad-transaction', message);
