import { type ChildProcess, fork } from 'node:child_process';
import { createBirpc } from 'birpc';
import type { CallInput, CallOutput, HostCallName } from '#contract/calls.ts';
import { type Result, unwrap } from '#contract/result.ts';
import type { StreamData, StreamName } from '#contract/streams.ts';
import type { HostFunctions, UiFunctions } from '#contract/transport.ts';
import { besideOthers } from './beside-others.ts';

export interface HostProcess {
  child: ChildProcess;
  call<N extends HostCallName>(name: N, input: CallInput<N>): Promise<CallOutput<N>>;
  /** Resolves with the first published value for which `wanted` holds. */
  until<N extends StreamName>(name: N, wanted: (data: StreamData<N>) => boolean): Promise<StreamData<N>>;
  /** Drains and ends the host as the shell does. */
  shutdown(): Promise<void>;
}

/** The node host in a process of its own, from source, driven over IPC as the desktop shell drives it. */
export async function startHostProcess(profileDir: string, args: string[] = []): Promise<HostProcess> {
  const entry = new URL('../node/index.ts', import.meta.url).pathname;
  const child = fork(entry, ['serve', '--profile', profileDir, ...args], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const listeners = new Map<string, Set<(data: unknown) => void>>();
  const latest = new Map<string, unknown>();
  const ended = new Promise<never>((_, reject) => {
    child.once('exit', (code) => reject(new Error(`The host ended with ${code}.`)));
  });
  ended.catch(() => {});
  const ready = new Promise<void>((resolve) => {
    child.on('message', (message: { type: string }) => message.type === 'ready' && resolve());
  });
  const host = createBirpc<HostFunctions, UiFunctions>(
    {
      publish(name, data) {
        latest.set(name, data);
        listeners.get(name)?.forEach((listener) => {
          listener(data);
        });
      },
    },
    {
      post: (data) => child.send({ type: 'rpc', data }),
      on: (listener) =>
        child.on('message', (message: { type: string; data?: unknown }) => {
          if (message.type === 'rpc') listener(message.data);
        }),
    },
  );
  await Promise.race([ready, ended]);
  unwrap((await host.request('settings.update', besideOthers)) as Result<unknown>);
  return {
    child,
    call: async (name, input) => unwrap((await host.request(name, input)) as Result<CallOutput<typeof name>>),
    until(name, wanted) {
      const seen = new Promise<StreamData<typeof name>>((resolve) => {
        const set = listeners.get(name) ?? new Set();
        listeners.set(name, set);
        const listener = (data: unknown) => {
          if (!wanted(data as StreamData<typeof name>)) return;
          set.delete(listener);
          resolve(data as StreamData<typeof name>);
        };
        set.add(listener);
        // Only the first subscription begins with the value as it stands.
        if (latest.has(name)) listener(latest.get(name));
        else void host.subscribe(name);
      });
      return Promise.race([seen, ended]);
    },
    async shutdown() {
      child.send({ type: 'shutdown' });
      await ended.catch(() => {});
    },
  };
}
