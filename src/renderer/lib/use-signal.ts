import { useSyncExternalStore } from 'react';
import type { StreamData, StreamName } from '#contract/streams.ts';
import { client } from './client.ts';

type SignalName = Exclude<StreamName, 'queue.items'>;

interface Watch {
  value: unknown;
  subscribe(listener: () => void): () => void;
}

const watches = new Map<SignalName, Watch>();

/** One subscription a signal for all who watch it; values are shown at most once a frame. */
function watch(name: SignalName): Watch {
  const known = watches.get(name);
  if (known) return known;
  const listeners = new Set<() => void>();
  let end: (() => void) | null = null;
  let isDue = false;
  const made: Watch = {
    value: undefined,
    subscribe(listener) {
      listeners.add(listener);
      end ??= client.subscribe(name, (value) => {
        made.value = value;
        if (isDue) return;
        isDue = true;
        requestAnimationFrame(() => {
          isDue = false;
          for (const each of listeners) each();
        });
      });
      return () => {
        listeners.delete(listener);
        if (listeners.size > 0) return;
        end?.();
        end = null;
      };
    },
  };
  watches.set(name, made);
  return made;
}

/** The latest value of a signal; undefined until the first is here. */
export function useSignal<N extends SignalName>(name: N): StreamData<N> | undefined {
  const { subscribe } = watch(name);
  return useSyncExternalStore(subscribe, () => watch(name).value as StreamData<N> | undefined);
}
