import { type Provider, type ProviderKind, providerSchema } from '#contract/provider.ts';
import { dollarText, parseDecimal, parseDollars } from '../../lib/decimal.ts';

/** A provider as its form holds it: every field as it was typed. */
export interface ProviderDraft {
  id: string;
  kind: ProviderKind;
  baseUrl: string;
  requestsPerMinute: string;
  tokensPerMinute: string;
  concurrent: string;
  dayBudget: string;
  monthBudget: string;
}
export type DraftField = keyof ProviderDraft;

const fieldOf: Partial<Record<string, DraftField>> = {
  id: 'id',
  baseUrl: 'baseUrl',
  requestsPerMinute: 'requestsPerMinute',
  tokensPerMinute: 'tokensPerMinute',
  concurrent: 'concurrent',
  dayBudgetMicroUsd: 'dayBudget',
  monthBudgetMicroUsd: 'monthBudget',
};

/** The kind's name, or where that is taken the first of `openai-2`, `openai-3` that is free. */
export function freeId(kind: ProviderKind, taken: readonly string[]): string {
  if (!taken.includes(kind)) return kind;
  let number = 2;
  while (taken.includes(`${kind}-${number}`)) number += 1;
  return `${kind}-${number}`;
}

export const emptyDraft = (kind: ProviderKind, taken: readonly string[]): ProviderDraft => ({
  id: freeId(kind, taken),
  kind,
  baseUrl: '',
  requestsPerMinute: '',
  tokensPerMinute: '',
  concurrent: '',
  dayBudget: '',
  monthBudget: '',
});

export const limitText = (value: number | null): string => (value === null ? '' : String(value));
export const budgetText = (microUsd: number | null): string =>
  microUsd === null ? '' : dollarText(microUsd);

export const draftOf = (provider: Provider): ProviderDraft => ({
  id: provider.id,
  kind: provider.kind,
  baseUrl: provider.baseUrl ?? '',
  requestsPerMinute: limitText(provider.requestsPerMinute),
  tokensPerMinute: limitText(provider.tokensPerMinute),
  concurrent: limitText(provider.concurrent),
  dayBudget: budgetText(provider.dayBudgetMicroUsd),
  monthBudget: budgetText(provider.monthBudgetMicroUsd),
});

/** An empty field is no limit; what cannot be read is NaN, which the contract refuses. */
export const limitOf = (text: string): number | null =>
  text.trim() === '' ? null : (parseDecimal(text, 0) ?? Number.NaN);
export const budgetOf = (text: string): number | null =>
  text.trim() === '' ? null : (parseDollars(text) ?? Number.NaN);

/** The provider that a draft stands for, over what is not in the form, or the fields that are not right. */
export function providerOf(
  draft: ProviderDraft,
  { enabled, modelLimits }: Pick<Provider, 'enabled' | 'modelLimits'>,
): { provider: Provider } | { problems: Set<DraftField> } {
  const address = draft.baseUrl.trim();
  const parsed = providerSchema.safeParse({
    enabled,
    modelLimits,
    id: draft.id.trim(),
    kind: draft.kind,
    // Where no address is known, an empty one is no address.
    baseUrl: address === '' && draft.kind !== 'openai-compatible' ? null : address,
    requestsPerMinute: limitOf(draft.requestsPerMinute),
    tokensPerMinute: limitOf(draft.tokensPerMinute),
    concurrent: limitOf(draft.concurrent),
    dayBudgetMicroUsd: budgetOf(draft.dayBudget),
    monthBudgetMicroUsd: budgetOf(draft.monthBudget),
  });
  if (parsed.success) return { provider: parsed.data };
  return {
    problems: new Set(parsed.error.issues.flatMap(({ path }) => fieldOf[String(path[0])] ?? [])),
  };
}

/** What is stored of a provider, without what the page shows beside it. */
export const storedProvider = (shown: Provider): Provider => providerSchema.strip().parse(shown);
