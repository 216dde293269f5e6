import type { Engine } from '#contract/model.ts';
import type { NodeStatus } from '#contract/node-status.ts';
import type { BudgetWarning, ProxyStatus } from '#contract/provider.ts';
import type { Resources } from '#contract/resources.ts';
import type { Settings } from '#contract/settings.ts';
import type { WalletStatus } from '#contract/wallet.ts';

/** Something that costs the operator earnings or safety, with the page where it is put right. */
export interface Hint {
  code:
    | 'no-address'
    | 'receipts-kept'
    | 'wallet-renewal'
    | 'wallet-expired'
    | 'tiny-model'
    | 'gpu-unused'
    | 'open-port'
    | 'no-price'
    | 'restarts'
    | `${'budget' | 'budgets'}-${BudgetWarning['period']}`;
  page: 'settings' | 'models' | 'resources' | 'providers' | 'earnings';
  /** What stands in its words. */
  values?: { provider: string; percent: number };
}

/** Hints by weight, the worst first; at most three, so that they are read. */
export function worthALook(facts: {
  status: NodeStatus | undefined;
  settings: Settings | undefined;
  engine: Engine | undefined;
  resources: Resources | undefined;
  proxy: Pick<ProxyStatus, 'budgetWarnings'> | undefined;
  wallet: Pick<WalletStatus, 'delegation' | 'receiptProblem'> | undefined;
}): Hint[] {
  const { status, settings, engine, resources, proxy, wallet } = facts;
  if (!status || !settings) return [];
  const hints: Hint[] = (proxy?.budgetWarnings ?? []).slice(0, 1).map(budgetHint);
  if (wallet?.receiptProblem) hints.unshift({ code: 'receipts-kept', page: 'earnings' });
  if (wallet?.delegation?.isExpired) hints.push({ code: 'wallet-expired', page: 'earnings' });
  else if (wallet?.delegation?.isRenewalDue) hints.push({ code: 'wallet-renewal', page: 'earnings' });
  if (engine && engine.restarts > 0) hints.push({ code: 'restarts', page: 'resources' });
  if (engine?.backend === 'cpu' && settings.gpu === 'auto' && (resources?.gpus.length ?? 0) > 0)
    hints.push({ code: 'gpu-unused', page: 'resources' });
  if (settings.listenOnAllInterfaces && settings.network.kind === 'local')
    hints.push({ code: 'open-port', page: 'settings' });
  if (settings.pricePerRequestLamports === '0' && settings.pricePerMillionTokensLamports === '0')
    hints.push({ code: 'no-price', page: 'settings' });
  if (settings.servedModels.every((id) => id === 'tiny-chat-Q8_0'))
    hints.push({ code: 'tiny-model', page: 'models' });
  if (settings.payoutAddress === null) hints.push({ code: 'no-address', page: 'settings' });
  return hints.slice(0, 3);
}

const budgetHint = ({ provider, period, spentMicroUsd, budgetMicroUsd }: BudgetWarning): Hint => ({
  code: `${provider === null ? 'budgets' : 'budget'}-${period}`,
  page: 'providers',
  values: { provider: provider ?? '', percent: Math.floor((spentMicroUsd / budgetMicroUsd) * 100) },
});
