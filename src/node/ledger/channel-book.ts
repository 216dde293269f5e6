import type { Database } from 'better-sqlite3';
import { assetOf, moneyKey } from '#contract/assets.ts';
import type { ReceiptVerdict } from '#contract/wire/receipt.ts';
import type { SignedVoucher } from '#contract/wire/voucher.ts';
import type { Clock } from '../clock.ts';
import type { ChannelState, VoucherDecision } from '../wallet/vouchers.ts';

/** A channel as it was found to be this node's; amounts of it are in its mint's smallest unit. */
export interface NewChannel {
  /** base58. */
  channel: string;
  gatewayUrl: string;
  gatewayKey: string;
  payout: string;
  mint: string;
  decimals: number;
  epoch: number;
  network: string;
  /** Of the cluster; null with test credits. */
  genesisHash: string | null;
  /** Who pays; null where nobody does. */
  treasury: string | null;
}

export interface KnownChannel extends NewChannel, ChannelState {
  id: number;
  /** Why the latest voucher was refused; null when it was taken. */
  refusal: string | null;
  refusedCount: number;
}

/** What came with an answer to receipts. */
export interface GatewayWord {
  verdicts: readonly ReceiptVerdict[];
  /** Where the accepted ones have their places; null where the gateway has no channel for this node. */
  channel: string | null;
  voucher?: SignedVoucher | undefined;
  judge?: ((channel: KnownChannel, voucher: SignedVoucher) => VoucherDecision) | undefined;
}

const mostRefusedKept = 1000;

const select = `SELECT c.*, s.*, c.id AS id, (SELECT MAX(expires_at) FROM vouchers v WHERE v.channel_id = c.id
  AND v.cumulative = (SELECT MAX(cumulative) FROM vouchers w WHERE w.channel_id = c.id)) AS expires_at
  FROM channels c JOIN channel_sums s ON s.channel_id = c.id`;

/** The part of the ledger where receipts get their places and vouchers cover them. Every change happens in the caller's transaction. */
export function openChannelBook(database: Database, { clock }: { clock: Clock }) {
  const insertChannel = database.prepare(
    `INSERT INTO channels (at, channel, gateway_url, gateway_key, payout, mint, decimals, epoch, network, genesis_hash, treasury)
     VALUES (@at, @channel, @gatewayUrl, @gatewayKey, @payout, @mint, @decimals, @epoch, @network, @genesisHash, @treasury)
     ON CONFLICT (channel) DO NOTHING`,
  );
  const byName = database.prepare(`${select} WHERE c.channel = ?`);
  const all = database.prepare(`${select} ORDER BY c.id DESC`);
  const findEntry = database.prepare(
    `SELECT e.id, e.price_lamports - e.fee_lamports AS net, e.network, p.id AS payer_id FROM entries e
     JOIN payers p ON p.gateway_url = e.gateway_url AND p.network = e.network AND p.payer = e.payer
     WHERE e.gateway_url = ? AND e.request_id = ? AND EXISTS (SELECT 1 FROM open_entries o WHERE o.entry_id = e.id)`,
  );
  const insertVerdict = database.prepare(
    `INSERT INTO verdicts (entry_id, at, verdict, reason, owed_lamports, placed)
     VALUES (@id, @at, @verdict, @reason, @owed, @placed)`,
  );
  const nextStart = database.prepare(
    `SELECT cumulative - net AS start FROM positions WHERE channel_id = ? AND cumulative > ? AND net > 0
     ORDER BY cumulative LIMIT 1`,
  );
  const insertPosition = database.prepare(
    'INSERT INTO positions VALUES (@id, @channelId, @payerId, @cumulative, @net)',
  );
  const between = database.prepare(
    `SELECT payer_id, SUM(net) AS net, COUNT(*) AS jobs FROM positions
     WHERE channel_id = ? AND cumulative > ? AND cumulative <= ? GROUP BY payer_id`,
  );
  const coverPayer = database.prepare('UPDATE payers SET vouchered = vouchered + ? WHERE id = ?');
  const coverChannel = database.prepare(
    `UPDATE channel_sums SET vouchered = ?, vouchered_net = vouchered_net + ?, vouchered_jobs = vouchered_jobs + ?
     WHERE channel_id = ?`,
  );
  const settlePayer = database.prepare('UPDATE payers SET settled = settled + ?, paid_at = ? WHERE id = ?');
  const settleChannel = database.prepare(
    `UPDATE channel_sums SET settled = ?, settled_net = settled_net + ?, settled_jobs = settled_jobs + ? WHERE channel_id = ?`,
  );
  const insertVoucher = database.prepare(
    `INSERT INTO vouchers (channel_id, at, cumulative, expires_at, bytes, signer, signature)
     VALUES (@channelId, @at, @cumulative, @expiresAt, @bytes, @signer, @signature)`,
  );
  const insertRefused = database.prepare(
    `INSERT INTO refused_vouchers (channel_id, at, rule, sentence, voucher, signer, signature)
     SELECT @channelId, @at, @rule, @sentence, @voucher, @signer, @signature
     WHERE (SELECT refused FROM channel_sums WHERE channel_id = @channelId) < ${mostRefusedKept} ON CONFLICT DO NOTHING`,
  );
  const refuseChannel = database.prepare(
    'UPDATE channel_sums SET refusal = ?, refused = refused + 1 WHERE channel_id = ?',
  );
  const voucherFor = database.prepare('SELECT 1 FROM vouchers WHERE channel_id = ? AND cumulative = ?');
  const clearRefusal = database.prepare('UPDATE channel_sums SET refusal = NULL WHERE channel_id = ?');

  const channel = (name: string): KnownChannel | null => {
    const row = byName.get(name) as Row | undefined;
    return row ? channelIn(row) : null;
  };

  /** The ids of payers that a range of places belongs to, after `each` has had its sums. */
  function move(
    channelId: number,
    from: bigint,
    to: bigint,
    each: (payerId: bigint, net: bigint) => void,
  ): { payers: bigint[]; net: bigint; jobs: bigint } {
    const rows = between.all(channelId, from, to) as { payer_id: bigint; net: bigint; jobs: bigint }[];
    for (const { payer_id: payerId, net } of rows) each(payerId, net);
    return {
      payers: rows.map((row) => row.payer_id),
      net: rows.reduce((sum, { net }) => sum + net, 0n),
      jobs: rows.reduce((sum, { jobs }) => sum + jobs, 0n),
    };
  }

  function cover(channelId: number, from: bigint, to: bigint): bigint[] {
    const { payers, net, jobs } = move(channelId, from, to, (payerId, sum) => coverPayer.run(sum, payerId));
    coverChannel.run(to, net, jobs, channelId);
    return payers;
  }

  /** Which channel of the gateway a place is in: the present one, or, of a receipt whose answer was lost, one before it. */
  function channelOfPlace(word: GatewayWord, cumulative: bigint, net: bigint): KnownChannel | null {
    const present = word.channel === null ? null : channel(word.channel);
    if (!present) return null;
    const hasRoom = ({ id }: KnownChannel) => {
      const start = (nextStart.get(id, cumulative - net) as { start: bigint } | undefined)?.start;
      return cumulative >= net && (net === 0n || start === undefined || start >= cumulative);
    };
    const told = word.voucher ? cumulativeOf(word.voucher) : null;
    if (hasRoom(present) && (told === null || cumulative <= told)) return present;
    const earlier = (all.all() as Row[])
      .map(channelIn)
      .filter(({ id, gatewayKey }) => gatewayKey === present.gatewayKey && id !== present.id);
    return earlier.find(hasRoom) ?? (hasRoom(present) ? present : null);
  }

  /** Takes down what is said to one receipt; the payer it concerns, or null where nothing is new. */
  function takeVerdict(gatewayUrl: string, verdict: ReceiptVerdict, word: GatewayWord): bigint | null {
    const entry = findEntry.get(gatewayUrl, verdict.request_id) as
      | { id: bigint; net: bigint; network: string; payer_id: bigint }
      | undefined;
    if (!entry) return null;
    const { id, net } = entry;
    const owed = BigInt(verdict.owed_lamports);
    const at = clock.now();
    const put = (said: 'agreed' | 'disputed', reason: string | null, placed = 0) =>
      insertVerdict.run({ id, at, verdict: said, reason, owed, placed });
    const place = verdict.verdict === 'accepted' ? verdict.cumulative_atomic : undefined;
    if (place === undefined || word.channel === null) {
      put(verdict.verdict === 'accepted' ? 'agreed' : 'disputed', verdict.reason ?? null);
      return entry.payer_id;
    }
    const cumulative = BigInt(place);
    const found = channelOfPlace(word, cumulative, net);
    if (owed !== net) put('disputed', `The gateway accepts it, but owes ${owed} for it, not ${net}.`);
    else if (!found || moneyKey(found.network, assetOf(found.mint)) !== entry.network)
      put('disputed', 'The gateway accepts it, but gives it a place in the channel that is not free.');
    else {
      put('agreed', null, 1);
      insertPosition.run({ id, channelId: found.id, payerId: entry.payer_id, cumulative, net });
    }
    return entry.payer_id;
  }

  function takeVoucher(word: GatewayWord): { payers: bigint[]; isNew: boolean } {
    const { voucher, judge } = word;
    const known = word.channel === null ? null : channel(word.channel);
    if (!voucher || !judge || !known) return { payers: [], isNew: false };
    const decision = judge(known, voucher);
    const row = {
      channelId: known.id,
      at: clock.now(),
      signer: voucher.signer,
      signature: voucher.signature,
    };
    if (decision.result === 'known') {
      if (known.refusal !== null) clearRefusal.run(known.id);
      return { payers: [], isNew: known.refusal !== null };
    }
    if (decision.result === 'refused') {
      const { rule, sentence } = decision;
      insertRefused.run({ ...row, rule, sentence, voucher: voucher.voucher });
      // That the operator gives no more credit is no quarrel.
      if (rule !== 'limit') refuseChannel.run(sentence, known.id);
      return { payers: [], isNew: true };
    }
    const { cumulativeAtomic: cumulative, expiresAt } = decision;
    insertVoucher.run({ ...row, cumulative, expiresAt, bytes: Buffer.from(decision.bytes) });
    clearRefusal.run(known.id);
    // What the chain has paid may be ahead of the last voucher that came.
    const isMore = cumulative > known.voucheredAtomic;
    return { payers: isMore ? cover(known.id, known.voucheredAtomic, cumulative) : [], isNew: true };
  }

  return {
    channel,
    channels: (): KnownChannel[] => (all.all() as Row[]).map(channelIn),
    /** Whether a voucher for just so much was taken. */
    hasVoucher: (channelId: number, cumulativeAtomic: bigint): boolean =>
      voucherFor.get(channelId, cumulativeAtomic) !== undefined,
    /** False where it is known. */
    openChannel: (one: NewChannel): boolean => insertChannel.run({ ...one, at: clock.now() }).changes > 0,
    /** Takes down an answer of the gateway; the payers that it concerns. */
    take(gatewayUrl: string, word: GatewayWord): { payers: bigint[]; isNew: boolean } {
      // By their places: then each is behind the one before.
      const verdicts = [...word.verdicts].sort((one, other) => compare(placeOf(one), placeOf(other)));
      const judged = verdicts.map((verdict) => takeVerdict(gatewayUrl, verdict, word));
      const payers = judged.filter((payer) => payer !== null);
      const voucher = takeVoucher(word);
      return { payers: [...payers, ...voucher.payers], isNew: payers.length > 0 || voucher.isNew };
    },
    /** The channel is paid up to a sum; the payers that it concerns. */
    settle(channelId: number, upTo: bigint): bigint[] {
      const known = (all.all() as Row[]).map(channelIn).find(({ id }) => id === channelId);
      if (!known) throw new TypeError(`there is no channel ${channelId}`);
      const covered = upTo > known.voucheredAtomic ? cover(channelId, known.voucheredAtomic, upTo) : [];
      const { payers, net, jobs } = move(channelId, known.settledAtomic, upTo, (payerId, sum) =>
        settlePayer.run(sum, clock.now(), payerId),
      );
      settleChannel.run(upTo, net, jobs, channelId);
      return [...covered, ...payers];
    },
  };
}

const placeOf = ({ cumulative_atomic: place }: ReceiptVerdict) => (place === undefined ? -1n : BigInt(place));
const compare = (one: bigint, other: bigint) => (one < other ? -1 : one > other ? 1 : 0);

/** What a voucher says before anything of it is checked; null when it cannot be read. */
function cumulativeOf({ voucher }: SignedVoucher): bigint | null {
  const bytes = Buffer.from(voucher, 'base64');
  return bytes.length === 50 ? bytes.readBigUInt64LE(34) : null;
}

type Row = Record<string, bigint | string | null>;

function channelIn(row: Row): KnownChannel {
  const big = (name: string) => row[name] as bigint;
  const text = (name: string) => row[name] as string;
  return {
    id: Number(row.id),
    channel: text('channel'),
    gatewayUrl: text('gateway_url'),
    gatewayKey: text('gateway_key'),
    payout: text('payout'),
    mint: text('mint'),
    decimals: Number(row.decimals),
    epoch: Number(row.epoch),
    network: text('network'),
    genesisHash: row.genesis_hash as string | null,
    treasury: row.treasury as string | null,
    voucheredAtomic: big('vouchered'),
    expiresAt: row.expires_at as bigint | null,
    reachedAtomic: big('reached'),
    settledAtomic: big('settled'),
    refusal: row.refusal as string | null,
    refusedCount: Number(row.refused),
  };
}
