import type { CallInput, CallName, CallOutput } from '#contract/calls.ts';
import { AppError } from '#contract/errors.ts';
import { failure, ok, toAppError } from '#contract/result.ts';
import type { StreamData, StreamName } from '#contract/streams.ts';
import type { Transport } from '#contract/transport.ts';

export type MemoryAnswers = {
  [N in CallName]?: (input: CallInput<N>) => CallOutput<N> | Promise<CallOutput<N>>;
};

export interface MemoryTransport extends Transport {
  /** Tells a new value to all who listen, and to each who comes later. */
  publish<N extends StreamName>(name: N, data: StreamData<N>): void;
  /** Tells those who listen now, and nobody who comes later: for what follows a stream's snapshot. */
  tell<N extends StreamName>(name: N, data: StreamData<N>): void;
}

/** Carries the contract within one process: for tests and the preview of the pages. */
export function memoryTransport(answers: MemoryAnswers): MemoryTransport {
  const values = new Map<string, unknown>();
  const listeners = new Map<string, Set<(data: unknown) => void>>();
  const tell = (name: StreamName, data: unknown) => {
    for (const listener of listeners.get(name) ?? []) listener(data);
  };
  return {
    tell,
    async request(name, input) {
      const answer = answers[name as CallName] as ((input: unknown) => unknown) | undefined;
      if (!answer) return failure(new AppError('request/not-found', `There is no call “${name}”.`));
      try {
        return ok(await answer(input));
      } catch (thrown) {
        return failure(toAppError(thrown));
      }
    },
    subscribe(name, listener) {
      const known = listeners.get(name) ?? new Set();
      listeners.set(name, known.add(listener));
      if (values.has(name)) listener(values.get(name));
      return () => known.delete(listener);
    },
    publish(name, data) {
      values.set(name, data);
      tell(name, data);
    },
  };
}
