import type { HostState } from '#contract/host-state.ts';
import type { NodeState, PauseReason } from '#contract/node-status.ts';

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
  'paused-schedule': { state: 'paused', reasons: sampleReasons(now).slice(2, 3) },
  'paused-two': {
    state: 'paused',
    reasons: [...sampleReasons(now).slice(1, 3), ...sampleReasons(now).slice(7, 8)],
  },
  'paused-all': { state: 'paused', reasons: sampleReasons(now) },
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

/** Each reason to pause, with the figures that its sentence takes. */
export function sampleReasons(now: number): PauseReason[] {
  const reason = (code: PauseReason['code'], more: Partial<PauseReason> = {}): PauseReason => ({
    code,
    since: now - 12 * minute,
    canOverride: true,
    detail: {},
    ...more,
  });
  return [
    reason('operator', { canOverride: false, until: now + 60 * minute }),
    reason('user-active', { until: now + 150_000, detail: { minutes: 3 } }),
    reason('schedule', { until: now + 192 * minute }),
    reason('network-schedule', { until: now + 40 * 60 * minute }),
    reason('on-battery', { detail: { percent: 71 } }),
    reason('exclusive-app', { detail: { program: 'cs2' } }),
    reason('full-screen'),
    reason('temperature', {
      canOverride: false,
      detail: { tempC: 87, limitC: 85, coolC: 77, device: 'GeForce RTX 4070' },
    }),
    reason('others-gpu', { detail: { percent: 72, limit: 60 } }),
    reason('others-cpu', { detail: { percent: 81, limit: 75 } }),
    reason('metered-network'),
    reason('network-cap', { until: now + 9 * 24 * 60 * minute, detail: { limit: 100 } }),
    reason('power-price', {
      until: now + 14 * minute,
      detail: { earnedMicroUsd: 41_000, costMicroUsd: 62_700 },
    }),
    reason('lost-jobs', {
      until: now + 8 * minute,
      detail: { count: 5, error: 'inference/crashed', minutes: 10 },
    }),
    reason('disk-low', { canOverride: false, detail: { gigabytes: 3.2, limit: 5 } }),
    reason('gateway', { canOverride: false, until: now + 30 * minute, detail: { reason: 'new disk' } }),
  ];
}

/** Each state of the desktop app's host, as the preview's address names it. */
export const sampleHost = (name: string, now: number): HostState =>
  (
    ({
      starting: { state: 'starting', ledgerProgress: null },
      preparing: { state: 'starting', ledgerProgress: 0.37 },
      restarting: { state: 'restarting', retryAt: now + 4000 },
      failed: {
        state: 'failed',
        error: {
          code: 'ledger/newer-version',
          message: 'The ledger node.db has version 99; this app knows up to 8.',
        },
      },
      crashed: {
        state: 'failed',
        error: {
          code: 'host/crashed',
          message: 'The node ended 6 times in a row, the last time with SIGSEGV.',
        },
      },
    }) satisfies Record<string, HostState> as Record<string, HostState>
  )[name] ?? { state: 'running' };
