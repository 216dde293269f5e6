import { z } from 'zod';
import { proxyQuoteSchema } from '../proxy-price.ts';
import { delegationSchema } from './delegation.ts';
import { networkSchema } from './network.ts';
import { payoutChangesSchema } from './payout-change.ts';
import { settlementTermsSchema } from './settlement.ts';

export const hardwareSchema = z.object({
  gpu_model: z.string().nullish(),
  gpu_memory_gb: z.int().min(0).nullish(),
  cpu_cores: z.int().min(0),
  ram_gb: z.int().min(0),
  storage_gb: z.int().min(0),
  network_speed_mbps: z.int().min(0),
});
export type WireHardware = z.infer<typeof hardwareSchema>;

/** Least figures a gateway takes; the plain gateway's are these, an extended one announces its own in `GET /`. */
export const hardwareMinimumSchema = z.object({
  cpu_cores: z.int().min(0),
  ram_gb: z.int().min(0),
  storage_gb: z.int().min(0),
  network_speed_mbps: z.int().min(0),
});
export type HardwareMinimum = z.infer<typeof hardwareMinimumSchema>;
export const coreHardwareMinimum: HardwareMinimum = {
  cpu_cores: 1,
  ram_gb: 4,
  storage_gb: 100,
  network_speed_mbps: 10,
};

/** Prices in SOL, as the network's JSON has them; in whole tokens where `asset` (ours) names a mint. */
export const wirePricingSchema = z.object({
  per_request: z.number().min(0),
  per_token: z.number().min(0),
  per_training_round: z.number().min(0).default(0),
  minimum_payment: z.number().min(0).default(0.001),
  asset: z.string().max(64).optional(),
  cache_hit_percent: z.int().min(0).max(100).optional(),
  /** What providers' answers are charged by (ours). */
  proxy: proxyQuoteSchema.optional(),
});

export const extensionNames = [
  'signed-nodes',
  'health-report',
  'deregister',
  'link',
  'streaming',
  'receipts',
  'vouchers',
  'settlement',
  'federated',
] as const;
export type ExtensionName = (typeof extensionNames)[number];

/** NodeCapabilities of the network's protocol; unknown fields are ignored. */
export const nodeCapabilitiesSchema = z.object({
  node_id: z.string().min(1).max(128),
  node_type: z.enum(['inference', 'training', 'hybrid', 'proxy']),
  wallet_address: z.string().min(1).max(128),
  endpoint_url: z.url({ protocol: /^https?$/ }),
  hardware: hardwareSchema,
  pricing: wirePricingSchema,
  supported_models: z.array(z.string().min(1).max(256)).min(1).max(1000),
  max_concurrent_requests: z.int().min(1).default(1),
  status: z.enum(['online', 'offline', 'busy', 'maintenance']).default('online'),
  reputation_score: z.number().default(1),
  total_requests_served: z.int().min(0).default(0),
  success_rate: z.number().min(0).max(1).default(1),
  average_response_time: z.number().min(0).default(0),
  registered_at: z.string().optional(),
  last_seen: z.string().optional(),
  /** The older shape that the node sends too. */
  endpoint: z.string().optional(),
  capabilities: z.record(z.string(), z.json()).optional(),
  /** The payout wallet's word that this node's key may act for it. */
  delegation: delegationSchema.optional(),
  /** By which the payout wallets before have agreed to the present one. */
  payout_changes: payoutChangesSchema.optional(),
  /** Who begins a payment: the gateway by itself, or the operator, who asks, signs and pays the network's fee. */
  payout_by: z.enum(['gateway', 'claim']).optional(),
  /** Extensions that the node speaks; a plain node has none. */
  extensions: z.array(z.string()).default([]),
});
export type NodeCapabilities = z.infer<typeof nodeCapabilitiesSchema>;

export const registerAnswerSchema = z.object({ node_id: z.string().min(1), status: z.string() });

/** `GET /` of a gateway; the last four fields are this project's extensions. */
export const gatewayInfoSchema = z.object({
  service: z.string(),
  version: z.string(),
  status: z.string(),
  network_stats: z.record(z.string(), z.json()).optional(),
  extensions: z.array(z.string()).default([]),
  /** base58 ed25519 key with which the gateway signs dispatches. */
  public_key: z.string().optional(),
  network: networkSchema.optional(),
  /** Of a gateway with `settlement`: how it pays. */
  settlement: settlementTermsSchema.optional(),
  requirements: hardwareMinimumSchema.optional(),
});
export type GatewayInfo = z.infer<typeof gatewayInfoSchema>;

/** The node's report every 30 s (extension `health-report`); `memory_usage` and `current_load` in 0–1. */
export const nodeHealthSchema = z.object({
  node_id: z.string(),
  status: z.enum(['online', 'offline', 'busy', 'maintenance']),
  current_load: z.number().min(0),
  memory_usage: z.number().min(0).max(1),
  requests_processed: z.int().min(0),
});
export type NodeHealth = z.infer<typeof nodeHealthSchema>;

export const healthAnswerSchema = z.object({
  status: z.string(),
  /** Seconds until the next report, when the gateway wishes another interval. */
  next_report_seconds: z.number().min(1).max(3600).optional(),
  /** The gateway wants no work done until then (Unix ms): it is under maintenance. Asked anew with each report. */
  pause: z.object({ reason: z.string().max(200), until: z.number() }).optional(),
});
