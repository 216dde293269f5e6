import type { ProviderTotals } from '#contract/earnings.ts';
import {
  defaultProxyConfig,
  type ModelPrice,
  type ProxyStatus,
  type ShownProvider,
} from '#contract/provider.ts';
import { budgetWarnings } from '#node/proxy/budget-warnings.ts';
import { sampleProvider, untried } from '../sample-provider.ts';

const dollar = 1_000_000;
const price = (input: number, cachedInput: number | undefined, output: number): ModelPrice => ({
  input: input * dollar,
  output: output * dollar,
  ...(cachedInput === undefined ? {} : { cachedInput: cachedInput * dollar }),
});

/** One that is well, one that is left alone, one with a wrong key, and one on this computer. */
const sampleProviders = (now: number): ShownProvider[] => [
  {
    ...sampleProvider('openai'),
    ...untried,
    requestsPerMinute: 500,
    modelLimits: { 'gpt-4o': { requestsPerMinute: 60, tokensPerMinute: 30_000, concurrent: 2 } },
    dayBudgetMicroUsd: 10 * dollar,
    monthBudgetMicroUsd: 150 * dollar,
    keyEnd: '3fQA',
    keyPlace: 'keychain',
    models: [
      { id: 'gpt-4o-mini', price: price(0.15, 0.075, 0.6) },
      { id: 'gpt-4o', price: price(2.5, 1.25, 10) },
      { id: 'text-embedding-3-small', price: price(0.02, undefined, 0) },
      { id: 'gpt-4o-realtime-preview-2025-06-03', price: null },
    ],
    health: 'good',
    latencyMs: 412,
    running: 2,
    spent: { dayMicroUsd: 3_482_917, monthMicroUsd: 61_203_455 },
  },
  {
    ...sampleProvider('anthropic'),
    ...untried,
    concurrent: 4,
    dayBudgetMicroUsd: 5 * dollar,
    monthBudgetMicroUsd: 80 * dollar,
    keyEnd: 'x9Lw',
    keyPlace: 'environment',
    models: [{ id: 'claude-3-5-haiku-20241022', price: price(0.8, 0.08, 4) }],
    health: 'cooling-down',
    coolingUntil: now + 48_000,
    lastError: { code: 'provider/overloaded', message: 'anthropic answers 529: Overloaded.' },
    latencyMs: 655,
    spent: { dayMicroUsd: 4_251_090, monthMicroUsd: 41_090_112 },
  },
  {
    ...sampleProvider('cohere'),
    ...untried,
    dayBudgetMicroUsd: 1 * dollar,
    keyEnd: '0kP2',
    keyPlace: 'file',
    health: 'failing',
    lastError: { code: 'provider/auth', message: 'cohere answers 401: invalid api token.' },
    spent: { dayMicroUsd: 1_000_000, monthMicroUsd: 7_120_004 },
  },
  {
    ...sampleProvider('ollama'),
    ...untried,
    models: [
      { id: 'llama3.2:3b', price: price(0.02, undefined, 0.05) },
      { id: 'qwen3:8b', price: null },
    ],
    health: 'good',
    latencyMs: 96,
    running: 1,
  },
];

export function sampleProxy(now: number, isFresh: boolean): ProxyStatus {
  const { providers: _, ...config } = defaultProxyConfig;
  const nothing = { dayMicroUsd: 0, monthMicroUsd: 0 };
  if (isFresh)
    return {
      providers: [],
      config,
      spent: nothing,
      solPrice: null,
      obstacle: null,
      budgetWarnings: [],
      pricesDate: '2026-07-01',
    };
  const providers = sampleProviders(now);
  const spent = { dayMicroUsd: 8_734_007, monthMicroUsd: 109_413_571 };
  const limits = { dayBudgetMicroUsd: 25 * dollar, monthBudgetMicroUsd: 125 * dollar };
  return {
    providers,
    config: {
      ...config,
      ...limits,
      solPrice: { kind: 'url', url: 'https://api.coinbase.com/v2/prices/SOL-USD/spot', path: 'data.amount' },
      prices: { 'ollama/llama3.2:3b': price(0.02, undefined, 0.05) },
      routes: [
        {
          name: 'fast',
          targets: [
            { provider: 'openai', model: 'gpt-4o-mini', weight: 3 },
            { provider: 'anthropic', model: 'claude-3-5-haiku-20241022', weight: 1 },
            { provider: 'ollama', model: 'llama3.2:3b', weight: 1 },
          ],
        },
        { name: 'gpt-*', targets: [{ provider: 'openai', model: 'gpt-*', weight: 1 }] },
      ],
    },
    spent,
    solPrice: { microUsd: 151_240_000, at: now - 4 * 60_000, isStale: false },
    obstacle: null,
    budgetWarnings: budgetWarnings({ ...limits, spent }, providers),
    pricesDate: '2026-07-01',
  };
}

const totals = (provider: string, answers: number, costMicroUsd: number, commission: number) => {
  const costLamports = Math.ceil((costMicroUsd * 1000) / 151.24);
  const fee = Math.floor(commission * 0.02);
  return {
    provider,
    answers,
    costMicroUsd,
    costLamports: `${costLamports}`,
    commissionLamports: `${commission}`,
    feeLamports: `${fee}`,
    netLamports: `${costLamports + commission - fee}`,
  };
};

export const sampleProviderTotals: ProviderTotals[] = [
  totals('anthropic', 4120, 41_090_112, 13_584_000),
  totals('cache', 612, 0, 2_104_000),
  totals('cohere', 903, 7_120_004, 2_353_900),
  totals('openai', 18_204, 61_203_455, 20_233_900),
];
