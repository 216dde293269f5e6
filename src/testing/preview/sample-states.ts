import type { NodeState } from '#contract/node-status.ts';

const minute = 60_000;

/** Each state of the node, as the preview's address names it. */
export const sampleStates = (now: number): Record<string, NodeState> => ({
  'not-set-up': { state: 'not-set-up' },
  stopped: { state: 'stopped' },
  starting: { state: 'starting', step: 'model', progress: 0.42 },
  earning: { state: 'earning', since: now - 90 * minute },
  draining: { state: 'draining', running: 3, until: now + 30_000 },
  paused: {
    state: 'paused',
    reasons: [
      { code: 'operator', since: now - minute, until: now + 60 * minute, canOverride: false, detail: {} },
    ],
  },
  'paused-open': {
    state: 'paused',
    reasons: [{ code: 'operator', since: now - minute, canOverride: false, detail: {} }],
  },
  problem: {
    state: 'problem',
    error: { code: 'link/unreachable', message: 'No gateway answers at http://gateway.example:8000.' },
    retryAt: now + 20_000,
  },
  'problem-final': {
    state: 'problem',
    error: {
      code: 'link/hardware-below-minimum',
      message: 'The gateway wants 16 GB of memory; this computer has 8.',
    },
  },
});
