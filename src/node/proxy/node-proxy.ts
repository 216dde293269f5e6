import { join } from 'node:path';
import type { Clock } from '../clock.ts';
import { resourcesDir } from '../entries.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { readPrices } from './prices.ts';
import { createProviderKeys, fileVault, type KeyVault } from './provider-keys.ts';
import { openProxyConfig } from './proxy-config.ts';
import { createProxyNode, type ProxyNode } from './proxy-node.ts';

/** The proxy over this node's profile; without a vault providers' keys lie in a file that only this user reads. */
export const openNodeProxy = (parts: {
  profileDir: string;
  keyVault: KeyVault | null;
  ledger: Ledger;
  clock: Clock;
  onBudgetWarning: Parameters<typeof createProxyNode>[0]['onBudgetWarning'];
}): ProxyNode =>
  createProxyNode({
    store: openProxyConfig(join(parts.profileDir, 'proxy.json')),
    keys: createProviderKeys(parts.keyVault ?? fileVault(join(parts.profileDir, 'provider-keys.json'))),
    prices: readPrices(join(resourcesDir(), 'prices.json')),
    ledger: parts.ledger,
    clock: parts.clock,
    onBudgetWarning: parts.onBudgetWarning,
  });
