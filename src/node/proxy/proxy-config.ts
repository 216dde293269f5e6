import { readFileSync } from 'node:fs';
import { defaultProxyConfig, type ProxyConfig, proxyConfigSchema } from '#contract/provider.ts';
import { createSignal, type Signal } from '../signal.ts';
import { storeDocument } from '../stored-document.ts';

export interface ProxyConfigStore {
  current: Signal<ProxyConfig>;
  /** Stores the change whole or throws `settings/invalid`, `disk/full` and changes nothing. */
  update(patch: Partial<ProxyConfig>): void;
}

export function openProxyConfig(file: string): ProxyConfigStore {
  const current = createSignal(read(file));
  return {
    current,
    update: (patch) => current.set(storeDocument(file, proxyConfigSchema, { ...current.get(), ...patch })),
  };
}

function read(file: string): ProxyConfig {
  try {
    return proxyConfigSchema.parse({ ...defaultProxyConfig, ...JSON.parse(readFileSync(file, 'utf8')) });
  } catch {
    return defaultProxyConfig;
  }
}
