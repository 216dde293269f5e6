import type { ElectronApplication } from 'playwright-core';

export interface ShownNotification {
  title: string;
  body: string;
}

/** Notes what the app has the system show from now on; it is shown all the same. */
export async function noteNotifications(
  app: ElectronApplication,
): Promise<() => Promise<ShownNotification[]>> {
  await app.evaluate(({ Notification }) => {
    const shown: { title: string; body: string }[] = [];
    Object.assign(globalThis, { shown });
    const { show } = Notification.prototype;
    Notification.prototype.show = function (this: Electron.Notification) {
      shown.push({ title: this.title, body: this.body });
      show.call(this);
    };
  });
  return () => app.evaluate(() => (globalThis as unknown as { shown: ShownNotification[] }).shown);
}

/** Answers the system's dialog for saving a file from now on; null: it is closed. Gives the names that the app proposes. */
export async function answerSaveDialog(
  app: ElectronApplication,
  filePath: string | null,
): Promise<() => Promise<(string | undefined)[]>> {
  await app.evaluate(({ dialog }, chosen) => {
    const proposed: (string | undefined)[] = [];
    Object.assign(globalThis, { proposed });
    // With a window before the options, or without.
    dialog.showSaveDialog = (...given: unknown[]) => {
      proposed.push((given.at(-1) as Electron.SaveDialogOptions).defaultPath);
      return Promise.resolve({ canceled: chosen === null, filePath: chosen ?? '' });
    };
  }, filePath);
  return () => app.evaluate(() => (globalThis as unknown as { proposed: (string | undefined)[] }).proposed);
}
