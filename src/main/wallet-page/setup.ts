import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { app, shell } from 'electron';
import type { Result } from '#contract/result.ts';
import type { Settings } from '#contract/settings.ts';
import type { NodeHost } from '../node-host.ts';
import { readPageFiles } from './page-files.ts';
import { createWalletPage, type WalletPage, walletPageTimeoutMs } from './wallet-page.ts';

/** The wallet's page with the app's own files in the system's browser, or the relay's on a phone. */
export function setupWalletPage(host: NodeHost): WalletPage {
  return createWalletPage({
    files: () => readPageFiles(join(app.getAppPath(), 'out', 'wallet-page')),
    async relayUrl() {
      const settings = (await host.request('settings.get', {})) as Result<Settings>;
      return settings.ok ? settings.data.phoneRelayUrl : null;
    },
    open: (url) => openInBrowser(url),
    timeoutMs: forTests('SOLANALM_WALLET_TIMEOUT_MS', Number) ?? walletPageTimeoutMs,
  });
}

async function openInBrowser(url: string): Promise<void> {
  const program = forTests('SOLANALM_BROWSER', String);
  if (program === undefined) return shell.openExternal(url);
  spawn(program, [url], { stdio: 'ignore' }).on('error', () => {});
}

/** What the environment may say only to an app that runs from its sources. */
function forTests<T>(name: string, read: (text: string) => T): T | undefined {
  const text = app.isPackaged ? undefined : process.env[name];
  return text === undefined ? undefined : read(text);
}
