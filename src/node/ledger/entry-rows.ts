import { moneyIn, solUnit } from '#contract/assets.ts';
import type { Entry, EntryState, EntryType } from '#contract/earnings.ts';
import { microUsdOf } from '#contract/proxy-price.ts';
import { number } from './database.ts';

/** Where an entry stands follows from its verdict and from how far its channel is vouchered and settled. */
export const state = `CASE WHEN v.verdict = 'disputed' THEN 'disputed'
  WHEN q.entry_id IS NOT NULL THEN CASE WHEN q.cumulative <= s.settled THEN 'settled' WHEN q.cumulative <= s.vouchered THEN 'vouchered'
    WHEN s.refusal IS NOT NULL THEN 'disputed' ELSE 'agreed' END
  WHEN v.verdict IS NOT NULL THEN v.verdict WHEN e.seq IS NULL THEN 'unattributed' ELSE 'earned' END`;
export const stateJoins = `LEFT JOIN verdicts v ON v.entry_id = e.id LEFT JOIN positions q ON q.entry_id = e.id
  LEFT JOIN channel_sums s ON s.channel_id = q.channel_id`;
export const joined = `FROM entries e ${stateJoins} LEFT JOIN proxied p ON p.entry_id = e.id
  LEFT JOIN trained t ON t.entry_id = e.id LEFT JOIN kinds k ON k.id = e.kind_id`;
/** All but the receipt, which a list has no use for. */
export const columns = `e.id, e.at, e.request_id, e.gateway_url, e.network, e.model, e.payer, e.prompt_tokens, e.generated_tokens,
  e.price_lamports, e.fee_lamports, e.duration_ms, k.type, ${state} AS state,
  COALESCE(v.reason, iif(q.cumulative > s.vouchered, s.refusal, NULL)) AS reason, p.target, p.cost_pico_usd, p.cost_lamports,
  p.commission_lamports, p.is_estimate, t.round_id, t.task_name,
  (SELECT decimals FROM tokens n WHERE n.mint = e.asset) AS decimals`;

export interface EntryRow {
  id: bigint;
  at: bigint;
  type: EntryType;
  request_id: string;
  gateway_url: string;
  network: string;
  model: string;
  payer: string;
  prompt_tokens: bigint;
  generated_tokens: bigint;
  price_lamports: bigint;
  fee_lamports: bigint;
  duration_ms: bigint;
  state: EntryState;
  reason: string | null;
  target: string | null;
  cost_pico_usd: bigint | null;
  cost_lamports: bigint | null;
  commission_lamports: bigint | null;
  is_estimate: bigint | null;
  decimals: bigint | null;
  round_id: string | null;
  task_name: string | null;
}

/** As the contract has it. */
export function entryOf(row: EntryRow): Entry {
  const { network, asset } = moneyIn(row.network);
  return {
    id: number(row.id),
    at: number(row.at),
    type: row.type,
    requestId: row.request_id,
    model: row.model,
    payer: row.payer,
    gatewayUrl: row.gateway_url,
    network,
    ...(asset === 'SOL' ? solUnit : { asset, decimals: row.decimals === null ? null : number(row.decimals) }),
    promptTokens: number(row.prompt_tokens),
    generatedTokens: number(row.generated_tokens),
    priceLamports: `${row.price_lamports}`,
    feeLamports: `${row.fee_lamports}`,
    netLamports: `${row.price_lamports - row.fee_lamports}`,
    state: row.state,
    disputeReason: row.state === 'disputed' ? row.reason : null,
    durationMs: number(row.duration_ms),
    proxied:
      row.target === null
        ? null
        : {
            target: row.target,
            costMicroUsd: microUsdOf(row.cost_pico_usd ?? 0n),
            costLamports: `${row.cost_lamports ?? 0n}`,
            commissionLamports: `${row.commission_lamports ?? 0n}`,
            isEstimate: row.is_estimate === 1n,
          },
    training: row.round_id === null ? null : { roundId: row.round_id, taskName: row.task_name ?? '' },
  };
}
