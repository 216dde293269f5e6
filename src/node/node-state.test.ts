import { expect, test } from 'vitest';
import { defaultManners } from '#contract/manners.ts';
import type { PauseReason } from '#contract/node-status.ts';
import { engineOff } from './inference/engine-off.ts';
import { isHealthy, nodeState, type StateInputs } from './node-state.ts';
import type { Doing, Holds, Standing } from './resources/standing.ts';

const reason: PauseReason = { code: 'on-battery', since: 0, canOverride: true, detail: {} };
const nothing: Holds = { serving: false, training: false, rounds: false, downloads: false };

function held(holds: Partial<Holds>): Standing {
  return {
    reasons: [reason],
    servingHeldBy: holds.serving ? [reason] : [],
    holds: { ...nothing, ...holds },
    how: 'drain',
    limits: defaultManners.limitsIdle,
    limitsName: 'idle',
    earnAnywayUntil: null,
  };
}
const inputs = (standing: Standing, does: Partial<Doing> = {}): StateInputs => ({
  onboarded: true,
  phase: { phase: 'running', since: 1 },
  standing,
  does: { serves: true, trains: true, isComputing: false, ...does },
  link: { state: 'registered', url: '', since: 0, latencyMs: 1, extensions: [], network: 'test-credits' },
  engine: engineOff,
  obstacle: null,
  credit: null,
});
const state = (...args: Parameters<typeof inputs>) => nodeState(inputs(...args)).state;

test('a node is paused when all that it does is held, and earns while a part goes on', () => {
  const all = { serving: true, training: true, rounds: true };
  expect(nodeState(inputs(held(all)))).toEqual({ state: 'paused', reasons: [reason] });
  expect(state(held({ serving: true }))).toBe('earning');
  expect(state(held({ serving: true }), { trains: false })).toBe('paused');
  expect(state(held({ training: true, rounds: true }))).toBe('earning');
  expect(state(held({ training: true, rounds: true }), { serves: false })).toBe('paused');
});

test('with the network held a round that computes is work; without one the node is paused', () => {
  const network = held({ serving: true, rounds: true, downloads: true });
  expect(state(network, { isComputing: true })).toBe('earning');
  expect(state(network)).toBe('paused');
});

test('requests are refused while serving is held, whatever else goes on; to register that does not count', () => {
  expect(isHealthy(inputs(held({ serving: true })))).toBe(false);
  expect(isHealthy(inputs(held({ serving: true })), true)).toBe(true);
  expect(isHealthy(inputs(held({ training: true, rounds: true })))).toBe(true);
});

test('that memory runs short is no news while the node rests anyway', () => {
  const obstacle = { code: 'inference/memory-pressure', message: 'full' } as const;
  const all = held({ serving: true, training: true, rounds: true });
  expect(nodeState({ ...inputs(all), obstacle }).state).toBe('paused');
  expect(nodeState({ ...inputs(held({ serving: true })), obstacle }).state).toBe('problem');
});
