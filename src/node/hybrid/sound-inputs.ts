import type { Memory } from '../inference/pool-policy.ts';
import type { ArbiterInputs, ArbiterState } from './allocation.ts';

const most = Number.MAX_SAFE_INTEGER;
const modes = new Set(['none', 'inference', 'training', 'both']);

/** A figure between its bounds; `unknown` in place of NaN. */
const within = (value: number, least: number, greatest: number, unknown: number): number =>
  Number.isNaN(value) ? unknown : Math.min(greatest, Math.max(least, value));

/** What may be taken is rounded down, what is needed up. An unknown ceiling allows nothing. */
const ceilingOf = (memory: Memory): Memory => ({
  ramBytes: Math.floor(within(memory.ramBytes, 0, most, 0)),
  gpuBytes: Math.floor(within(memory.gpuBytes, 0, most, 0)),
});

/** An unknown need stays NaN: it may have the machine alone and is never placed beside the other kind. */
const needOf = (memory: Memory): Memory => ({
  ramBytes: Math.ceil(within(memory.ramBytes, 0, Number.POSITIVE_INFINITY, Number.NaN)),
  gpuBytes: Math.ceil(within(memory.gpuBytes, 0, Number.POSITIVE_INFINITY, Number.NaN)),
});

const rateOf = (lamports: number | null): number | null =>
  lamports === null || !Number.isFinite(lamports) || lamports < 0 ? null : lamports;

function roundOf(round: ArbiterInputs['round']): ArbiterInputs['round'] {
  if (round === null || !isInstant(round.deadline) || Number.isNaN(round.workMs)) return null;
  return { deadline: round.deadline, workMs: Math.max(0, round.workMs) };
}

function diskOf(disk: ArbiterInputs['disk']): ArbiterInputs['disk'] {
  if (!disk || Number.isNaN(disk.totalBytes)) return null;
  const stored = (bytes: number) => Math.ceil(within(bytes, 0, most, 0));
  return {
    totalBytes: Math.floor(within(disk.totalBytes, 0, most, 0)),
    storedBytes: {
      inference: stored(disk.storedBytes.inference),
      training: stored(disk.storedBytes.training),
    },
  };
}

/** Whether a number is an instant at all: what a Date can hold. */
const isInstant = (ms: number): boolean => Math.abs(ms) <= 8.64e15;

/** Every figure usable: unknown is null, the rest within its bounds. A clock that says nothing stands still. */
export function soundInputs(inputs: ArbiterInputs, lastNow: number): ArbiterInputs {
  const { demand, networkMbps } = inputs;
  return {
    ...inputs,
    now: isInstant(inputs.now) ? inputs.now : isInstant(lastNow) ? lastNow : 0,
    sharePercent: within(inputs.sharePercent, 0, 100, 0),
    demand: {
      running: within(demand.running, 0, most, 0),
      waiting: within(demand.waiting, 0, most, 0),
      perMinute: within(demand.perMinute, 0, most, 0),
    },
    round: roundOf(inputs.round),
    ceiling: ceilingOf(inputs.ceiling),
    needs: { inference: needOf(inputs.needs.inference), training: needOf(inputs.needs.training) },
    threads: Math.floor(within(inputs.threads, 0, 4096, 0)),
    networkMbps:
      networkMbps === undefined || networkMbps === null || Number.isNaN(networkMbps)
        ? null
        : within(networkMbps, 0, most, 0),
    disk: diskOf(inputs.disk),
    lamportsPerMinute: {
      inference: rateOf(inputs.lamportsPerMinute.inference),
      training: rateOf(inputs.lamportsPerMinute.training),
    },
    random: within(inputs.random, 0, 1, 0.5),
  };
}

/** A state that was read back, or comes from before the clock was set, in bounds again. */
export function soundState(
  state: ArbiterState,
  now: number,
  bounds: { settleMs: number; workedMs: number },
): ArbiterState {
  const worked = (ms: number) => within(ms, 0, bounds.workedMs, 0);
  return {
    mode: modes.has(state.mode) ? state.mode : 'none',
    reason: state.reason,
    since: within(state.since, -most, now, now),
    settledUntil: within(state.settledUntil, -most, now + bounds.settleMs, now),
    worked: { inference: worked(state.worked.inference), training: worked(state.worked.training) },
    boostThreads: Math.floor(within(state.boostThreads, 0, 4096, 0)),
    workSeenAt: within(state.workSeenAt, -most, now, now),
    at: within(state.at, -most, now, now),
  };
}
