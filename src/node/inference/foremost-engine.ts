import type { Engine } from '#contract/model.ts';
import { engineOff } from './engine-off.ts';

/** The engine that says most: one that is ready, else one that is in trouble, else one that loads. */
export function foremostEngine(engines: Engine[]): Engine {
  return (
    engines.find(({ state }) => state === 'ready') ??
    engines.find(({ state, error }) => error !== null && state !== 'off') ??
    engines.find(({ state }) => state !== 'off') ?? {
      // One that could not be loaded is tried again when it is asked for.
      ...(engines[0] ?? engineOff),
      error: null,
    }
  );
}
