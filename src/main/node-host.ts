import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createBirpc } from 'birpc';
import { app } from 'electron';
import type { Result } from '#contract/result.ts';
import type { HostFunctions, Transport, UiFunctions } from '#contract/transport.ts';
import { createKeepAwake } from './keep-awake.ts';
import { openKeychain } from './keychain.ts';
import type { Presence } from './presence.ts';

const firstBackoffMs = 500;
const mostBackoffMs = 30_000;
const shutdownLimitMs = 45_000;

export interface NodeHost extends Transport {
  /** Lets the host drain and end; by force after 45 s. */
  shutdown(): Promise<void>;
  /** Who sits here now, and how the computer is fed. */
  tellPresence(presence: Presence): void;
}

type HostMessage =
  | { type: 'ready' }
  | { type: 'rpc'; data: unknown }
  | { type: 'secrets'; secrets: Record<string, string> }
  | { type: 'keep-awake'; on: boolean };

/**
 * The node host as a child under a real Node binary. When it dies it is started again with backoff, calls under way are answered
 * `host/unavailable`, and what is subscribed is subscribed again.
 */
export function setupNodeHost(): NodeHost {
  const listeners = new Map<string, Set<(data: unknown) => void>>();
  const latest = new Map<string, unknown>();
  let receive: (data: unknown) => void = () => {};
  let child: ChildProcess | null = null;
  let ready = Promise.withResolvers<void>();
  let backoffMs = firstBackoffMs;
  let isEnding = false;
  const keepAwake = createKeepAwake();

  const host = createBirpc<HostFunctions, UiFunctions>(
    {
      publish(name, data) {
        latest.set(name, data);
        for (const listener of listeners.get(name) ?? []) listener(data);
      },
    },
    {
      post: (data) => {
        if (child?.connected) child.send({ type: 'rpc', data });
      },
      on: (listener) => {
        receive = listener;
      },
      timeout: -1,
    },
  );

  function start(): void {
    const logs = join(app.getPath('userData'), 'logs');
    mkdirSync(logs, { recursive: true });
    const log = createWriteStream(join(logs, 'host.log'), { flags: 'w' });
    const mine = spawn(
      nodeBinary(),
      [join(unpacked(), 'out/node/host.js'), 'serve', '--profile', app.getPath('userData'), '--shell'],
      {
        stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
        env: { ...process.env, ...(app.isPackaged ? { SOLANALM_RESOURCES: process.resourcesPath } : {}) },
        windowsHide: true,
      },
    );
    child = mine;
    // Secrets travel on this pipe alone: what is in the arguments or the environment other programs can read.
    const keychain = openKeychain();
    mine.send({ type: 'secrets', secrets: keychain?.read() ?? null });
    mine.stdout?.pipe(log);
    mine.stderr?.pipe(log);
    mine.on('message', (message: HostMessage) => {
      if (message.type === 'rpc') return receive(message.data);
      if (message.type === 'secrets') return keychain?.write(message.secrets);
      if (message.type === 'keep-awake') return keepAwake(message.on);
      backoffMs = firstBackoffMs;
      ready.resolve();
      for (const name of listeners.keys()) void host.subscribe.asEvent(name);
    });
    const ended = () => {
      if (child !== mine) return;
      child = null;
      // A host that has ended works no more; the next one asks again.
      keepAwake(false);
      host.$rejectPendingCalls();
      if (isEnding) return;
      ready = Promise.withResolvers();
      setTimeout(start, backoffMs);
      backoffMs = Math.min(backoffMs * 2, mostBackoffMs);
    };
    mine.once('exit', ended);
    mine.once('error', ended);
  }
  void app.whenReady().then(start);

  return {
    async request(name, input): Promise<Result<unknown>> {
      await ready.promise;
      try {
        return await host.request(name, input);
      } catch {
        return {
          ok: false,
          error: { code: 'host/unavailable', message: 'The node ended while it worked on this.' },
        };
      }
    },
    subscribe(name, listener) {
      const known = listeners.get(name);
      if (known) {
        known.add(listener);
        // A stream must begin with its snapshot; a signal's last value is its beginning.
        if (name === 'queue.items') {
          void host.unsubscribe.asEvent(name);
          void host.subscribe.asEvent(name);
        } else if (latest.has(name)) listener(latest.get(name));
      } else {
        listeners.set(name, new Set([listener]));
        void ready.promise.then(() => host.subscribe.asEvent(name));
      }
      return () => {
        const set = listeners.get(name);
        set?.delete(listener);
        if (set?.size !== 0) return;
        listeners.delete(name);
        latest.delete(name);
        void host.unsubscribe.asEvent(name);
      };
    },
    tellPresence(word) {
      if (child?.connected) child.send({ type: 'presence', word });
    },
    async shutdown() {
      isEnding = true;
      const mine = child;
      if (!mine?.connected) return;
      const exited = new Promise((resolve) => mine.once('exit', resolve));
      mine.send({ type: 'shutdown' });
      const force = setTimeout(() => mine.kill('SIGKILL'), shutdownLimitMs);
      await exited;
      clearTimeout(force);
    },
  };
}

/** Where files that plain Node reads lie: an archive is opaque to it. */
const unpacked = () => app.getAppPath().replace(/app\.asar$/, 'app.asar.unpacked');

function nodeBinary(): string {
  const name = process.platform === 'win32' ? 'node.exe' : 'node';
  if (app.isPackaged) return join(process.resourcesPath, 'node', name);
  return process.env.SOLANALM_NODE ?? join(app.getAppPath(), 'node_modules', 'node', 'bin', name);
}
