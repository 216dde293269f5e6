import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createBirpc } from 'birpc';
import { app } from 'electron';
import type { HostState } from '#contract/host-state.ts';
import type { ErrorBody, Result } from '#contract/result.ts';
import type { HostFunctions, Transport, UiFunctions } from '#contract/transport.ts';
import { createKeepAwake } from './keep-awake.ts';
import { openKeychain } from './keychain.ts';
import type { Presence } from './presence.ts';
import { restartPauseMs, steadyMs } from './restart-pause.ts';

const shutdownLimitMs = 45_000;
const lastWordsMs = 1000;

export interface NodeHost extends Transport {
  /** Tells how the host stands, now and on each change. */
  onState(listener: (state: HostState) => void): () => void;
  /** Starts a host that has failed; one that has not goes on. */
  tryAgain(): void;
  /** Lets the host drain and end; by force after 45 s, and at once while it starts. */
  shutdown(): Promise<void>;
  /** Who sits here now, and how the computer is fed. */
  tellPresence(presence: Presence): void;
}

type HostMessage =
  | { type: 'ready' }
  | { type: 'preparing'; progress: number }
  | { type: 'fault'; error: ErrorBody; mayPass: boolean }
  | { type: 'rpc'; data: unknown }
  | { type: 'secrets'; secrets: Record<string, string> }
  | { type: 'keep-awake'; on: boolean };

/**
 * The node host as a child under a real Node binary. When it crashes it is started again, later each time: calls under way are answered
 * `host/unavailable`, and what is subscribed is subscribed again. After six crashes in a row, or when it says why it cannot start, it
 * stays off until somebody tries again, and every call is answered with the reason.
 */
export function setupNodeHost(): NodeHost {
  const listeners = new Map<string, Set<(data: unknown) => void>>();
  const latest = new Map<string, unknown>();
  const stateListeners = new Set<(state: HostState) => void>();
  let state: HostState = { state: 'starting', ledgerProgress: null };
  let receive: (data: unknown) => void = () => {};
  let child: ChildProcess | null = null;
  /** Resolves with why there is no host, or null where there is one. */
  let ready = Promise.withResolvers<ErrorBody | null>();
  let crashes = 0;
  let restart: NodeJS.Timeout | undefined;
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

  function enter(next: HostState): void {
    state = next;
    for (const listener of stateListeners) listener(next);
  }

  function start(): void {
    enter({ state: 'starting', ledgerProgress: null });
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
    let fault: { error: ErrorBody; mayPass: boolean } | null = null;
    let readyAt: number | null = null;
    // Secrets travel on this pipe alone: what is in the arguments or the environment other programs can read.
    const keychain = openKeychain();
    if (mine.connected) mine.send({ type: 'secrets', secrets: keychain?.read() ?? null }, () => {});
    keepLog(mine);
    mine.on('message', (message: HostMessage) => {
      if (message.type === 'rpc') return receive(message.data);
      if (message.type === 'secrets') return keychain?.write(message.secrets);
      if (message.type === 'keep-awake') return keepAwake(message.on);
      if (message.type === 'preparing') return enter({ state: 'starting', ledgerProgress: message.progress });
      if (message.type === 'fault') {
        fault = message;
        return;
      }
      readyAt = performance.now();
      enter({ state: 'running' });
      ready.resolve(null);
      for (const name of listeners.keys()) void host.subscribe.asEvent(name);
    });
    const ended = (how: string) => {
      if (child !== mine) return;
      child = null;
      // A host that has ended works no more; the next one asks again.
      keepAwake(false);
      host.$rejectPendingCalls();
      if (isEnding) return;
      if (readyAt !== null) ready = Promise.withResolvers();
      const wasSteady = readyAt !== null && performance.now() - readyAt >= steadyMs;
      crashes = wasSteady ? 1 : crashes + 1;
      const pauseMs = restartPauseMs(crashes);
      if (fault && (pauseMs === null || !fault.mayPass)) return fail(fault.error);
      if (pauseMs === null) {
        const message = `The node ended ${crashes} times in a row, the last time with ${how}.`;
        return fail({ code: 'host/crashed', message });
      }
      enter({ state: 'restarting', retryAt: Date.now() + pauseMs });
      restart = setTimeout(start, pauseMs);
    };
    mine.once('exit', (code, signal) => {
      const end = () => ended(signal ?? `code ${code}`);
      if (!mine.connected) return end();
      // What it said last may not be read yet.
      mine.once('disconnect', end);
      setTimeout(end, lastWordsMs);
    });
    mine.once('error', (error) => ended(error.message));
  }
  function fail(error: ErrorBody): void {
    enter({ state: 'failed', error });
    ready.resolve(error);
  }
  void app.whenReady().then(start);

  return {
    onState(listener) {
      stateListeners.add(listener);
      listener(state);
      return () => void stateListeners.delete(listener);
    },
    tryAgain() {
      if (state.state !== 'failed') return;
      crashes = 0;
      ready = Promise.withResolvers();
      start();
    },
    async request(name, input): Promise<Result<unknown>> {
      const fault = await ready.promise;
      if (fault) return { ok: false, error: fault };
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
      clearTimeout(restart);
      const mine = child;
      if (!mine?.connected) return;
      const exited = new Promise((resolve) => mine.once('exit', resolve));
      // One that starts has nothing to drain and does not listen yet.
      if (state.state === 'running') mine.send({ type: 'shutdown' });
      else mine.kill();
      const force = setTimeout(() => mine.kill('SIGKILL'), shutdownLimitMs);
      await exited;
      clearTimeout(force);
    },
  };
}

/** What the host prints, since its last start. Where it cannot be written the host goes on without. */
function keepLog({ stdout, stderr }: ChildProcess): void {
  const outputs = [stdout, stderr];
  const passOver = () => {
    for (const output of outputs) output?.resume();
  };
  try {
    const logs = join(app.getPath('userData'), 'logs');
    mkdirSync(logs, { recursive: true });
    const log = createWriteStream(join(logs, 'host.log'), { flags: 'w' });
    log.once('error', passOver);
    for (const output of outputs) output?.pipe(log, { end: false });
  } catch {
    passOver();
  }
}

/** Where files that plain Node reads lie: an archive is opaque to it. */
const unpacked = () => app.getAppPath().replace(/app\.asar$/, 'app.asar.unpacked');

function nodeBinary(): string {
  const name = process.platform === 'win32' ? 'node.exe' : 'node';
  if (app.isPackaged) return join(process.resourcesPath, 'node', name);
  return process.env.SOLANALM_NODE ?? join(app.getAppPath(), 'node_modules', 'node', 'bin', name);
}
