import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Keypair } from '@solana/web3.js';
import type { Database } from 'better-sqlite3';
import { openDatabase } from '#gateway/database.ts';
import { openGatewayKey } from '#gateway/ed25519.ts';
import { type ChannelBook, openChannelBook } from '#gateway/settlement/channel-book.ts';
import {
  type ChainOptions,
  type OpenSettlement,
  openSettlement,
} from '#gateway/settlement/open-settlement.ts';
import { openSettlementBook, type SettlementBook } from '#gateway/settlement/settlement-book.ts';
import { createVoucherDesk } from '#gateway/settlement/voucher-desk.ts';

/** Writes a key file as solana-keygen does, which only its user can read. */
export function writeKeyFile(dir: string, keypair = Keypair.generate()): { file: string; keypair: Keypair } {
  const file = join(dir, 'treasury.json');
  writeFileSync(file, JSON.stringify([...keypair.secretKey]));
  chmodSync(file, 0o600);
  return { file, keypair };
}

export interface PayingBooks extends OpenSettlement {
  database: Database;
  channels: ChannelBook;
  book: SettlementBook;
  /** A node with this wallet; its receipts of so many are accepted and vouched for. Returns the channel's id. */
  earn(wallet: string, ...amounts: bigint[]): string;
  payBy(wallet: string, payoutBy: 'gateway' | 'claim'): void;
  /** Ends in the midst of things, as a process that dies. */
  die(): Promise<void>;
}

/** A gateway's money without the gateway: its books, vouchers and payments, which tick when they are told. */
export async function openPayingBooks(
  dir: string,
  chain: Pick<ChainOptions, 'rpcUrls' | 'treasuryFile'> & Partial<ChainOptions>,
  now: () => number = Date.now,
): Promise<PayingBooks> {
  const key = openGatewayKey(join(dir, 'gateway-key'));
  const database = openDatabase(join(dir, 'gateway.db'));
  const channels = openChannelBook(database, now);
  const book = openSettlementBook(database, now);
  const settlement = await openSettlement(
    { cluster: 'localnet', pollMs: null, timeoutMs: 2000, ...chain },
    { channels, book, now },
  ).catch((thrown: unknown) => {
    database.close();
    throw thrown;
  });
  const { mint } = settlement.terms;
  const vouchers = createVoucherDesk({
    book: channels,
    signer: key,
    terms: { mint, epoch: settlement.epoch },
    now,
  });
  let receipts = 0;

  return {
    ...settlement,
    database,
    channels,
    book,
    earn(wallet, ...amounts) {
      const nodeId = `node of ${wallet}`;
      return channels.transaction(() => {
        if (!channels.wallet(nodeId))
          channels.bindWallet(nodeId, { payout: wallet, payoutBy: 'gateway', isDelegated: true });
        for (const owedAtomic of amounts) {
          receipts += 1;
          vouchers.place({ nodeId, requestId: `${Date.now()}-${Math.random()}-${receipts}`, owedAtomic });
        }
        return vouchers.channel(nodeId)?.channel ?? '';
      });
    },
    payBy(wallet, payoutBy) {
      channels.bindWallet(`node of ${wallet}`, { payout: wallet, payoutBy, isDelegated: true });
    },
    async die() {
      await settlement.engine.close();
      database.close();
    },
  };
}
