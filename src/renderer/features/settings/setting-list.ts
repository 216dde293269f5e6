import type { Settings } from '#contract/settings.ts';

export type SettingKind =
  | 'text'
  | 'number'
  | 'autoNumber'
  | 'switch'
  | 'choice'
  | 'network'
  | 'link'
  /** Several addresses, with spaces or commas between them. */
  | 'addresses'
  /** The payout address, which is asked for elsewhere. */
  | 'payout';

export interface SettingItem {
  name: keyof Settings;
  kind: SettingKind;
  /** Key of the unit in the locale. */
  unit?:
    | 'port'
    | 'perMinute'
    | 'tokens'
    | 'seconds'
    | 'lamports'
    | 'mbps'
    | 'minutes'
    | 'megabytes'
    | 'gigabytes'
    | 'percent'
    | 'epsilon'
    | 'delta'
    | 'celsius'
    | 'watts';
  choices?: readonly string[];
  /** An empty field means that nothing is set. */
  nullable?: boolean;
  /** Where a `link` leads: the page that has a form for it. */
  opens?: 'resources/schedule' | 'resources/limits';
}

/** Every setting a person can change, in the order of the page. */
export const settingItems: readonly SettingItem[] = [
  { name: 'payoutAddress', kind: 'payout' },
  { name: 'payoutBy', kind: 'choice', choices: ['gateway', 'claim'] },
  { name: 'solanaRpcUrls', kind: 'addresses' },
  { name: 'phoneRelayUrl', kind: 'text', nullable: true },
  { name: 'unvoucheredLimitLamports', kind: 'text', unit: 'lamports' },
  { name: 'unsettledLimitLamports', kind: 'text', unit: 'lamports' },
  { name: 'gatewayLimitLamports', kind: 'text', unit: 'lamports' },
  { name: 'network', kind: 'network' },
  { name: 'testRequestsPerMinute', kind: 'number', unit: 'perMinute' },
  { name: 'pricePerRequestLamports', kind: 'text', unit: 'lamports' },
  { name: 'pricePerMillionTokensLamports', kind: 'text', unit: 'lamports' },
  { name: 'theme', kind: 'choice', choices: ['system', 'light', 'dark'] },
  { name: 'startEarningOnLaunch', kind: 'switch' },
  { name: 'notifyFirstEarning', kind: 'switch' },
  { name: 'notifyPayout', kind: 'switch' },
  { name: 'notifyDispute', kind: 'switch' },
  { name: 'serveOwnModels', kind: 'switch' },
  { name: 'contextSize', kind: 'autoNumber', unit: 'tokens' },
  { name: 'parallelRequests', kind: 'autoNumber' },
  { name: 'threads', kind: 'autoNumber' },
  { name: 'engineProcesses', kind: 'autoNumber' },
  { name: 'gpu', kind: 'choice', choices: ['auto', 'off'] },
  { name: 'mostLoadedModels', kind: 'number' },
  { name: 'idleUnloadMinutes', kind: 'number', unit: 'minutes' },
  { name: 'queueLimit', kind: 'number' },
  { name: 'responseCacheMegabytes', kind: 'number', unit: 'megabytes' },
  { name: 'responseCacheUrl', kind: 'text', nullable: true },
  { name: 'cacheHitPricePercent', kind: 'number', unit: 'percent' },
  { name: 'modelsQuotaGigabytes', kind: 'number', unit: 'gigabytes' },
  { name: 'downloadProxy', kind: 'text', nullable: true },
  { name: 'requestTimeoutSeconds', kind: 'number', unit: 'seconds' },
  { name: 'drainSeconds', kind: 'number', unit: 'seconds' },
  { name: 'requestsPerMinutePerKey', kind: 'number', unit: 'perMinute' },
  { name: 'apiPort', kind: 'number', unit: 'port' },
  { name: 'listenOnAllInterfaces', kind: 'switch' },
  { name: 'publicUrl', kind: 'text', nullable: true },
  { name: 'declaredNetworkMbps', kind: 'number', unit: 'mbps', nullable: true },
  { name: 'takePartInTraining', kind: 'switch' },
  { name: 'trainingThreads', kind: 'autoNumber' },
  { name: 'trainingMemoryMegabytes', kind: 'number', unit: 'megabytes' },
  { name: 'privacyBudgetEpsilon', kind: 'number', unit: 'epsilon' },
  { name: 'privacyDelta', kind: 'number', unit: 'delta' },
  { name: 'trainingSharePercent', kind: 'number', unit: 'percent' },
  { name: 'limitsInUse', kind: 'link', opens: 'resources/limits' },
  { name: 'limitsIdle', kind: 'link', opens: 'resources/limits' },
  { name: 'computeSchedule', kind: 'link', opens: 'resources/schedule' },
  { name: 'networkSchedule', kind: 'link', opens: 'resources/schedule' },
  { name: 'idleAfterMinutes', kind: 'number', unit: 'minutes' },
  { name: 'pauseWhileInUse', kind: 'choice', choices: ['nothing', 'gpu', 'cpu', 'all'] },
  { name: 'pauseForFullScreen', kind: 'switch' },
  { name: 'exclusiveApps', kind: 'link', opens: 'resources/limits' },
  { name: 'pauseOnBattery', kind: 'switch' },
  { name: 'keepAwake', kind: 'switch' },
  { name: 'mostTempC', kind: 'number', unit: 'celsius' },
  { name: 'othersCpuPercent', kind: 'number', unit: 'percent', nullable: true },
  { name: 'othersGpuMemoryPercent', kind: 'number', unit: 'percent', nullable: true },
  { name: 'pauseOnMetered', kind: 'switch' },
  { name: 'monthlyNetworkGigabytes', kind: 'number', unit: 'gigabytes', nullable: true },
  { name: 'diskReserveGigabytes', kind: 'number', unit: 'gigabytes' },
  { name: 'powerMicroUsdPerKwh', kind: 'link', opens: 'resources/limits' },
  { name: 'assumedWatts', kind: 'number', unit: 'watts', nullable: true },
  { name: 'pauseBelowPowerCost', kind: 'switch' },
];

/** What stands in the field for a stored value. */
export function fieldText(value: unknown): string {
  if (value === null) return '';
  if (Array.isArray(value)) return value.join(', ');
  return String(value);
}

/** The value that a field's text stands for; the host checks it. */
export function settingValue(item: SettingItem, text: string): unknown {
  const trimmed = text.trim();
  if (item.nullable && trimmed === '') return null;
  if (item.kind === 'addresses') return trimmed.split(/[\s,]+/).filter((part) => part !== '');
  if (item.kind === 'number' || (item.kind === 'autoNumber' && trimmed !== 'auto'))
    return numberOrText(trimmed);
  return trimmed;
}

/** What is no number stays text, which the host refuses: as JSON, NaN would be null and unset the setting. */
function numberOrText(text: string): number | string {
  const number = Number(text);
  return text === '' || Number.isNaN(number) ? text : number;
}
