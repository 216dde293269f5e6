import { readFileSync } from 'node:fs';
import writeFileAtomic from 'write-file-atomic';
import { z } from 'zod';
import type { ShownProvider } from '#contract/provider.ts';

/** Where keys are kept: by the shell in the system's keychain, else in a file that only this user reads. */
export interface KeyVault {
  place: 'keychain' | 'file';
  read(): Record<string, string>;
  write(keys: Record<string, string>): void;
}

export interface ProviderKeys {
  get(provider: string): string | null;
  set(provider: string, key: string | null): void;
  /** What may be shown of a key. */
  shown(provider: string): Pick<ShownProvider, 'keyEnd' | 'keyPlace'>;
}

const keysSchema = z.record(z.string(), z.string());

/** `SOLANALM_KEY_<PROVIDER>` of the environment goes before what is kept. */
const variableOf = (provider: string) => `SOLANALM_KEY_${provider.toUpperCase().replaceAll('-', '_')}`;

export function createProviderKeys(
  vault: KeyVault,
  environment: NodeJS.ProcessEnv = process.env,
): ProviderKeys {
  const keys = new Map(Object.entries(vault.read()));
  const ofEnvironment = (provider: string) => environment[variableOf(provider)] || null;
  return {
    get: (provider) => ofEnvironment(provider) ?? keys.get(provider) ?? null,
    set(provider, key) {
      const next = new Map(keys);
      if (key === null) next.delete(provider);
      else next.set(provider, key);
      vault.write(Object.fromEntries(next));
      if (key === null) keys.delete(provider);
      else keys.set(provider, key);
    },
    shown(provider) {
      const key = ofEnvironment(provider) ?? keys.get(provider);
      if (!key) return { keyEnd: null, keyPlace: 'none' };
      // Of a short key four characters would be too much.
      const keyEnd = key.length >= 12 ? key.slice(-4) : '····';
      return { keyEnd, keyPlace: ofEnvironment(provider) ? 'environment' : vault.place };
    },
  };
}

/** A file with mode 0600, for a node without a shell. */
export function fileVault(file: string): KeyVault {
  return {
    place: 'file',
    read() {
      try {
        return keysSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
      } catch {
        return {};
      }
    },
    write: (keys) => writeFileAtomic.sync(file, JSON.stringify(keys), { mode: 0o600 }),
  };
}
