import type { Engine } from '#contract/model.ts';
import { engineOff } from '../../engine-off.ts';

const statesByPrecedence: readonly Engine['state'][] = [
  'loading',
  'starting',
  'ready',
  'restarting',
  'failed',
];

/**
 * Several engines of one model, shown as one: their requests, threads and memory are added up, and while one of them can serve the
 * whole is ready.
 */
export function together(engines: readonly Engine[]): Engine {
  const [first = engineOff] = engines;
  if (engines.length <= 1) return { ...first, threads: first.threads && whole(first.threads) };
  const state = statesByPrecedence.find((one) => engines.some((engine) => engine.state === one)) ?? 'off';
  const ready = engines.filter((engine) => engine.state === 'ready');
  const sum = (of: (engine: Engine) => number | null) =>
    (ready.length > 0 ? ready : engines).reduce((total, engine) => total + (of(engine) ?? 0), 0);
  return {
    ...first,
    state,
    loadProgress:
      state === 'loading'
        ? engines.reduce((total, engine) => total + (engine.loadProgress ?? 1), 0) / engines.length
        : null,
    parallelRequests: sum(({ parallelRequests }) => parallelRequests),
    threads: whole(sum(({ threads }) => threads)),
    memory: {
      ramBytes: sum(({ memory }) => memory?.ramBytes ?? null),
      gpuBytes: sum(({ memory }) => memory?.gpuBytes ?? null),
      // They share the GPU: each says the same of it.
      vram: ready.map(({ memory }) => memory?.vram ?? null).find((vram) => vram !== null) ?? null,
    },
    restarts: engines.reduce((total, { restarts }) => total + restarts, 0),
    error: state === 'ready' ? null : (engines.find(({ error }) => error !== null)?.error ?? null),
  };
}

/** Processes have parts of threads where there are fewer of these than of them. */
const whole = (threads: number) => Math.ceil(threads - 1e-9);
