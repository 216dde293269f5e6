import { VersionedMessage, VersionedTransaction } from '@solana/web3.js';
import bs58 from 'bs58';
import {
  type ChainAccount,
  type ChainLedger,
  type ChainTransaction,
  type Level,
  levels,
  RpcError,
} from './local-chain-ledger.ts';

/** What an endpoint does wrong; a test switches it while it runs. */
export interface ChainFaults {
  /** Answers 429 to so many of the next requests. */
  rateLimited: number;
  /** Takes requests and never answers. */
  hangs: boolean;
  /** Answers as of so many slots ago. */
  lagSlots: number;
  /** Says that it has taken a transaction, and loses it. */
  drops: boolean;
  /** Says that any signature is finalized. */
  claimsFinalized: boolean;
  /** Shows whatever it was sent as final: with what was owed as received, or as failed. */
  forges: 'paid' | 'failed' | null;
  /** Says that it is so many blocks further than it is. */
  aheadBlocks: number;
  /** Says that blockhashes are good for so many blocks less than they are. */
  lessLifetimeBlocks: number;
  /** Says that it knows no signature. */
  forgets: boolean;
  /** Says these balances, in lamports. */
  balances: Map<string, bigint>;
  /** Says that every account had so many lamports more after each transaction. */
  inflates: number;
  genesisHash: string | null;
  /** Its history begins here; of what lies before it knows nothing. */
  firstSlot: number;
}

type Options = { commitment?: Level; encoding?: string; [name: string]: unknown } | undefined;

/** The JSON-RPC methods that web3.js calls, over the ledger as this endpoint sees it. */
export function createChainMethods(ledger: ChainLedger, faults: ChainFaults, genesisHash: string) {
  const seenSlot = () => Math.max(1, ledger.slot() - faults.lagSlots);
  const inContext = <T>(value: T) => ({ context: { slot: seenSlot(), apiVersion: '3.0.0' }, value });
  const isSeen = (one: ChainTransaction, wanted: Level = 'finalized') =>
    one.slot <= seenSlot() &&
    one.slot >= faults.firstSlot &&
    levels.indexOf(one.level) >= levels.indexOf(wanted) &&
    !faults.forgets;
  const heightOf = (options: Options) =>
    (options?.commitment ?? 'finalized') === 'finalized'
      ? Math.max(0, ledger.finalizedSlot() - faults.lagSlots) + faults.aheadBlocks
      : seenSlot() + faults.aheadBlocks;
  const sent = new Map<string, Buffer>();

  function transactionOf(signature: string, isPoll = false): ChainTransaction | null {
    const raw = sent.get(signature);
    const known = ledger.transaction(signature, isPoll);
    if (!raw || faults.forges === null) return known;
    const { staticAccountKeys } = VersionedTransaction.deserialize(raw).message;
    const keys = staticAccountKeys.map((key) => key.toBase58());
    const lamports = (each: bigint) => ({ lamports: keys.map(() => each), tokens: [] });
    return {
      ...{ signature, raw, keys, slot: seenSlot(), blockTime: 0, level: 'finalized', feeLamports: 5000 },
      ...{ before: lamports(0n), after: lamports(faults.forges === 'paid' ? 10n ** 12n : 0n) },
      ...{ error: faults.forges === 'failed' ? 'AccountNotFound' : null, logs: [], units: 0 },
    };
  }

  function lamportsOf(address: string): number {
    const lie = faults.balances.get(address);
    if (lie !== undefined) return Number(lie);
    const later = ledger
      .transactionsOf(address)
      .filter(({ slot }) => slot > seenSlot())
      .at(-1);
    if (later) return Number(later.before.lamports[later.keys.indexOf(address)] ?? 0n);
    return Number(ledger.accountOf(address)?.lamports ?? 0n);
  }

  function shownAccount(address: string, options: Options) {
    const account = ledger.accountOf(address);
    if (!account) return null;
    return {
      lamports: lamportsOf(address),
      owner: account.owner,
      executable: account.executable,
      rentEpoch: 0,
      space: account.data.length,
      data: shownData(address, account, options?.encoding ?? 'base64'),
    };
  }

  function shownData(address: string, { data }: ChainAccount, encoding: string) {
    const token = encoding === 'jsonParsed' ? ledger.tokenOf(address) : null;
    if (encoding === 'base58') return [bs58.encode(data), 'base58'];
    if (!token) return [data.toString('base64'), 'base64'];
    const { mint, owner, amount, decimals } = token;
    const info = {
      mint,
      owner,
      state: 'initialized',
      isNative: false,
      tokenAmount: shownAmount(amount, decimals),
    };
    return { program: 'spl-token', space: data.length, parsed: { type: 'account', info } };
  }

  const shownTokens = (tokens: ChainTransaction['before']['tokens']) =>
    tokens.map(({ amount, decimals, ...token }) => ({
      ...token,
      uiTokenAmount: shownAmount(amount, decimals),
    }));

  function shownTransaction(one: ChainTransaction, options: Options) {
    if (!one.raw) return null;
    const { message, signatures, version } = VersionedTransaction.deserialize(one.raw);
    const base = {
      slot: one.slot,
      blockTime: one.blockTime,
      version,
      meta: {
        err: one.error,
        status: one.error === null ? { Ok: null } : { Err: one.error },
        fee: one.feeLamports,
        preBalances: one.before.lamports.map(Number),
        postBalances: one.after.lamports.map((lamports) => Number(lamports) + faults.inflates),
        preTokenBalances: shownTokens(one.before.tokens),
        postTokenBalances: shownTokens(one.after.tokens),
        innerInstructions: [],
        rewards: [],
        logMessages: one.logs,
        loadedAddresses: { writable: [], readonly: [] },
        computeUnitsConsumed: one.units,
      },
    };
    const encoding = options?.encoding ?? 'json';
    if (encoding === 'base64') return { ...base, transaction: [one.raw.toString('base64'), 'base64'] };
    const isParsed = encoding === 'jsonParsed';
    const accountKeys = isParsed
      ? one.keys.map((pubkey, index) => ({
          pubkey,
          signer: message.isAccountSigner(index),
          writable: message.isAccountWritable(index),
          source: 'transaction',
        }))
      : one.keys;
    const instructions = message.compiledInstructions.map(({ programIdIndex, accountKeyIndexes, data }) => ({
      ...(isParsed
        ? { programId: one.keys[programIdIndex], accounts: accountKeyIndexes.map((index) => one.keys[index]) }
        : { programIdIndex, accounts: [...accountKeyIndexes] }),
      data: bs58.encode(data),
      stackHeight: null,
    }));
    return {
      ...base,
      transaction: {
        signatures: signatures.map((signature) => bs58.encode(signature)),
        message: {
          header: message.header,
          accountKeys,
          recentBlockhash: message.recentBlockhash,
          instructions,
          ...(version === 0 ? { addressTableLookups: [] } : {}),
        },
      },
    };
  }

  function status(signature: string) {
    if (faults.claimsFinalized)
      return { slot: seenSlot(), confirmations: null, err: null, confirmationStatus: 'finalized' };
    const one = transactionOf(signature, true);
    if (!one || !isSeen(one, 'processed')) return null;
    return {
      slot: one.slot,
      confirmations: one.level === 'finalized' ? null : 1,
      err: one.error,
      status: one.error === null ? { Ok: null } : { Err: one.error },
      confirmationStatus: one.level,
    };
  }

  const bytesOf = (text: string, options: Options) =>
    options?.encoding === 'base64' ? Buffer.from(text, 'base64') : Buffer.from(bs58.decode(text));

  // biome-ignore lint/suspicious/noExplicitAny: each method's parameters are as JSON-RPC gives them
  const methods: Record<string, (parameters: any) => unknown> = {
    getHealth: () => 'ok',
    getFirstAvailableBlock: () => faults.firstSlot,
    getVersion: () => ({ 'solana-core': '3.0.0-litesvm', 'feature-set': 0 }),
    getGenesisHash: () => faults.genesisHash ?? genesisHash,
    getSlot: () => seenSlot(),
    getBlockHeight: ([options]: [Options]) => heightOf(options),
    getEpochInfo: () => ({
      absoluteSlot: seenSlot(),
      blockHeight: heightOf({ commitment: 'processed' }),
      epoch: 0,
      slotIndex: seenSlot(),
      slotsInEpoch: 432_000,
    }),
    getLatestBlockhash: () => {
      const { blockhash, lastValidBlockHeight } = ledger.blockhash(seenSlot());
      return inContext({
        blockhash,
        lastValidBlockHeight: lastValidBlockHeight - faults.lessLifetimeBlocks,
      });
    },
    isBlockhashValid: ([blockhash]: [string]) => inContext(ledger.isBlockhashValid(blockhash)),
    getFeeForMessage: ([message]: [string]) => {
      const { header } = VersionedMessage.deserialize(Buffer.from(message, 'base64'));
      return inContext(5000 * header.numRequiredSignatures);
    },
    getRecentPrioritizationFees: () => [],
    getMinimumBalanceForRentExemption: ([bytes]: [number]) => Number(ledger.rentExemptLamports(bytes)),
    getBalance: ([address]: [string]) => inContext(lamportsOf(address)),
    getAccountInfo: ([address, options]: [string, Options]) => inContext(shownAccount(address, options)),
    getMultipleAccounts: ([addresses, options]: [string[], Options]) =>
      inContext(addresses.map((address) => shownAccount(address, options))),
    getTokenAccountBalance: ([address]: [string]) => {
      const token = ledger.tokenOf(address);
      if (!token) throw new RpcError(-32602, 'Invalid param: could not find account');
      return inContext(shownAmount(token.amount, token.decimals));
    },
    getTokenSupply: ([mint]: [string]) => {
      const data = ledger.accountOf(mint)?.data;
      if (!data || data.length < 82) throw new RpcError(-32602, 'Invalid param: not a Token mint');
      return inContext(shownAmount(data.readBigUInt64LE(36), data[44] ?? 0));
    },
    getTokenAccountsByOwner: ([owner, { mint, programId }, options]: [
      string,
      { mint?: string; programId?: string },
      Options,
    ]) =>
      inContext(
        ['TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA', 'TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb']
          .filter((program) => programId === undefined || program === programId)
          .flatMap((program) => ledger.tokenAccounts(program))
          .filter((token) => token.owner === owner && (mint === undefined || token.mint === mint))
          .map(({ address }) => ({ pubkey: address, account: shownAccount(address, options) })),
      ),
    getSignatureStatuses: ([signatures]: [string[]]) => inContext(signatures.map(status)),
    getSignaturesForAddress: ([address, options]: [
      string,
      Options & { before?: string; until?: string; limit?: number },
    ]) => {
      const named = ledger.transactionsOf(address);
      const all = named.filter((one) => isSeen(one, options?.commitment));
      for (const { signature } of named) ledger.transaction(signature, true);
      const place = (signature?: string) => all.findIndex((one) => one.signature === signature);
      const until = options?.until === undefined ? -1 : place(options.until);
      return all
        .slice(options?.before === undefined ? 0 : place(options.before) + 1, until < 0 ? all.length : until)
        .slice(0, options?.limit ?? 1000)
        .map((one) => ({
          signature: one.signature,
          slot: one.slot,
          blockTime: one.blockTime,
          err: one.error,
          memo: memoOf(one),
          confirmationStatus: one.level,
        }));
    },
    getTransaction: ([signature, options]: [string, Options]) => {
      const one = transactionOf(signature);
      return one && isSeen(one, options?.commitment) ? shownTransaction(one, options) : null;
    },
    requestAirdrop: ([address, lamports]: [string, number]) => ledger.airdrop(address, BigInt(lamports)),
    simulateTransaction: ([text, options]: [string, Options]) => {
      const { error, logs, units } = ledger.simulate(bytesOf(text, options), options?.sigVerify === true);
      return inContext({ err: error, logs, unitsConsumed: units, accounts: null, returnData: null });
    },
    sendTransaction: ([text, options]: [string, Options]) => {
      const raw = bytesOf(text, options);
      const signature = ledger.send(raw, {
        skipPreflight: options?.skipPreflight === true,
        drop: faults.drops,
      });
      sent.set(signature, raw);
      return signature;
    },
  };

  return (method: string, parameters: unknown): unknown => {
    const known = methods[method];
    if (!known) throw new RpcError(-32601, `Method not found: ${method}`);
    return known(parameters ?? []);
  };
}

const shownAmount = (amount: bigint, decimals: number) => ({
  amount: `${amount}`,
  decimals,
  uiAmount: Number(amount) / 10 ** decimals,
  uiAmountString: `${Number(amount) / 10 ** decimals}`,
});

/** As validators write it: `[length] text`. */
function memoOf({ raw, keys }: ChainTransaction): string | null {
  if (!raw) return null;
  const { message } = VersionedTransaction.deserialize(raw);
  const memos = message.compiledInstructions
    .filter(({ programIdIndex }) => keys[programIdIndex]?.startsWith('Memo'))
    .map(({ data }) => `[${data.length}] ${Buffer.from(data)}`);
  return memos.length === 0 ? null : memos.join('; ');
}
