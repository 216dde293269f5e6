import { z } from 'zod';
import { errorBodySchema } from './result.ts';
import { networkSchema } from './wire/network.ts';

/** Unix milliseconds. */
export const instantSchema = z.number();

export const pauseCodeSchema = z.enum([
  /** The operator's own pause. */
  'operator',
  'user-active',
  /** Outside the hours for computing, or for the network. */
  'schedule',
  'network-schedule',
  'on-battery',
  'exclusive-app',
  'full-screen',
  'temperature',
  'others-gpu',
  'others-cpu',
  'metered-network',
  'network-cap',
  'power-price',
  /** Five jobs in a row were lost. */
  'lost-jobs',
  'disk-low',
  'gateway',
]);
export type PauseCode = z.infer<typeof pauseCodeSchema>;

/** Why a node pauses, since when, and when it ends by itself (absent: when its cause does, or the operator ends it). */
export const pauseReasonSchema = z.object({
  code: pauseCodeSchema,
  since: instantSchema,
  until: instantSchema.optional(),
  /** Whether “earn anyway” passes over it. */
  canOverride: z.boolean().default(false),
  /** What its sentence is filled with: a program's name, a temperature and its limit, minutes. */
  detail: z.record(z.string(), z.union([z.string(), z.number()])).default({}),
});
export type PauseReason = z.infer<typeof pauseReasonSchema>;

export const startStepSchema = z.enum(['network', 'engine', 'model', 'listening', 'registering']);
export type StartStep = z.infer<typeof startStepSchema>;

export const nodeStateSchema = z.discriminatedUnion('state', [
  z.object({ state: z.literal('not-set-up') }),
  z.object({ state: z.literal('stopped') }),
  /** `progress` 0–1 where a step knows it. */
  z.object({ state: z.literal('starting'), step: startStepSchema, progress: z.number().optional() }),
  z.object({ state: z.literal('earning'), since: instantSchema }),
  z.object({ state: z.literal('draining'), running: z.int(), until: instantSchema }),
  z.object({ state: z.literal('paused'), reasons: z.array(pauseReasonSchema).min(1) }),
  /** Not earning although it should; `retryAt` when the node tries again by itself. */
  z.object({ state: z.literal('problem'), error: errorBodySchema, retryAt: instantSchema.optional() }),
]);
export type NodeState = z.infer<typeof nodeStateSchema>;

/** The link to the gateway. */
export const linkStateSchema = z.discriminatedUnion('state', [
  z.object({ state: z.literal('off') }),
  z.object({ state: z.literal('connecting'), url: z.string() }),
  z.object({
    state: z.literal('registered'),
    url: z.string(),
    since: instantSchema,
    /** Round trip of the latest report in milliseconds. */
    latencyMs: z.number().nullable(),
    extensions: z.array(z.string()),
    network: networkSchema.nullable(),
  }),
  z.object({ state: z.literal('away'), url: z.string(), error: errorBodySchema, retryAt: instantSchema }),
]);
export type LinkState = z.infer<typeof linkStateSchema>;

/** The state of the node in one object: what every page's header shows. */
export const nodeStatusSchema = z.object({
  state: nodeStateSchema,
  link: linkStateSchema,
  nodeId: z.string(),
  /** Address of the node's HTTP API while it listens. */
  apiUrl: z.string().nullable(),
  model: z.object({ id: z.string(), name: z.string() }).nullable(),
  /** True when what is earned is test credits and not money. */
  testCredits: z.boolean(),
  /** Reasons that hold back only a part of the work, while the rest goes on; the weightiest first. */
  heldBack: z.array(pauseReasonSchema),
  /** Until when reasons to pause are passed over; null while they count. */
  earnAnywayUntil: instantSchema.nullable(),
  /** Whether somebody uses the computer, so which limits hold. */
  limits: z.enum(['in-use', 'idle']),
  startedAt: instantSchema,
});
export type NodeStatus = z.infer<typeof nodeStatusSchema>;

/** How the node serves just now. A figure that is not known yet is null. */
export const servingStatsSchema = z.object({
  requestsPerMinute: z.number(),
  /** Generated tokens a second over the last 10 s. */
  tokensPerSecond: z.number(),
  /** Median time to first token over the last minute, in milliseconds. */
  firstTokenMs: z.number().nullable(),
  /** Share of the last 100 finished requests without an error of ours, 0–1. */
  successRate: z.number().nullable(),
  running: z.int(),
  waiting: z.int(),
  queueLimit: z.int(),
  /** Requests finished since the host started. */
  completed: z.int(),
});
export type ServingStats = z.infer<typeof servingStatsSchema>;
