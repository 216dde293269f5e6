import { type ConfirmedSignatureInfo, Connection, PublicKey, VersionedTransaction } from '@solana/web3.js';
import bs58 from 'bs58';
import { AppError } from '#contract/errors.ts';
import { settlementMemo } from '#contract/wire/settlement.ts';
import { nativeMint } from '#contract/wire/voucher.ts';
import type { Settlement } from './settlement-book.ts';
import { expiryMarginBlocks, quorumOf, type Sighting } from './settlement-policy.ts';

const usualTimeoutMs = 10_000;
const pageLength = 1000;
/** Anybody may name a channel in transactions of their own; past so many an endpoint's look does not count. */
const mostPages = 10;
const mostCandidates = 200;
/** So many blocks a blockhash is good for: MAX_PROCESSING_AGE in solana-clock. */
const blockhashBlocks = 150;
/** A block's time may be so much off this computer's. */
const clockSlackSeconds = 3600;

/** The chain behind one or more endpoints; each call goes to the first that answers and is of the right cluster. */
export interface ChainClient {
  /** How many endpoints there are, answering or not. */
  endpoints: number;
  /** Of the first endpoint that answers. Throws `chain/unreachable`. */
  genesisHash(): Promise<string>;
  ask<T>(call: (connection: Connection) => Promise<T>): Promise<T>;
  /**
   * A blockhash for a transaction, until which block one with it can land, and what slot the chain is at: as two endpoints say that know
   * it, where there are several. Throws `chain/unreachable`, `chain/wrong-cluster`.
   */
  lifetime(): Promise<{ blockhash: string; lastValidBlockHeight: number; slot: number }>;
  /** Gives it to every endpoint; resolves when one has taken it. Throws `chain/rejected`, `chain/unreachable`, `chain/wrong-cluster`. */
  send(transaction: Uint8Array): Promise<void>;
  /** What each endpoint that answers knows of a payment; `earlier` are signatures of others. */
  look(
    settlement: Settlement,
    paid: { payout: string; mint: string },
    earlier: ReadonlySet<string>,
  ): Promise<Sighting[]>;
}

export function createChainClient(options: {
  urls: readonly string[];
  timeoutMs?: number | undefined;
}): ChainClient & { expectGenesis(hash: string): void } {
  const timeoutMs = options.timeoutMs ?? usualTimeoutMs;
  let expectedGenesis: string | null = null;
  const connections = [...new Set(options.urls)].map(
    (url) =>
      new Connection(url, {
        commitment: 'confirmed',
        disableRetryOnRateLimit: true,
        fetch: ((input: string, init: RequestInit) =>
          fetch(input, { ...init, signal: AbortSignal.timeout(timeoutMs) })) as never,
      }),
  );

  async function checkGenesis(connection: Connection): Promise<void> {
    const found = await connection.getGenesisHash();
    if (expectedGenesis !== null && found !== expectedGenesis)
      throw new AppError('chain/wrong-cluster', `${hostOf(connection)} is of the cluster ${found}.`);
  }

  async function ask<T>(call: (connection: Connection) => Promise<T>): Promise<T> {
    let first: AppError | null = null;
    for (const connection of connections) {
      try {
        await checkGenesis(connection);
        return await call(connection);
      } catch (thrown) {
        const error = chainError(thrown, connection);
        // A refusal is an answer; only silence is worth another endpoint.
        if (error.code === 'chain/rejected') throw error;
        if (first?.code !== 'chain/wrong-cluster') first = error;
      }
    }
    throw first ?? new AppError('chain/unreachable', 'There is no endpoint of the chain.');
  }

  /** What each endpoint of the right cluster says, and why others do not. */
  async function askAll<T>(call: (connection: Connection) => Promise<T>) {
    const answers: T[] = [];
    const errors: AppError[] = [];
    await Promise.all(
      connections.map(async (connection) => {
        try {
          await checkGenesis(connection);
          answers.push(await call(connection));
        } catch (thrown) {
          errors.push(chainError(thrown, connection));
        }
      }),
    );
    return { answers, errors };
  }

  async function lookAt(
    connection: Connection,
    settlement: Settlement,
    paid: { payout: string; mint: string },
    earlier: ReadonlySet<string>,
  ): Promise<Sighting> {
    // First the height, then the search: what is not found cannot have landed up to that block.
    const finalizedHeight = await connection.getBlockHeight('finalized');
    const message = messageOf(settlement.transaction);
    const { signature } = settlement;
    const known = signature === null ? null : await seen(signature);
    if (known) return known;
    for (const one of await namedBy(connection, settlement, earlier)) {
      const found = await seen(one.signature);
      if (found?.proof) return found;
    }
    // Asked only where it matters: once the transaction's time is over.
    const isBlind =
      finalizedHeight > settlement.lastValidBlockHeight &&
      (await connection.getFirstAvailableBlock()) > settlement.slot;
    return { level: 'none', signature: null, finalizedHeight, isBlind, proof: null };

    async function seen(signature: string): Promise<Sighting | null> {
      const statuses = await connection.getSignatureStatuses([signature], { searchTransactionHistory: true });
      const status = statuses.value[0];
      if (!status) return null;
      const level = status.confirmationStatus === 'finalized' ? 'finalized' : 'confirmed';
      const proof = await proofOf(connection, signature, level, message, paid);
      return { finalizedHeight, isBlind: false, level: proof ? level : 'rumoured', signature, proof };
    }
  }

  return {
    endpoints: connections.length,
    expectGenesis(hash) {
      expectedGenesis = hash;
    },
    genesisHash: () => ask((connection) => connection.getGenesisHash()),
    ask,
    async lifetime() {
      const told = await askAll((connection) => connection.getLatestBlockhashAndContext('confirmed'));
      // That of the endpoint that is furthest behind: the others know it, too.
      const [oldest] = told.answers.sort((a, b) => a.context.slot - b.context.slot);
      if (!oldest) throw firstOf(told.errors);
      const { blockhash } = oldest.value;
      const { answers } = await askAll(async (connection) => {
        const { value: isKnown } = await connection.isBlockhashValid(blockhash, { commitment: 'processed' });
        const { blockHeight, absoluteSlot } = await connection.getEpochInfo('processed');
        return isKnown && blockHeight !== undefined ? [{ height: blockHeight, slot: absoluteSlot }] : [];
      });
      const heads = answers.flat();
      if (heads.length < quorumOf(connections.length))
        throw new AppError(
          'chain/unreachable',
          `${heads.length} of ${connections.length} endpoints knows the block that a payment would name; one alone decides nothing.`,
        );
      for (const numbers of [heads.map(({ height }) => height), heads.map(({ slot }) => slot)]) {
        const apart = Math.max(...numbers) - Math.min(...numbers);
        if (apart > expiryMarginBlocks)
          throw new AppError('chain/unreachable', `The chain’s endpoints are ${apart} blocks apart.`);
      }
      return {
        blockhash,
        // Whoever knows the blockhash is at its block or beyond.
        lastValidBlockHeight: Math.max(...heads.map(({ height }) => height)) + blockhashBlocks,
        slot: Math.min(...heads.map(({ slot }) => slot)),
      };
    },
    async send(transaction) {
      const { answers, errors } = await askAll((connection) =>
        connection
          .sendRawTransaction(transaction, { preflightCommitment: 'confirmed', maxRetries: 0 })
          .catch((thrown: unknown) => {
            if (!isAlreadyThere(thrown)) throw thrown;
          }),
      );
      if (answers.length === 0) throw firstOf(errors);
    },
    look: async (settlement, paid, earlier) =>
      (await askAll((connection) => lookAt(connection, settlement, paid, earlier))).answers,
  };
}

/** Transactions that name the channel and could be this payment, newest first. Throws when there are too many to look through. */
async function namedBy(
  connection: Connection,
  settlement: Settlement,
  earlier: ReadonlySet<string>,
): Promise<ConfirmedSignatureInfo[]> {
  const memo = settlementMemo(settlement.channel, settlement.cumulativeAtomic);
  const found: ConfirmedSignatureInfo[] = [];
  let before: string | undefined;
  for (let page = 0; page < mostPages; page++) {
    const listed = await connection.getSignaturesForAddress(
      new PublicKey(settlement.channel),
      { limit: pageLength, ...(before === undefined ? {} : { before }) },
      'confirmed',
    );
    found.push(
      ...listed.filter(
        (one) => !earlier.has(one.signature) && (one.memo === null || one.memo.includes(memo)),
      ),
    );
    const last = listed.at(-1);
    const isOlder = last?.blockTime != null && last.blockTime < settlement.since / 1000 - clockSlackSeconds;
    if (listed.length < pageLength || !last || isOlder) {
      if (found.length > mostCandidates) break;
      return found;
    }
    before = last.signature;
  }
  throw new AppError('chain/unreachable', 'Too many transactions name this channel.');
}

/** The part of a transaction that is signed: the same message lands once at most. */
const messageOf = (transaction: Uint8Array): Buffer =>
  Buffer.from(VersionedTransaction.deserialize(transaction).message.serialize());

/** The transaction behind a signature, if it is ours word for word, with what the payout wallet got. */
async function proofOf(
  connection: Connection,
  signature: string,
  commitment: 'confirmed' | 'finalized',
  message: Buffer,
  { payout, mint }: { payout: string; mint: string },
): Promise<Sighting['proof']> {
  const found = await connection.getTransaction(signature, { commitment, maxSupportedTransactionVersion: 0 });
  const meta = found?.meta;
  if (!found || !meta || !message.equals(found.transaction.message.serialize())) return null;
  const at = found.transaction.message.staticAccountKeys.findIndex((key) => key.toBase58() === payout);
  const tokens = (list: typeof meta.preTokenBalances) =>
    (list ?? [])
      .filter((one) => one.owner === payout && one.mint === mint)
      .reduce((sum, one) => sum + BigInt(one.uiTokenAmount.amount), 0n);
  const fee = BigInt(meta.fee);
  const receivedAtomic =
    mint === nativeMint
      ? BigInt(meta.postBalances[at] ?? 0) - BigInt(meta.preBalances[at] ?? 0) + (at === 0 ? fee : 0n)
      : tokens(meta.postTokenBalances) - tokens(meta.preTokenBalances);
  const error = meta.err === null ? null : JSON.stringify(meta.err);
  return { slot: found.slot, feeLamports: fee, receivedAtomic, error };
}

/** The error that says most: a refusal is an answer, and another cluster is worse than silence. */
const firstOf = (errors: readonly AppError[]): AppError =>
  errors.find(({ code }) => code === 'chain/rejected') ??
  errors.find(({ code }) => code === 'chain/wrong-cluster') ??
  errors[0] ??
  new AppError('chain/unreachable', 'There is no endpoint of the chain.');

const hostOf = (connection: Connection): string => new URL(connection.rpcEndpoint).host;

const isAlreadyThere = (thrown: unknown) =>
  thrown instanceof Error && /already been processed|AlreadyProcessed/.test(thrown.message);

/** What a node of the chain said, as one of ours: it refused, or it was not there. */
function chainError(thrown: unknown, connection: Connection): AppError {
  if (thrown instanceof AppError) return thrown;
  const message =
    thrown instanceof Error ? (thrown.message.split('\n').find((line) => line.trim()) ?? '') : `${thrown}`;
  const isRefusal =
    thrown instanceof Error &&
    (thrown.name === 'SendTransactionError' || thrown.constructor.name === 'SendTransactionError');
  return isRefusal
    ? new AppError('chain/rejected', refusalIn(thrown), { cause: thrown })
    : new AppError('chain/unreachable', `${hostOf(connection)}: ${message.slice(0, 200)}`, { cause: thrown });
}

const refusalIn = (error: Error): string =>
  (/Message: (.*?)\.?\s*$/m.exec(error.message)?.[1] ?? error.message.split('\n')[0] ?? '').slice(0, 300);

/** The signature that a signed transaction goes by. */
export const signatureOf = (transaction: VersionedTransaction): string =>
  bs58.encode(transaction.signatures[0] ?? new Uint8Array(64));
