import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { Clock } from './clock.ts';
import type { HostOptions } from './host-options.ts';
import { openLedger } from './ledger/ledger.ts';
import { openNodeKey } from './link/node-key.ts';
import { openServerList } from './models/server-list.ts';
import { openApiKey } from './server/api-key.ts';
import { openSettings } from './settings-store.ts';

/** What every start finds in the profile folder, which is this user's alone. */
export function openProfile(
  { profileDir, onLedgerUpgrade }: Pick<HostOptions, 'profileDir' | 'onLedgerUpgrade'>,
  clock: Clock,
  log: Logger,
) {
  mkdirSync(profileDir, { recursive: true });
  chmodSync(profileDir, 0o700);
  const settings = openSettings(join(profileDir, 'settings.json'));
  if (settings.unreadable) log.warn(settings.unreadable.message);
  return {
    settings,
    key: openNodeKey(join(profileDir, 'node-key')),
    apiKey: openApiKey(join(profileDir, 'api-key')),
    ledger: openLedger(join(profileDir, 'node.db'), {
      clock,
      onUpgrade(progress) {
        if (progress === 0)
          log.warn('the ledger is brought up to date: with a million entries this takes some 15 s');
        onLedgerUpgrade?.(progress);
      },
    }),
    servers: openServerList(join(profileDir, 'servers.json')),
  };
}
