import { createBirpc } from 'birpc';
import {
  type CallOutput,
  type HostCallName,
  hostCalls,
  isHostCall,
  type ParsedInput,
} from '#contract/calls.ts';
import { AppError } from '#contract/errors.ts';
import { failure, ok, type Result, toAppError } from '#contract/result.ts';
import { type HostStreamName, isHostStream, type StreamData } from '#contract/streams.ts';
import type { HostFunctions, UiFunctions } from '#contract/transport.ts';

/** One handler a call; the compiler names the one that is missing. */
export type Handlers = {
  [N in HostCallName]: (input: ParsedInput<N>) => CallOutput<N> | Promise<CallOutput<N>>;
};

/** Where each stream comes from: the listener is called at once and then on each change. */
export type Sources = {
  [N in HostStreamName]: (listener: (data: StreamData<N>) => void) => () => void;
};

export interface Channel {
  post(message: unknown): void;
  on(listener: (message: unknown) => void): void;
}

export interface ContractServer {
  request(name: string, input: unknown): Promise<Result<unknown>>;
  /** Serves one UI; the returned function ends its subscriptions. */
  connect(channel: Channel): () => void;
}

export function createContractServer(options: {
  handlers: Handlers;
  sources: Sources;
  /** Told of faults that are ours, not the caller's. */
  onFault(name: string, error: AppError): void;
}): ContractServer {
  async function request(name: string, input: unknown): Promise<Result<unknown>> {
    if (!isHostCall(name)) return failure(new AppError('request/not-found', `There is no call “${name}”.`));
    const parsed = hostCalls[name].input.safeParse(input);
    if (!parsed.success) {
      const issue = parsed.error.issues[0];
      const field = issue?.path.join('.') ?? '';
      const code = name === 'settings.update' ? 'settings/invalid' : 'request/invalid';
      const message = `${field || name}: ${issue?.message ?? 'not valid'}`;
      return failure(new AppError(code, message, { data: { field } }));
    }
    try {
      const handler = options.handlers[name] as (input: unknown) => unknown;
      return ok(await handler(parsed.data));
    } catch (thrown) {
      const error = toAppError(thrown);
      if (error.code === 'host/internal') options.onFault(name, error);
      return failure(error);
    }
  }

  function connect(channel: Channel): () => void {
    const subscriptions = new Map<HostStreamName, () => void>();
    const functions: HostFunctions = {
      request,
      subscribe(name) {
        if (!isHostStream(name) || subscriptions.has(name)) return;
        const source = options.sources[name] as (listener: (data: unknown) => void) => () => void;
        subscriptions.set(
          name,
          source((data) => void ui.publish.asEvent(name, data)),
        );
      },
      unsubscribe(name) {
        if (!isHostStream(name)) return;
        subscriptions.get(name)?.();
        subscriptions.delete(name);
      },
    };
    const ui = createBirpc<UiFunctions, HostFunctions>(functions, {
      post: (message) => channel.post(message),
      on: (listener) => channel.on(listener),
    });
    return () => {
      for (const end of subscriptions.values()) end();
      subscriptions.clear();
      ui.$close();
    };
  }

  return { request, connect };
}
