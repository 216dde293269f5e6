import { app } from 'electron';
import type { NodeHost } from './node-host.ts';
import { quitState } from './quit-state.ts';

/** Quitting drains: the host finishes what runs, tells the gateway and ends; then the app does. */
export function setupQuit(host: NodeHost): void {
  let isDrained = false;
  app.on('before-quit', (event) => {
    quitState.isQuitting = true;
    if (isDrained) return;
    event.preventDefault();
    void host.shutdown().finally(() => {
      isDrained = true;
      app.quit();
    });
  });
  app.on('window-all-closed', () => {
    if (quitState.isQuitting) app.quit();
  });
}
