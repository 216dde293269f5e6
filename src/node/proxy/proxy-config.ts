import { readFileSync } from 'node:fs';
import writeFileAtomic from 'write-file-atomic';
import { AppError } from '#contract/errors.ts';
import { defaultProxyConfig, type ProxyConfig, proxyConfigSchema } from '#contract/provider.ts';
import { createSignal, type Signal } from '../signal.ts';

export interface ProxyConfigStore {
  current: Signal<ProxyConfig>;
  /** Stores the change whole or throws `settings/invalid`, `disk/full` and changes nothing. */
  update(patch: Partial<ProxyConfig>): void;
}

export function openProxyConfig(file: string): ProxyConfigStore {
  const current = createSignal(read(file));
  return {
    current,
    update(patch) {
      const next = proxyConfigSchema.safeParse({ ...current.get(), ...patch });
      if (!next.success) {
        const issue = next.error.issues[0];
        const field = issue?.path.join('.') ?? '';
        throw new AppError('settings/invalid', `${field}: ${issue?.message ?? 'not valid'}`, {
          data: { field },
        });
      }
      try {
        writeFileAtomic.sync(file, `${JSON.stringify(next.data, null, 2)}\n`, { mode: 0o600 });
      } catch (cause) {
        if ((cause as NodeJS.ErrnoException).code === 'ENOSPC')
          throw new AppError('disk/full', 'The proxy’s settings could not be stored: the disk is full.', {
            cause,
          });
        throw cause;
      }
      current.set(next.data);
    },
  };
}

function read(file: string): ProxyConfig {
  try {
    return proxyConfigSchema.parse({ ...defaultProxyConfig, ...JSON.parse(readFileSync(file, 'utf8')) });
  } catch {
    return defaultProxyConfig;
  }
}
