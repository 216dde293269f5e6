import type { KeyVault } from './proxy/provider-keys.ts';
import type { ContractServer } from './server/contract-server.ts';

type ShellMessage =
  | { type: 'rpc'; data: unknown }
  | { type: 'presence'; isInUse: boolean }
  | { type: 'secrets'; secrets: Record<string, string> | null }
  | { type: 'shutdown' };

/** Whether somebody uses this computer, as the shell says; without a shell nobody does. */
export function watchPresence(): () => boolean {
  let isInUse = process.send !== undefined;
  process.on('message', (message: ShellMessage) => {
    if (message.type === 'presence') isInUse = message.isInUse;
  });
  return () => isInUse;
}

/** The system's keychain, which the shell opens for us; null where it has none. Resolves when the shell has said so. */
export function openShellVault(): Promise<KeyVault | null> {
  const send = process.send?.bind(process);
  if (!send) return Promise.resolve(null);
  return new Promise((resolve) => {
    const listen = (message: ShellMessage) => {
      if (message.type !== 'secrets') return;
      process.off('message', listen);
      const { secrets } = message;
      resolve(
        secrets && {
          place: 'keychain',
          read: () => secrets,
          write: (next) => void send({ type: 'secrets', secrets: next }),
        },
      );
    };
    process.on('message', listen);
  });
}

/** Serves the desktop shell over the process's IPC channel, when there is one. Ends with the shell. */
export function connectShell(contract: ContractServer, onShutdown: () => void): void {
  const send = process.send?.bind(process);
  if (!send) return;
  contract.connect({
    post: (data) => {
      if (process.connected) send({ type: 'rpc', data });
    },
    on: (listener) =>
      process.on('message', (message: ShellMessage) => {
        if (message.type === 'rpc') listener(message.data);
      }),
  });
  process.on('message', (message: ShellMessage) => {
    if (message.type === 'shutdown') onShutdown();
  });
  process.on('disconnect', onShutdown);
  send({ type: 'ready' });
}
