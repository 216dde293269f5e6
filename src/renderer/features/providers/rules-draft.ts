import { type ProxyConfig, proxyConfigSchema, type SolPriceSource } from '#contract/provider.ts';
import { decimalText, dollarText, parseDecimal, parseDollars } from '../../lib/decimal.ts';
import { budgetOf, budgetText, limitOf, limitText } from './provider-draft.ts';

/** What holds for all providers, as its form holds it. */
export interface RulesDraft {
  strategy: ProxyConfig['strategy'];
  commission: string;
  dayBudget: string;
  monthBudget: string;
  clientTokensPerMinute: string;
  clientConcurrent: string;
  solPriceKind: SolPriceSource['kind'] | 'none';
  solPrice: string;
  solPriceUrl: string;
  solPricePath: string;
}
export type RulesField = keyof RulesDraft;

const rulesSchema = proxyConfigSchema.pick({
  strategy: true,
  commissionBasisPoints: true,
  dayBudgetMicroUsd: true,
  monthBudgetMicroUsd: true,
  clientTokensPerMinute: true,
  clientConcurrent: true,
  solPrice: true,
});
export type Rules = Pick<ProxyConfig, keyof typeof rulesSchema.shape>;

const fieldOf: Partial<Record<string, RulesField>> = {
  commissionBasisPoints: 'commission',
  dayBudgetMicroUsd: 'dayBudget',
  monthBudgetMicroUsd: 'monthBudget',
  clientTokensPerMinute: 'clientTokensPerMinute',
  clientConcurrent: 'clientConcurrent',
  'solPrice.microUsd': 'solPrice',
  'solPrice.url': 'solPriceUrl',
  'solPrice.path': 'solPricePath',
};

export function rulesDraftOf(config: Rules): RulesDraft {
  const { solPrice } = config;
  return {
    strategy: config.strategy,
    commission: decimalText(config.commissionBasisPoints, 2),
    dayBudget: budgetText(config.dayBudgetMicroUsd),
    monthBudget: budgetText(config.monthBudgetMicroUsd),
    clientTokensPerMinute: limitText(config.clientTokensPerMinute),
    clientConcurrent: limitText(config.clientConcurrent),
    solPriceKind: solPrice?.kind ?? 'none',
    solPrice: solPrice?.kind === 'fixed' ? dollarText(solPrice.microUsd) : '',
    solPriceUrl: solPrice?.kind === 'url' ? solPrice.url : '',
    solPricePath: solPrice?.kind === 'url' ? solPrice.path : '',
  };
}

/** The rules that a draft stands for, or the fields that are not right. */
export function rulesOf(draft: RulesDraft): { rules: Rules } | { problems: Set<RulesField> } {
  const parsed = rulesSchema.safeParse({
    strategy: draft.strategy,
    commissionBasisPoints: parseDecimal(draft.commission, 2),
    dayBudgetMicroUsd: budgetOf(draft.dayBudget),
    monthBudgetMicroUsd: budgetOf(draft.monthBudget),
    clientTokensPerMinute: limitOf(draft.clientTokensPerMinute),
    clientConcurrent: limitOf(draft.clientConcurrent),
    solPrice: solPriceOf(draft),
  });
  if (parsed.success) return { rules: parsed.data };
  return {
    problems: new Set(parsed.error.issues.flatMap(({ path }) => fieldOf[path.join('.')] ?? [])),
  };
}

function solPriceOf(draft: RulesDraft) {
  const { solPriceKind: kind } = draft;
  if (kind === 'none') return null;
  if (kind === 'fixed') return { kind, microUsd: parseDollars(draft.solPrice) };
  return { kind, url: draft.solPriceUrl.trim(), path: draft.solPricePath.trim() };
}
