import {
  app,
  type BrowserWindow,
  dialog,
  type IpcMainEvent,
  type IpcMainInvokeEvent,
  ipcMain,
  shell,
} from 'electron';
import {
  type CallOutput,
  isShellCall,
  type ParsedInput,
  type ShellCallName,
  shellCalls,
} from '#contract/calls.ts';
import { AppError } from '#contract/errors.ts';
import { failure, ok, type Result, toAppError } from '#contract/result.ts';
import type { NodeHost } from './node-host.ts';
import { createSavedFiles } from './saved-files.ts';
import type { WalletPage } from './wallet-page/wallet-page.ts';

type ShellHandlers = {
  [N in ShellCallName]: (input: ParsedInput<N>) => CallOutput<N> | Promise<CallOutput<N>>;
};

/** Answers the window's calls: `shell.*` here, all others in the node host. Only our own window is heard. */
export function setupCalls(host: NodeHost, window: BrowserWindow, walletPage: WalletPage): void {
  const subscriptions = new Map<number, () => void>();
  const isOurs = (event: IpcMainEvent | IpcMainInvokeEvent) =>
    event.senderFrame === window.webContents.mainFrame;

  const files = createSavedFiles();
  const handlers: ShellHandlers = {
    'shell.info': () => ({ desktop: true }),
    'shell.pickModelFile': async () => {
      const filters = [{ name: 'GGUF', extensions: ['gguf'] }];
      const { filePaths } = await dialog.showOpenDialog(window, { properties: ['openFile'], filters });
      return filePaths[0] ?? null;
    },
    'shell.pickPath': async ({ kind }) => {
      const properties = [kind === 'folder' ? ('openDirectory' as const) : ('openFile' as const)];
      const { filePaths } = await dialog.showOpenDialog(window, { properties });
      return filePaths[0] ?? null;
    },
    'shell.createFile': async ({ fileName }) => {
      const { filePath } = await dialog.showSaveDialog(window, { defaultPath: fileName });
      return filePath ? { id: await files.create(filePath), path: filePath } : null;
    },
    'shell.appendFile': async ({ id, text }) => {
      await files.append(id, text);
      return null;
    },
    'shell.closeFile': async ({ id, keep }) => {
      await files.close(id, keep);
      return null;
    },
    'shell.askWallet': ({ question, via }) => walletPage.ask(question, via),
    'shell.walletLink': () => walletPage.link(),
    'shell.cancelWallet': () => {
      walletPage.cancel();
      return null;
    },
    'shell.startHost': () => {
      host.tryAgain();
      return null;
    },
    'shell.openDataFolder': async () => {
      const fault = await shell.openPath(app.getPath('userData'));
      if (fault) throw new AppError('host/internal', fault);
      return null;
    },
    'shell.showInFolder': ({ path }) => {
      shell.showItemInFolder(path);
      return null;
    },
  };

  async function answerHere(name: ShellCallName, input: unknown): Promise<Result<unknown>> {
    const parsed = shellCalls[name].input.safeParse(input);
    if (!parsed.success)
      return failure(new AppError('request/invalid', `${name}: ${parsed.error.issues[0]?.message}`));
    try {
      const handler = handlers[name] as (input: unknown) => unknown;
      return ok(await handler(parsed.data));
    } catch (thrown) {
      return failure(toAppError(thrown));
    }
  }

  ipcMain.handle('contract:request', (event, name: unknown, input: unknown) => {
    if (!isOurs(event) || typeof name !== 'string')
      return failure(new AppError('request/not-found', 'This window cannot call the node.'));
    return isShellCall(name) ? answerHere(name, input) : host.request(name, input);
  });
  ipcMain.on('contract:subscribe', (event, id: unknown, name: unknown) => {
    if (!isOurs(event) || typeof id !== 'number' || typeof name !== 'string') return;
    const tell = (data: unknown) => {
      if (!window.isDestroyed()) window.webContents.send('contract:publish', id, data);
    };
    subscriptions.set(id, name === 'shell.host' ? host.onState(tell) : host.subscribe(name, tell));
  });
  ipcMain.on('contract:unsubscribe', (event, id: unknown) => {
    if (!isOurs(event) || typeof id !== 'number') return;
    subscriptions.get(id)?.();
    subscriptions.delete(id);
  });
  window.webContents.on('did-start-navigation', ({ isMainFrame, isSameDocument }) => {
    // Another of our pages is the same document.
    if (!isMainFrame || isSameDocument) return;
    for (const end of subscriptions.values()) end();
    subscriptions.clear();
  });
}
