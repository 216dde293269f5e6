import type { ContractServer } from './server/contract-server.ts';

type ShellMessage =
  | { type: 'rpc'; data: unknown }
  | { type: 'presence'; isInUse: boolean }
  | { type: 'shutdown' };

/** Whether somebody uses this computer, as the shell says; without a shell nobody does. */
export function watchPresence(): () => boolean {
  let isInUse = process.send !== undefined;
  process.on('message', (message: ShellMessage) => {
    if (message.type === 'presence') isInUse = message.isInUse;
  });
  return () => isInUse;
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
