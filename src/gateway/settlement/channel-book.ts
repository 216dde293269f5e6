import type { Database } from 'better-sqlite3';
import type { Network } from '#contract/wire/network.ts';
import type { SignedVoucher } from '#contract/wire/voucher.ts';

export interface ChannelSums {
  channel: string;
  payout: string;
  mint: string;
  epoch: bigint;
  acceptedAtomic: bigint;
  voucheredAtomic: bigint;
  settledAtomic: bigint;
}

/** What a gateway's channels are made of, besides the wallet. */
export interface ChannelTerms {
  mint: string;
  epoch: bigint;
}

export interface BoundWallet {
  payout: string;
  payoutBy: 'gateway' | 'claim';
  /** The wallet itself has said that the node's key may act for it. */
  isDelegated: boolean;
}

export interface KeptDelegation {
  nodeKey: string;
  address: string;
  /** Unix ms. */
  issuedAt: number;
  expiresAt: number;
  signedMessage: string;
  signature: string;
}

/** Channels, their receipts and vouchers, and whose wallet is paid; rows are only ever added. */
export interface ChannelBook {
  /** A network's epoch; its genesis hash is pinned the first time. Throws when it is another one now. */
  network(network: Network, genesisHash: string | null): bigint;
  pinnedGenesis(network: Network): string | null;
  open(channel: { channel: string; payout: string; mint: string; epoch: bigint }): void;
  sums(channel: string): ChannelSums | null;
  /** Channels of an epoch in a mint with more vouchered than settled: what is owed in another one is not paid with it. */
  unsettled(terms: ChannelTerms): ChannelSums[];
  /** Puts an accepted receipt behind the channel's others; the sum with it. */
  place(channel: string, receipt: { nodeId: string; requestId: string; owedAtomic: bigint }): bigint;
  voucher(
    channel: string,
  ): { signed: Omit<SignedVoucher, 'signer'>; cumulativeAtomic: bigint; expiresAt: number } | null;
  addVoucher(
    channel: string,
    voucher: { cumulativeAtomic: bigint; expiresAt: number; signed: SignedVoucher },
  ): void;
  channelsOf(nodeId: string): string[];
  /** Of this node's receipts in an epoch's channels in a mint. */
  nodeSums(nodeId: string, terms: ChannelTerms): { voucheredAtomic: bigint; settledAtomic: bigint };
  payerSums(payer: string, terms: ChannelTerms): { voucheredAtomic: bigint; settledAtomic: bigint };
  wallet(nodeId: string): BoundWallet | null;
  bindWallet(nodeId: string, wallet: BoundWallet): void;
  /** The last of a node's wallets that has signed in; null when none has. */
  provenWallet(nodeId: string): string | null;
  /** Texts of changes of who is paid that a registration has brought. */
  spentChanges(nodeId: string): Set<string>;
  spendChange(nodeId: string, message: string): void;
  /** How the wallet's owner wants to be paid: as the node that last registered with it said. */
  payoutBy(payout: string): 'gateway' | 'claim';
  delegation(nodeId: string): KeptDelegation | null;
  addDelegation(nodeId: string, delegation: KeptDelegation): void;
  /** Unix ms of the node's last taking back of its delegation. */
  delegationEnded(nodeId: string): number | null;
  endDelegation(nodeId: string): void;
  transaction<T>(work: () => T): T;
}

export function openChannelBook(database: Database, now: () => number): ChannelBook {
  type Row = Record<string, bigint | string | null>;
  const row = (sql: string, ...values: unknown[]) => database.prepare(sql).get(...values) as Row | undefined;
  const rows = (sql: string, ...values: unknown[]) => database.prepare(sql).all(...values) as Row[];
  const add = (table: string, ...values: unknown[]) =>
    database.prepare(`INSERT INTO ${table} VALUES (${values.map(() => '?').join(', ')})`).run(...values);
  const big = (value: unknown) => (typeof value === 'bigint' ? value : 0n);
  const nextNumber = (table: string, column: string, value: string) =>
    big(row(`SELECT COALESCE(MAX(number), 0) + 1 AS n FROM ${table} WHERE ${column} = ?`, value)?.n);
  const sumsIn = (found: Row): ChannelSums => ({
    channel: String(found.channel),
    payout: String(found.payout),
    mint: String(found.mint),
    epoch: big(found.epoch),
    acceptedAtomic: big(found.accepted),
    voucheredAtomic: big(found.vouchered),
    settledAtomic: big(found.settled),
  });
  const receiptSums = (where: string, value: string, { epoch, mint }: ChannelTerms) => {
    const found = row(
      `SELECT SUM(CASE WHEN r.cumulative <= c.vouchered THEN r.owed ELSE 0 END) AS vouchered,
              SUM(CASE WHEN r.cumulative <= c.settled THEN r.owed ELSE 0 END) AS settled
       FROM channel_receipts r JOIN channel_sums c USING (channel) ${where} AND c.epoch = ? AND c.mint = ?`,
      value,
      epoch,
      mint,
    );
    return { voucheredAtomic: big(found?.vouchered), settledAtomic: big(found?.settled) };
  };
  const oneOf = (text: unknown) => (text === 'claim' ? 'claim' : 'gateway');

  return {
    network(network, genesisHash) {
      const known = row('SELECT * FROM networks WHERE network = ?', network);
      if (!known) {
        const epoch = big(row('SELECT COUNT(*) AS n FROM networks')?.n);
        add('networks', epoch, now(), network, genesisHash);
        return epoch;
      }
      if (known.genesis_hash !== genesisHash)
        throw new Error(
          `this gateway’s ${network} began with ${known.genesis_hash}, not with ${genesisHash}`,
        );
      return big(known.epoch);
    },
    pinnedGenesis(network) {
      const found = row('SELECT genesis_hash FROM networks WHERE network = ?', network)?.genesis_hash;
      return found == null ? null : String(found);
    },
    open({ channel, payout, mint, epoch }) {
      database
        .prepare('INSERT OR IGNORE INTO channels VALUES (?, ?, ?, ?, ?)')
        .run(channel, now(), payout, mint, epoch);
    },
    sums(channel) {
      const found = row('SELECT * FROM channel_sums WHERE channel = ?', channel);
      return found ? sumsIn(found) : null;
    },
    unsettled: ({ epoch, mint }) =>
      rows(
        'SELECT * FROM channel_sums WHERE epoch = ? AND mint = ? AND vouchered > settled',
        epoch,
        mint,
      ).map(sumsIn),
    place(channel, { nodeId, requestId, owedAtomic }) {
      const last = row(
        'SELECT position, cumulative FROM channel_receipts WHERE channel = ? ORDER BY position DESC LIMIT 1',
        channel,
      );
      const cumulative = big(last?.cumulative) + owedAtomic;
      add(
        'channel_receipts',
        channel,
        big(last?.position) + 1n,
        now(),
        nodeId,
        requestId,
        owedAtomic,
        cumulative,
      );
      return cumulative;
    },
    voucher(channel) {
      const found = row('SELECT * FROM vouchers WHERE channel = ? ORDER BY number DESC LIMIT 1', channel);
      if (!found) return null;
      return {
        signed: { voucher: String(found.voucher), signature: String(found.signature) },
        cumulativeAtomic: big(found.cumulative),
        expiresAt: Number(found.expires_at),
      };
    },
    addVoucher(channel, { cumulativeAtomic, expiresAt, signed }) {
      const number = nextNumber('vouchers', 'channel', channel);
      add('vouchers', channel, number, now(), cumulativeAtomic, expiresAt, signed.voucher, signed.signature);
    },
    channelsOf: (nodeId) =>
      rows('SELECT DISTINCT channel FROM channel_receipts WHERE node_id = ?', nodeId).map(({ channel }) =>
        String(channel),
      ),
    nodeSums: (nodeId, terms) => receiptSums('WHERE r.node_id = ?', nodeId, terms),
    payerSums: (payer, terms) =>
      receiptSums('JOIN jobs j USING (request_id) WHERE j.payer = ?', payer, terms),
    wallet(nodeId) {
      const found = row(
        'SELECT * FROM payout_wallets WHERE node_id = ? ORDER BY number DESC LIMIT 1',
        nodeId,
      );
      if (!found) return null;
      return {
        payout: String(found.payout),
        payoutBy: oneOf(found.payout_by),
        isDelegated: found.is_delegated === 1n,
      };
    },
    bindWallet(nodeId, { payout, payoutBy, isDelegated }) {
      const number = nextNumber('payout_wallets', 'node_id', nodeId);
      add('payout_wallets', nodeId, number, now(), payout, payoutBy, isDelegated ? 1 : 0);
    },
    provenWallet(nodeId) {
      const found = row(
        'SELECT payout FROM payout_wallets WHERE node_id = ? AND is_delegated = 1 ORDER BY number DESC LIMIT 1',
        nodeId,
      );
      return found ? String(found.payout) : null;
    },
    spentChanges: (nodeId) =>
      new Set(
        rows('SELECT message FROM payout_changes WHERE node_id = ?', nodeId).map(({ message }) =>
          String(message),
        ),
      ),
    spendChange(nodeId, message) {
      database.prepare('INSERT OR IGNORE INTO payout_changes VALUES (?, ?, ?)').run(nodeId, message, now());
    },
    payoutBy: (payout) =>
      oneOf(
        row('SELECT payout_by FROM payout_wallets WHERE payout = ? ORDER BY rowid DESC LIMIT 1', payout)
          ?.payout_by,
      ),
    delegation(nodeId) {
      const found = row('SELECT * FROM delegations WHERE node_id = ? ORDER BY number DESC LIMIT 1', nodeId);
      if (!found) return null;
      return {
        nodeKey: String(found.node_key),
        address: String(found.address),
        issuedAt: Number(found.issued_at),
        expiresAt: Number(found.expires_at),
        signedMessage: String(found.signed_message),
        signature: String(found.signature),
      };
    },
    addDelegation(nodeId, one) {
      const number = nextNumber('delegations', 'node_id', nodeId);
      add(
        'delegations',
        nodeId,
        number,
        now(),
        one.nodeKey,
        one.address,
        one.issuedAt,
        one.expiresAt,
        one.signedMessage,
        one.signature,
      );
    },
    delegationEnded(nodeId) {
      const found = row('SELECT MAX(at) AS at FROM delegation_ends WHERE node_id = ?', nodeId)?.at;
      return found == null ? null : Number(found);
    },
    endDelegation(nodeId) {
      // A node's clock may be ahead: what it was given until now must not look newer than its end.
      const latest = row('SELECT MAX(issued_at) AS at FROM delegations WHERE node_id = ?', nodeId)?.at;
      const at = Math.max(now(), Number(latest ?? 0));
      add('delegation_ends', nodeId, nextNumber('delegation_ends', 'node_id', nodeId), at);
    },
    transaction: (work) => database.transaction(work).immediate(),
  };
}
