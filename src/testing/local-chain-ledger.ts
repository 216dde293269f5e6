import { hash, randomBytes } from 'node:crypto';
import { type PublicKey, VersionedTransaction } from '@solana/web3.js';
import bs58 from 'bs58';
import { type ChainError, chainErrorOf } from './chain-error.ts';

/** A validator's view of the world over LiteSVM, which is a real Solana VM but has no blocks, confirmations or forks. */

type Svm = InstanceType<typeof import('litesvm')['LiteSVM']>;
type SvmTransaction = Parameters<Svm['sendTransaction']>[0];
type SvmAddress = Parameters<Svm['getAccount']>[0];
type SvmAccount = Parameters<Svm['setAccount']>[0];

const blockhashLifetimeSlots = 150;
/** How far the finalized block is behind. */
const finalizedLagSlots = 32;
const systemProgram = '11111111111111111111111111111111';

export const levels = ['processed', 'confirmed', 'finalized'] as const;
export type Level = (typeof levels)[number];

export interface ChainAccount {
  lamports: bigint;
  owner: string;
  data: Buffer;
  executable: boolean;
}

export interface TokenAmount {
  accountIndex: number;
  mint: string;
  owner: string;
  programId: string;
  amount: bigint;
  decimals: number;
}

export interface Balances {
  lamports: bigint[];
  tokens: TokenAmount[];
}

export interface ChainTransaction {
  signature: string;
  slot: number;
  blockTime: number;
  /** Null for an airdrop. */
  raw: Buffer | null;
  keys: string[];
  level: Level;
  error: ChainError | null;
  feeLamports: number;
  before: Balances;
  after: Balances;
  logs: string[];
  units: number;
}

type Step = { airdrop: { address: string; lamports: bigint } } | { raw: Buffer };

/** A refusal as JSON-RPC has it. */
export class RpcError extends Error {
  readonly code: number;
  readonly data: unknown;
  constructor(code: number, message: string, data?: unknown) {
    super(message);
    this.code = code;
    this.data = data;
  }
}

export type ChainLedger = Awaited<ReturnType<typeof openChainLedger>>;

export async function openChainLedger() {
  // Loaded here: on Windows there is none.
  const { LiteSVM, FailedTransactionMetadata } = await import('litesvm');
  const fresh = () => new LiteSVM().withBlockhashCheck(false);
  let svm: Svm = fresh();
  const seed = randomBytes(16).toString('hex');
  let slot = 1;
  let confirmation: 'at-once' | 'by-polls' | 'held' = 'by-polls';
  const steps: Step[] = [];
  const transactions = new Map<string, ChainTransaction>();
  const blockhashes = new Map<string, number>();
  const lost: Buffer[] = [];

  function accountOf(address: string): ChainAccount | null {
    const found = svm.getAccount(address as SvmAddress);
    if (!found.exists || found.lamports === 0n) return null;
    return {
      lamports: found.lamports,
      owner: found.programAddress,
      data: Buffer.from(found.data),
      executable: found.executable,
    };
  }

  function tokenOf(address: string): Omit<TokenAmount, 'accountIndex'> | null {
    const account = accountOf(address);
    if (!account || !isTokenProgram(account.owner) || account.data.length < 165) return null;
    const mint = bs58.encode(account.data.subarray(0, 32));
    return {
      mint,
      owner: bs58.encode(account.data.subarray(32, 64)),
      programId: account.owner,
      amount: account.data.readBigUInt64LE(64),
      decimals: accountOf(mint)?.data[44] ?? 0,
    };
  }

  const balancesOf = (keys: string[]): Balances => ({
    lamports: keys.map((key) => accountOf(key)?.lamports ?? 0n),
    tokens: keys.flatMap((key, accountIndex) => {
      const token = tokenOf(key);
      return token ? [{ accountIndex, ...token }] : [];
    }),
  });

  function give(address: string, lamports: bigint): void {
    const { exists, ...there } = svm.getAccount(address as SvmAddress) as SvmAccount & { exists: boolean };
    const account = exists
      ? { ...there, lamports: there.lamports + lamports }
      : {
          address,
          data: new Uint8Array(),
          executable: false,
          lamports,
          programAddress: systemProgram,
          space: 0n,
        };
    svm.setAccount(account as SvmAccount);
  }

  function execute(raw: Buffer): Omit<ChainTransaction, 'slot' | 'blockTime' | 'level'> {
    const { transaction, signature, keys } = read(raw);
    const before = balancesOf(keys);
    const result = svm.sendTransaction(transaction);
    const failed = result instanceof FailedTransactionMetadata ? result : null;
    const meta = result instanceof FailedTransactionMetadata ? result.meta() : result;
    const after = balancesOf(keys);
    return {
      signature,
      raw,
      keys,
      error: failed && chainErrorOf(failed),
      // What no account has any more.
      feeLamports: Number(sum(before.lamports) - sum(after.lamports)),
      before,
      after,
      logs: meta.logs(),
      units: Number(meta.computeUnitsConsumed()),
    };
  }

  const finalizedSlot = () => Math.max(0, slot - finalizedLagSlots);

  function advance(count: number): void {
    slot += count;
    svm.warpToSlot(BigInt(slot));
    // What lies so deep is final, whoever has asked after it or not.
    for (const one of transactions.values()) if (one.slot <= finalizedSlot()) one.level = 'finalized';
  }

  function take(one: Omit<ChainTransaction, 'slot' | 'blockTime' | 'level'>): void {
    advance(1);
    const level = confirmation === 'at-once' ? 'finalized' : 'processed';
    transactions.set(one.signature, { ...one, slot, blockTime: Math.floor(Date.now() / 1000), level });
  }

  function simulate(
    raw: Buffer,
    verifies = true,
  ): { error: ChainError | null; logs: string[]; units: number } {
    try {
      svm.withSigverify(verifies);
      const result = svm.simulateTransaction(read(raw).transaction);
      const meta = result.meta();
      const error = result instanceof FailedTransactionMetadata ? chainErrorOf(result) : null;
      return { error, logs: meta.logs(), units: Number(meta.computeUnitsConsumed()) };
    } catch {
      return { error: 'SignatureFailure', logs: [], units: 0 };
    } finally {
      svm.withSigverify(true);
    }
  }

  /** Takes a transaction in as a validator would. Throws RpcError. */
  function send(raw: Buffer, options: { skipPreflight: boolean; drop: boolean }): string {
    const { signature, blockhash } = read(raw);
    if (transactions.has(signature)) return signature;
    if ((blockhashes.get(blockhash) ?? -1) < slot)
      throw new RpcError(-32002, 'Transaction simulation failed: Blockhash not found', {
        err: 'BlockhashNotFound',
        logs: [],
      });
    const { error, logs } = simulate(raw);
    if (error === 'SignatureFailure')
      throw new RpcError(-32003, 'Transaction signature verification failure');
    if (error !== null && !options.skipPreflight)
      throw new RpcError(
        -32002,
        `Transaction simulation failed: ${typeof error === 'string' ? error : JSON.stringify(error)}`,
        { err: error, logs },
      );
    if (options.drop) {
      lost.push(raw);
      return signature;
    }
    const executed = execute(raw);
    steps.push({ raw });
    take(executed);
    return signature;
  }

  return {
    slot: () => slot,
    finalizedSlot,
    /** Lets blocks go by. */
    advance,
    /** Lets so many go by that no blockhash of before is good any more, finalized blocks included. */
    expireBlockhashes: () => advance(blockhashLifetimeSlots + 2 * finalizedLagSlots + 10),
    /** How a transaction becomes final: at once, a level each time it is asked after, or when the test says so. */
    confirm(how: typeof confirmation): void {
      confirmation = how;
    },
    settle(signature: string, level: Level): void {
      const found = transactions.get(signature);
      if (found) found.level = level;
    },
    blockhash(atSlot = slot): { blockhash: string; lastValidBlockHeight: number } {
      const blockhash = bs58.encode(hash('sha256', `${seed} ${atSlot}`, 'buffer'));
      blockhashes.set(blockhash, atSlot + blockhashLifetimeSlots);
      return { blockhash, lastValidBlockHeight: atSlot + blockhashLifetimeSlots };
    },
    isBlockhashValid: (blockhash: string) => (blockhashes.get(blockhash) ?? -1) >= slot,
    accountOf,
    tokenOf,
    rentExemptLamports: (bytes: number) => svm.minimumBalanceForRentExemption(BigInt(bytes)),
    tokenAccounts: (program: string) =>
      svm.getProgramAccounts(program as SvmAddress).flatMap(({ address }) => {
        const token = tokenOf(address);
        return token ? [{ address: String(address), ...token }] : [];
      }),
    simulate,
    airdrop(address: string, lamports: bigint): string {
      const before = balancesOf([address]);
      give(address, lamports);
      steps.push({ airdrop: { address, lamports } });
      const signature = bs58.encode(randomBytes(64));
      const after = balancesOf([address]);
      take({
        signature,
        raw: null,
        keys: [address],
        error: null,
        feeLamports: 0,
        before,
        after,
        logs: [],
        units: 0,
      });
      return signature;
    },
    send,
    /** Transactions that were lost, or that a fork took away, come by after all, as far as their time is not over. */
    landLost(): void {
      for (const raw of lost.splice(0)) {
        try {
          send(raw, { skipPreflight: true, drop: false });
        } catch (thrown) {
          if (!(thrown instanceof RpcError)) throw thrown;
        }
      }
    },
    /** Null when it is not on the chain. Being asked after moves it on, where polls do. */
    transaction(signature: string, isPoll = false): ChainTransaction | null {
      const found = transactions.get(signature);
      if (!found) return null;
      const shown = { ...found };
      if (isPoll && confirmation === 'by-polls')
        found.level = levels[Math.min(levels.indexOf(found.level) + 1, levels.length - 1)] ?? 'finalized';
      return shown;
    },
    /** Newest first. */
    transactionsOf: (address: string) =>
      [...transactions.values()]
        .filter(({ keys }) => keys.includes(address))
        .map((one) => ({ ...one }))
        .reverse(),
    /** A fork: the block with this transaction turns out not to be of the chain; everything else happened all the same. */
    fork(signature: string): void {
      const gone = transactions.get(signature);
      if (!gone?.raw || gone.level === 'finalized') throw new Error('no fork can take this transaction away');
      transactions.delete(signature);
      lost.push(gone.raw);
      svm = fresh();
      svm.warpToSlot(BigInt(slot));
      const kept = steps.filter((step) => !('raw' in step) || step.raw !== gone.raw);
      steps.splice(0, steps.length, ...kept);
      for (const step of kept) {
        if ('airdrop' in step) give(step.airdrop.address, step.airdrop.lamports);
        else {
          const again = execute(step.raw);
          const known = transactions.get(again.signature);
          if (known) transactions.set(again.signature, { ...known, ...again });
        }
      }
    },
  };
}

const sum = (amounts: bigint[]) => amounts.reduce((total, amount) => total + amount, 0n);

const isTokenProgram = (owner: string) =>
  owner === 'TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA' ||
  owner === 'TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb';

function read(raw: Buffer) {
  let versioned: VersionedTransaction;
  try {
    versioned = VersionedTransaction.deserialize(raw);
  } catch {
    throw new RpcError(-32602, 'invalid transaction');
  }
  const { message } = versioned;
  const keys = message.staticAccountKeys.map((key: PublicKey) => key.toBase58());
  const signatures = Object.fromEntries(
    versioned.signatures.map((bytes, index) => [
      keys[index],
      bytes.some((byte) => byte !== 0) ? bytes : null,
    ]),
  );
  return {
    keys,
    signature: bs58.encode(versioned.signatures[0] ?? new Uint8Array(64)),
    blockhash: message.recentBlockhash,
    transaction: { messageBytes: message.serialize(), signatures } as unknown as SvmTransaction,
  };
}
