import type { ConfirmedSignatureInfo, Connection } from '@solana/web3.js';
import type { ChainAccess } from './chain.ts';
import { type ChainTransaction, readTransaction } from './chain-transaction.ts';

const pageLength = 1000;
/** A hundred thousand transactions: more since the last look is no wallet of a person. */
const mostPages = 100;

/** A transaction that names an address, as endpoints list it. */
export interface Named {
  signature: string;
  slot: number;
  /** Of each endpoint that says, as validators write it: `[length] text; …`. */
  memos: string[];
  /** How many endpoints have it as finalized. */
  finalizedBy: number;
}

/**
 * All that names an address after `until`, oldest first, of every endpoint that answers; `isWhole` where none had to be cut off.
 * Throws `chain/unreachable` when none answers.
 */
export async function listNamed(
  chain: ChainAccess,
  address: string,
  until: string | null,
): Promise<{ named: Named[]; isWhole: boolean; answers: number }> {
  const lists = await chain.askAll((connection) => listOf(connection, address, until));
  const found = new Map<string, Named>();
  // Each endpoint counts once, however often it lists one.
  for (const { listed } of lists)
    for (const one of new Map(listed.map((each) => [each.signature, each])).values()) {
      const known = found.get(one.signature);
      const isFinal = one.confirmationStatus === 'finalized';
      found.set(one.signature, {
        signature: one.signature,
        slot: Math.max(known?.slot ?? 0, one.slot),
        memos: [...(known?.memos ?? []), ...(one.memo === null ? [] : [one.memo])],
        finalizedBy: (known?.finalizedBy ?? 0) + Number(isFinal),
      });
    }
  // Within a slot endpoints list the newest first.
  const named = [...found.values()].reverse().sort((one, other) => one.slot - other.slot);
  return { named, isWhole: lists.every(({ isWhole }) => isWhole), answers: lists.length };
}

async function listOf(connection: Connection, address: string, until: string | null) {
  const { PublicKey } = await import('@solana/web3.js');
  const key = new PublicKey(address);
  const listed: ConfirmedSignatureInfo[] = [];
  for (let page = 0; page < mostPages; page++) {
    const before = listed.at(-1)?.signature;
    const next = await connection.getSignaturesForAddress(
      key,
      {
        limit: pageLength,
        ...(until === null ? {} : { until }),
        ...(before === undefined ? {} : { before }),
      },
      'confirmed',
    );
    listed.push(...next);
    if (next.length < pageLength) return { listed, isWhole: true };
  }
  return { listed, isWhole: false };
}

/** What one endpoint knows of a transaction. */
export interface View {
  /** `rumoured`: it says that it has it, and cannot show it. */
  level: 'none' | 'processed' | 'rumoured' | 'confirmed' | 'finalized';
  transaction: ChainTransaction | null;
  /** The finalized block that it had seen before it was asked. */
  finalizedHeight: number;
}

export const viewsOf = (chain: ChainAccess, signature: string): Promise<View[]> =>
  chain.askAll((connection) => viewOf(connection, signature));

async function viewOf(connection: Connection, signature: string): Promise<View> {
  // First the height, then the search: what is not found cannot have landed up to that block.
  const finalizedHeight = await connection.getBlockHeight('finalized');
  const { value } = await connection.getSignatureStatuses([signature], { searchTransactionHistory: true });
  const status = value[0];
  const isFinal = status?.confirmationStatus === 'finalized';
  const level = isFinal ? 'finalized' : 'confirmed';
  const nothing = { transaction: null, finalizedHeight };
  if (!status) return { level: 'none', ...nothing };
  if (status.confirmationStatus === 'processed') return { level: 'processed', ...nothing };
  const transaction = await readTransaction(connection, signature, level);
  return transaction ? { level, transaction, finalizedHeight } : { level: 'rumoured', ...nothing };
}
