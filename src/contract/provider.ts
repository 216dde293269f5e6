import { z } from 'zod';
import { instantSchema } from './node-status.ts';
import { errorBodySchema } from './result.ts';

/** APIs that the proxy node speaks. `openai-compatible`: any server with OpenAI's API. */
export const providerKinds = ['openai', 'anthropic', 'cohere', 'ollama', 'openai-compatible'] as const;
export const providerKindSchema = z.enum(providerKinds);
export type ProviderKind = z.infer<typeof providerKindSchema>;

export const strategies = ['order', 'weight', 'cheapest', 'fastest', 'least-busy'] as const;
export const strategySchema = z.enum(strategies);
export type Strategy = z.infer<typeof strategySchema>;

const limit = z.int().min(1).max(1_000_000_000).nullable();
/** Micro-dollars; null: no limit. */
const budget = z.int().min(0).max(1_000_000_000_000).nullable();
const url = z.url({ protocol: /^https?$/ });

const limits = {
  requestsPerMinute: limit,
  tokensPerMinute: limit,
  /** Requests at once. */
  concurrent: limit,
};

/** Of a single model, beside its provider's. */
export const modelLimitsSchema = z.strictObject(limits);
export type ModelLimits = z.infer<typeof modelLimitsSchema>;

/** A provider as the operator set it up. Its key is kept elsewhere. */
export const providerSchema = z.strictObject({
  id: z.string().regex(/^[a-z0-9][a-z0-9-]{0,31}$/, 'small letters, digits and -, at most 32'),
  kind: providerKindSchema,
  /** Null: the provider's own address. */
  baseUrl: url.nullable(),
  enabled: z.boolean(),
  ...limits,
  modelLimits: z.record(z.string().max(256), modelLimitsSchema).default({}),
  dayBudgetMicroUsd: budget,
  monthBudgetMicroUsd: budget,
});
export type Provider = z.infer<typeof providerSchema>;

const perMillion = z.int().min(0).max(100_000_000_000);

/** Prices in micro-dollars for a million tokens. What is absent costs as much as `input` or `output`. */
export const modelPriceSchema = z.strictObject({
  input: perMillion,
  output: perMillion,
  cachedInput: perMillion.optional(),
  cacheWrite: perMillion.optional(),
  /** Of batch jobs: known, and never used, since every request waits for its answer. */
  batchInput: perMillion.optional(),
  batchOutput: perMillion.optional(),
  /** Tokens of prompt and answer together; absent: not known. */
  contextTokens: z.int().min(1).optional(),
});
export type ModelPrice = z.infer<typeof modelPriceSchema>;

const modelName = z.string().min(1).max(256);

/** Where a public name leads. In a route whose name ends in `*`, a target's `*` is what the name's `*` stood for. */
export const routeSchema = z.strictObject({
  name: modelName.regex(/^[^*]*\*?$/, 'a * only at the end'),
  targets: z
    .array(
      z.strictObject({ provider: z.string(), model: modelName, weight: z.int().min(1).max(1000).default(1) }),
    )
    .min(1)
    .max(16),
});
export type Route = z.infer<typeof routeSchema>;

/** Where the price of a SOL comes from. A price that the operator set holds until he changes it; one from a source for 15 minutes. */
export const solPriceSourceSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('fixed'), microUsd: z.int().min(1).max(1_000_000_000_000) }),
  /** A JSON document; `path` leads to the price in dollars, with dots between the names. */
  z.strictObject({ kind: z.literal('url'), url, path: z.string().max(200) }),
]);
export type SolPriceSource = z.infer<typeof solPriceSourceSchema>;

/** Everything of the proxy that an operator sets, keys apart. Stored as proxy.json in the profile. */
export const proxyConfigSchema = z.strictObject({
  providers: z.array(providerSchema).max(32),
  routes: z.array(routeSchema).max(1000),
  /** Prices that the operator set, by `provider/model`; `provider/*` for all others of a provider. */
  prices: z.record(z.string().max(300), modelPriceSchema),
  strategy: strategySchema,
  /** Hundredths of a percent upon the provider's cost. */
  commissionBasisPoints: z.int().min(0).max(10_000),
  dayBudgetMicroUsd: budget,
  monthBudgetMicroUsd: budget,
  /** For each client. */
  clientTokensPerMinute: limit,
  clientConcurrent: limit,
  solPrice: solPriceSourceSchema.nullable(),
});
export type ProxyConfig = z.infer<typeof proxyConfigSchema>;

export const defaultProxyConfig: ProxyConfig = {
  providers: [],
  routes: [],
  prices: {},
  strategy: 'order',
  commissionBasisPoints: 500,
  dayBudgetMicroUsd: null,
  monthBudgetMicroUsd: null,
  clientTokensPerMinute: null,
  clientConcurrent: null,
  solPrice: null,
};

/** How a request wants to be routed, in its `metadata.route` or its header `x-solanalm-route` as JSON. */
export const routePreferencesSchema = z.strictObject({
  /** Providers to try first, in this order. */
  order: z.array(z.string()).max(32).optional(),
  only: z.array(z.string()).max(32).optional(),
  ignore: z.array(z.string()).max(32).optional(),
  allow_fallbacks: z.boolean().optional(),
  /** In dollars for a million tokens, before commission. */
  max_price: z
    .strictObject({ prompt: z.number().min(0).optional(), completion: z.number().min(0).optional() })
    .optional(),
  sort: z.enum(['price', 'throughput', 'latency']).optional(),
});
export type RoutePreferences = z.infer<typeof routePreferencesSchema>;

const spent = z.object({ dayMicroUsd: z.int(), monthMicroUsd: z.int() });

/** A provider as the page shows it. */
export const shownProviderSchema = providerSchema.extend({
  /** The last four characters of its key; null where it has none. */
  keyEnd: z.string().nullable(),
  /** `environment`: a variable of the process, which cannot be changed here. */
  keyPlace: z.enum(['none', 'keychain', 'file', 'environment']),
  /** Models that it was found to have, those without a price included; null before it was asked. */
  models: z.array(z.object({ id: z.string(), price: modelPriceSchema.nullable() })).nullable(),
  health: z.enum(['unknown', 'good', 'failing', 'cooling-down']),
  coolingUntil: instantSchema.nullable(),
  lastError: errorBodySchema.nullable(),
  /** Median time of the last answers' first tokens in milliseconds. */
  latencyMs: z.number().nullable(),
  running: z.int(),
  spent,
});
export type ShownProvider = z.infer<typeof shownProviderSchema>;

/** A budget of which four fifths or more are spent. */
export const budgetWarningSchema = z.object({
  /** Null: the one for all providers together. */
  provider: z.string().nullable(),
  period: z.enum(['day', 'month']),
  spentMicroUsd: z.int(),
  budgetMicroUsd: z.int(),
});
export type BudgetWarning = z.infer<typeof budgetWarningSchema>;

/** The proxy as a whole. */
export const proxyStatusSchema = z.object({
  providers: z.array(shownProviderSchema),
  config: proxyConfigSchema.omit({ providers: true }),
  spent,
  /** Micro-dollars for a SOL, when they were learnt, and whether that is too long ago to sell. */
  solPrice: z.object({ microUsd: z.int(), at: instantSchema, isStale: z.boolean() }).nullable(),
  /** Why nothing is sold now. */
  obstacle: errorBodySchema.nullable(),
  /** The furthest first. */
  budgetWarnings: z.array(budgetWarningSchema),
  pricesDate: z.string(),
});
export type ProxyStatus = z.infer<typeof proxyStatusSchema>;
