import type { ContractServer } from './server/contract-server.ts';

type ShellMessage = { type: 'rpc'; data: unknown } | { type: 'shutdown' };

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
