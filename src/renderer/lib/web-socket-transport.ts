import { createBirpc } from 'birpc';
import type { Result } from '#contract/result.ts';
import type { HostFunctions, Transport, UiFunctions } from '#contract/transport.ts';
import { setConnection } from './connection.ts';

const mostPauseMs = 5000;

/** The contract over a WebSocket to the headless node: reconnects, and subscribes again when it is back. */
export function webSocketTransport(): Transport {
  const listeners = new Map<string, Set<(data: unknown) => void>>();
  let receive: (data: string) => void = () => {};
  let socket: WebSocket | null = null;
  let opened = Promise.withResolvers<void>();
  let pauseMs = 250;

  const host = createBirpc<HostFunctions, UiFunctions>(
    {
      publish(name, data) {
        for (const listener of listeners.get(name) ?? []) listener(data);
      },
    },
    {
      post: (message) => socket?.send(message),
      on: (listener) => {
        receive = listener;
      },
      serialize: JSON.stringify,
      deserialize: JSON.parse,
      timeout: -1,
    },
  );

  function connect(): void {
    const mine = new WebSocket(`${location.origin.replace(/^http/, 'ws')}/ui/ws`);
    mine.onopen = () => {
      socket = mine;
      pauseMs = 250;
      setConnection('open');
      opened.resolve();
      for (const name of listeners.keys()) void host.subscribe.asEvent(name);
    };
    mine.onmessage = ({ data }) => receive(String(data));
    mine.onclose = () => {
      if (socket === mine) {
        opened = Promise.withResolvers();
        setConnection('lost');
      }
      socket = null;
      host.$rejectPendingCalls();
      setTimeout(() => void connectWithSession(), pauseMs);
      pauseMs = Math.min(pauseMs * 2, mostPauseMs);
    };
  }
  /** A browser does not say why a socket was refused: without a session there is no use in trying. */
  async function connectWithSession(): Promise<void> {
    const answer = await fetch('/ui/session').catch(() => null);
    if (answer?.status === 401) setConnection('refused');
    else connect();
  }
  void openSession().then(connectWithSession);

  return {
    async request(name, input): Promise<Result<unknown>> {
      await opened.promise;
      try {
        return await host.request(name, input);
      } catch {
        return { ok: false, error: { code: 'host/unavailable', message: 'The node did not answer.' } };
      }
    },
    subscribe(name, listener) {
      const known = listeners.get(name);
      if (known) {
        // The stream runs already: start it anew, so that this listener gets its beginning too.
        known.add(listener);
        if (socket) {
          void host.unsubscribe.asEvent(name);
          void host.subscribe.asEvent(name);
        }
      } else {
        listeners.set(name, new Set([listener]));
        if (socket) void host.subscribe.asEvent(name);
      }
      return () => {
        const set = listeners.get(name);
        set?.delete(listener);
        if (set?.size !== 0) return;
        listeners.delete(name);
        if (socket) void host.unsubscribe.asEvent(name);
      };
    },
  };
}

/** Exchanges the one-time token of the printed address for a session, and takes it out of the address. */
async function openSession(): Promise<void> {
  const token = /^#token=(.+)$/.exec(location.hash)?.[1];
  if (!token) return;
  history.replaceState(null, '', location.pathname);
  await fetch('/ui/session', { method: 'POST', body: JSON.stringify({ token }) }).catch(() => {});
}
