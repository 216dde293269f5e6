import type { Provider, ProviderKind, ShownProvider } from '#contract/provider.ts';

/** A provider without limits, budgets or an address of its own; its name is its kind where nothing else is said. */
export const sampleProvider = (kind: ProviderKind, more: Partial<Provider> = {}): Provider => ({
  id: kind,
  kind,
  baseUrl: null,
  enabled: true,
  requestsPerMinute: null,
  tokensPerMinute: null,
  concurrent: null,
  modelLimits: {},
  dayBudgetMicroUsd: null,
  monthBudgetMicroUsd: null,
  ...more,
});

/** What the page shows of a provider that was never asked for anything. */
export const untried: Omit<ShownProvider, keyof Provider> = {
  keyEnd: null,
  keyPlace: 'none',
  models: null,
  health: 'unknown',
  coolingUntil: null,
  lastError: null,
  latencyMs: null,
  running: 0,
  spent: { dayMicroUsd: 0, monthMicroUsd: 0 },
};
