import { accessSync, constants } from 'node:fs';
import { app } from 'electron';
import { setupCalls } from './calls.ts';
import { setupMenu } from './menu.ts';
import { setupNodeHost } from './node-host.ts';
import { setupNotifications } from './notifications.ts';
import { setupPages } from './pages.ts';
import { setupPresence } from './presence.ts';
import { setupQuit } from './quit.ts';
import { setupSecurity } from './security.ts';
import { setupTray } from './tray.ts';
import { setupWalletPage } from './wallet-page/setup.ts';
import { setupWindow } from './window.ts';

if (process.env.SOLANALM_PROFILE) app.setPath('userData', process.env.SOLANALM_PROFILE);

// In a folder that may not be written there is no lock either; why nothing runs is for the window to say.
if (app.requestSingleInstanceLock() || !isWritable(app.getPath('userData'))) {
  setupSecurity();
  const host = setupNodeHost();
  void app.whenReady().then(() => {
    setupPages();
    const window = setupWindow();
    setupCalls(host, window, setupWalletPage(host));
    setupMenu();
    setupTray(host, window);
    setupQuit(host);
    setupPresence(host);
    setupNotifications(host, window);
  });
} else {
  app.quit();
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
