import { z } from 'zod';
import type { AppError } from '#contract/errors.ts';
import { errorBody } from '#contract/result.ts';
import type { KeyVault } from './proxy/provider-keys.ts';
import type { ShellWord } from './resources/surroundings.ts';
import type { ContractServer } from './server/contract-server.ts';

type ShellMessage =
  | { type: 'rpc'; data: unknown }
  | { type: 'presence'; word: unknown }
  | { type: 'secrets'; secrets: Record<string, string> | null }
  | { type: 'shutdown' };

const wordSchema = z.object({
  idleSeconds: z.number().min(0).nullable(),
  onBattery: z.boolean().nullable(),
  thermalState: z.enum(['nominal', 'fair', 'serious', 'critical']).nullable(),
  isLocked: z.boolean(),
});

/** What the shell tells of who sits here, told every few seconds; older than this it is no word of now. */
const mostWordAgeMs = 60_000;

/** The shell's latest word; null without a shell, or while it is silent. */
export function watchPresence(now: () => number): () => ShellWord | null {
  let latest: { word: ShellWord; at: number } | null = null;
  process.on('message', (message: ShellMessage) => {
    if (message.type !== 'presence') return;
    const parsed = wordSchema.safeParse(message.word);
    if (parsed.success) latest = { word: parsed.data, at: now() };
  });
  return () => (latest && Math.abs(now() - latest.at) <= mostWordAgeMs ? latest.word : null);
}

/** Asks the shell to keep the computer from going to sleep, or no longer to. Without a shell it does nothing. */
export function keepAwake(on: boolean): void {
  if (process.connected) process.send?.({ type: 'keep-awake', on });
}

/** Tells the shell how far (0–1) an old ledger is brought up to date. The message leaves at once, though nothing else runs meanwhile. */
export function tellPreparing(progress: number): void {
  if (process.connected) process.send?.({ type: 'preparing', progress });
}

/** Tells the shell why this host cannot start, and whether another start could. Resolves when that has left. */
export function tellFault({ error, mayPass }: { error: AppError; mayPass: boolean }): Promise<void> {
  return new Promise((resolve) => {
    if (!process.connected || !process.send) return resolve();
    process.send({ type: 'fault', error: errorBody(error), mayPass }, () => resolve());
  });
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
  if (process.connected) send({ type: 'ready' });
  // The shell ended while the host started.
  else onShutdown();
}
