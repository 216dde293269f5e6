import type { Resources, Surroundings } from '#contract/resources.ts';
import type { ResourceProbe } from '#node/resources/probe.ts';
import { createSignal } from '#node/signal.ts';
import { sampleReading, unknownSurroundings } from './sample-machine.ts';

/** A probe whose readings the test makes up, every 2 s as the real one's, over a machine of 64 GB with nothing else going on. */
export function scriptedProbe() {
  let more: Partial<Resources> = {};
  const read = () => sampleReading({ at: Date.now(), ram: { totalBytes: 64e9, usedBytes: 8e9 }, ...more });
  const current = createSignal(read());
  const next = () => current.set(read());
  const timer = setInterval(next, 2000);
  const probe: ResourceProbe = {
    current,
    history: () => [current.get()],
    refresh: async () => next(),
    dispose: () => clearInterval(timer),
  };
  return {
    probe,
    /** What the machine tells from now on. */
    set(surroundings: Partial<Surroundings>, change: Partial<Resources> = {}) {
      more = { ...change, surroundings: { ...unknownSurroundings, ...surroundings } };
      next();
    },
  };
}
