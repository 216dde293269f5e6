import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ElectronApplication, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ProviderServer, startProviderServer } from '#testing/provider-server.ts';
import { launchDesktop, quitDesktop, stopDisplay } from './harness/desktop.ts';
import { type Keyring, startKeyring } from './harness/keyring.ts';
import { freshProfile } from './harness/places.ts';

const apiKey = 'sk-proj-the-key-in-the-keychain-7890';
const profile = freshProfile();
let server: ProviderServer;
let keyring: Keyring;
let app: ElectronApplication;
let page: Page;

async function launch(store: 'gnome-libsecret' | 'basic'): Promise<void> {
  ({ app, page } = await launchDesktop(profile, { args: [`--password-store=${store}`], env: keyring.env }));
  await page.getByRole('link', { name: 'Providers' }).click();
}
const button = (name: string) => page.getByRole('button', { name, exact: true });
const files = () =>
  readdirSync(profile, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

/** A real Electron before a real keyring; there is one for the tests on Linux alone. */
describe.runIf(process.platform === 'linux')('a provider’s key in the system’s keychain', () => {
  beforeAll(async () => {
    writeFileSync(join(profile, 'settings.json'), JSON.stringify({ onboarded: true, serveOwnModels: false }));
    server = await startProviderServer('openai', { apiKey });
    keyring = await startKeyring();
    await launch('gnome-libsecret');
  }, 400_000);
  afterAll(async () => {
    await app?.close().catch(() => {});
    keyring?.stop();
    await server?.close();
    stopDisplay();
  });

  test('a key is stored encrypted with the keyring’s secret, and stands in no file', async () => {
    await button('Add provider').click();
    await page.getByLabel('Key', { exact: true }).fill(apiKey);
    await page.getByLabel('Address', { exact: true }).fill(server.url);
    await button('Add provider').last().click();
    await page.getByText('Saved. 4 models found.').waitFor();
    await button('Done').click();
    await page.getByText('…7890 in the keychain').waitFor();
    const secrets = join(profile, 'secrets.bin');
    // What is encrypted with a keyring's secret begins with v11, and with v10 what everybody can decrypt.
    expect(readFileSync(secrets).subarray(0, 3).toString()).toBe('v11');
    expect(statSync(secrets).mode & 0o777).toBe(0o600);
    await quitDesktop(app);
    expect(files()).not.toContain(join(profile, 'provider-keys.json'));
    expect(files().filter((file) => readFileSync(file).includes(apiKey))).toEqual([]);
  });

  test('it is there again after a restart, and is right', async () => {
    await launch('gnome-libsecret');
    await page.getByText('…7890 in the keychain').waitFor();
    await button('Test openai').click();
    await page.getByText('4 models found.').waitFor();
    await quitDesktop(app);
  });

  test('without the keyring nobody reads it, and it is not lost', async () => {
    await launch('basic');
    await page.getByText('openai', { exact: true }).waitFor();
    await page.getByText('None', { exact: true }).waitFor();
    await quitDesktop(app);
    await launch('gnome-libsecret');
    await page.getByText('…7890 in the keychain').waitFor();
  });

  test('with another keyring what the first one encrypted is put aside', async () => {
    await quitDesktop(app);
    keyring.stop();
    keyring = await startKeyring();
    await launch('gnome-libsecret');
    await button('Edit openai').click();
    await page.getByLabel('Key', { exact: true }).fill(apiKey);
    await button('Save').click();
    await page.getByText('Saved. 4 models found.').waitFor();
    expect(files()).toContain(join(profile, 'secrets.bin.unreadable'));
  });
});
