import { defaultManners, type Manners } from '#contract/manners.ts';
import type { Resources, Surroundings } from '#contract/resources.ts';
import { freshPauseState, type PauseInputs, pausePolicy } from '#node/resources/policy.ts';
import { sampleReading, unknownSurroundings } from './sample-machine.ts';
import { zonedTime } from './zoned-time.ts';

/** When its time begins. */
export const start = Date.UTC(2026, 0, 14, 12);

/** The policy over time: each look is some seconds after the one before. */
export function machine(settings: Partial<Manners> = {}, more: Partial<PauseInputs> = {}) {
  let state = freshPauseState;
  let now = start;
  let inputs: Partial<PauseInputs> = more;
  const manners = { ...defaultManners, ...settings };
  const look = (resources: Partial<Resources> = {}, change: Partial<PauseInputs> = {}) => {
    inputs = { ...inputs, ...change };
    const judged = pausePolicy(state, {
      now,
      settings: manners,
      resources: sampleReading({ at: now, ...resources }),
      uses: { serving: 'cpu', training: 'none' },
      isInUse: null,
      operator: null,
      earnAnywayUntil: null,
      lostJobs: null,
      gateway: null,
      balance: null,
      local: zonedTime('Europe/Berlin'),
      ...inputs,
    });
    state = judged.state;
    return judged.standing;
  };
  return {
    look,
    codes: (...args: Parameters<typeof look>) => look(...args).reasons.map(({ code }) => code),
    wait(ms: number) {
      now += ms;
    },
    now: () => now,
  };
}
export const around = (surroundings: Partial<Surroundings>): Partial<Resources> => ({
  surroundings: { ...unknownSurroundings, ...surroundings },
});
export const cpuLoad = (load: number, ownLoad = 0.1): Partial<Resources> => ({
  cpu: { ...sampleReading().cpu, load, ownLoad },
});
export const cpuTemp = (tempC: number): Partial<Resources> => ({ cpu: { ...sampleReading().cpu, tempC } });

/** One look at a machine in UTC. */
export const inputsOf = (settings: Manners, resources: Partial<Resources>): PauseInputs => ({
  now: start,
  settings,
  resources: sampleReading({ at: start, ...resources }),
  uses: { serving: 'cpu', training: 'cpu' },
  isInUse: null,
  operator: null,
  earnAnywayUntil: null,
  lostJobs: null,
  gateway: null,
  balance: null,
  local: zonedTime('UTC'),
});
