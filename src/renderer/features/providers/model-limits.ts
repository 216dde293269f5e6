import { type ModelLimits, modelLimitsSchema, type Provider } from '#contract/provider.ts';
import { limitOf, limitText } from './provider-draft.ts';

/** The limits of one model as its form holds them: every field as it was typed. */
export type LimitsDraft = Record<keyof ModelLimits, string>;

const none: ModelLimits = { requestsPerMinute: null, tokensPerMinute: null, concurrent: null };

export const limitsOf = ({ modelLimits }: Pick<Provider, 'modelLimits'>, model: string): ModelLimits =>
  (Object.hasOwn(modelLimits, model) && modelLimits[model]) || none;

export const limitsDraftOf = (limits: ModelLimits): LimitsDraft => ({
  requestsPerMinute: limitText(limits.requestsPerMinute),
  tokensPerMinute: limitText(limits.tokensPerMinute),
  concurrent: limitText(limits.concurrent),
});

/** The limits that were typed, or the fields that are not right. */
export function limitsOfDraft(
  draft: LimitsDraft,
): { limits: ModelLimits } | { problems: Set<keyof ModelLimits> } {
  const parsed = modelLimitsSchema.safeParse({
    requestsPerMinute: limitOf(draft.requestsPerMinute),
    tokensPerMinute: limitOf(draft.tokensPerMinute),
    concurrent: limitOf(draft.concurrent),
  });
  if (parsed.success) return { limits: parsed.data };
  return { problems: new Set(parsed.error.issues.map(({ path }) => path[0] as keyof ModelLimits)) };
}

/** All limits of a provider's models after one model's were set; a model without any is left out. */
export function withLimits(
  { modelLimits }: Pick<Provider, 'modelLimits'>,
  model: string,
  limits: ModelLimits,
): Provider['modelLimits'] {
  const { [model]: _, ...others } = modelLimits;
  const isSet = Object.values(limits).some((limit) => limit !== null);
  return isSet ? { ...others, [model]: limits } : others;
}
