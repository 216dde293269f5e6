import { seededRandom } from '#contract/federated/seeded-random.ts';
import type { ModeReason, WorkMode } from '#contract/hybrid.ts';
import type { ArbiterInputs } from '#node/hybrid/allocation.ts';
import { arbitrate, newArbiterState } from '#node/hybrid/arbiter.ts';
import type { DayMachine, DayRequest, DayRound, DaySpan, MachineDay } from './machine-day.ts';

const minute = 60_000;
const dayStart = 1_790_000_000_000;
/** From a change of mode until a kind that did not work before does. */
const loadMs = 20_000;
const slots = 4;
/** After this long a client has gone elsewhere. */
const patienceMs = 10 * minute;

export interface ModeChange {
  atMs: number;
  from: WorkMode;
  to: WorkMode;
  reason: ModeReason;
  /** The dwell was not over. */
  isEarly: boolean;
}

export interface SimulatedDay {
  changes: ModeChange[];
  modeMs: Record<WorkMode, number>;
  /** Rounds that could be met, by how it went. */
  feasible: { met: number; missed: DayRound[] };
  /** Longest time that requests waited while training worked alone, no deadline and no hold being the cause. */
  longestUnservedMs: number;
  /** Longest time that there was something to train, training did not work, and nothing held it. */
  longestUntrainedMs: number;
  /** Greatest sums of both allowances over the ceiling: 0 or below is right. */
  overCeiling: { ramBytes: number; gpuBytes: number; threads: number };
  /** How often training's threads changed while the mode stayed the same. */
  threadChanges: number;
  served: number;
  gone: number;
}

const isIn = (spans: DaySpan[], atMs: number) =>
  spans.some(({ fromMs, untilMs }) => atMs >= fromMs && atMs < untilMs);

/**
 * Whether a round could be met if training had all threads from its start, after a hold that is there already. Those that a hold
 * begins in are left out: nobody can know of it.
 */
function couldBeMet(round: DayRound, day: MachineDay, stepMs: number): boolean {
  const holds = day.held.training.filter(
    (span) => span.untilMs > round.atMs && span.fromMs < round.deadlineMs,
  );
  if (holds.some(({ fromMs }) => fromMs > round.atMs)) return false;
  const startMs = Math.max(round.atMs, ...holds.map(({ untilMs }) => untilMs));
  return startMs + loadMs + round.workMs + 3 * stepMs <= round.deadlineMs;
}

/** Plays a day on a machine under the arbiter, a decision every `stepMs`. */
export function simulateDay(
  day: MachineDay,
  machine: DayMachine,
  options: {
    sharePercent: number;
    stepMs: number;
    lamportsPerMinute?: ArbiterInputs['lamportsPerMinute'];
    /** Training joins a tight round of this much work whenever it is free and may: the day's own rounds are not played. */
    joinsRoundsOfMs?: number;
  },
): SimulatedDay {
  const { stepMs, sharePercent } = options;
  const random = seededRandom(`${day.name}/${machine.name}/${sharePercent}`);
  let state = newArbiterState(dayStart);
  const result: SimulatedDay = {
    changes: [],
    modeMs: { none: 0, inference: 0, training: 0, both: 0 },
    feasible: { met: 0, missed: [] },
    longestUnservedMs: 0,
    longestUntrainedMs: 0,
    overCeiling: { ramBytes: -1, gpuBytes: -1, threads: -1 },
    threadChanges: 0,
    served: 0,
    gone: 0,
  };
  let waiting: DayRequest[] = [];
  let running: { leftMs: number }[] = [];
  let arrived = 0;
  let firstOfWindow = 0;
  let nextRound = 0;
  let round: { is: DayRound; leftMs: number } | null = null;
  let takesRounds = false;
  let trainingThreads = 0;
  const readyAt = { inference: 0, training: 0 };
  let [unservedSince, untrainedSince] = [0, 0];

  for (let atMs = 0; atMs < day.lengthMs; atMs += stepMs) {
    while ((day.requests[arrived]?.atMs ?? Number.POSITIVE_INFINITY) <= atMs)
      waiting.push(day.requests[arrived++] as DayRequest);
    while ((day.requests[firstOfWindow]?.atMs ?? Number.POSITIVE_INFINITY) < atMs - 10 * minute)
      firstOfWindow += 1;
    const patient = waiting.filter((request) => atMs - request.atMs < patienceMs);
    result.gone += waiting.length - patient.length;
    waiting = patient;
    const hasTasks = isIn(day.tasks, atMs);
    const held = { inference: isIn(day.held.inference, atMs), training: isIn(day.held.training, atMs) };

    if (round && round.is.deadlineMs <= atMs) {
      if (couldBeMet(round.is, day, stepMs)) result.feasible.missed.push(round.is);
      round = null;
    }
    const due = day.rounds[nextRound];
    if (options.joinsRoundsOfMs !== undefined) {
      const workMs = options.joinsRoundsOfMs;
      if (!round && takesRounds && hasTasks)
        round = { is: { atMs, deadlineMs: atMs + workMs + 3 * minute, workMs }, leftMs: workMs };
    } else if (!round && due && due.atMs <= atMs) {
      round = { is: due, leftMs: due.workMs };
      nextRound += 1;
    }

    const step = arbitrate(state, {
      now: dayStart + atMs,
      sharePercent,
      can: { inference: true, training: true },
      held,
      demand: { running: running.length, waiting: waiting.length, perMinute: (arrived - firstOfWindow) / 10 },
      round: round && { deadline: dayStart + round.is.deadlineMs, workMs: round.leftMs },
      hasRounds: hasTasks,
      ceiling: machine.ceiling,
      needs: machine.needs,
      threads: machine.threads,
      lamportsPerMinute: options.lamportsPerMinute ?? { inference: null, training: null },
      isAsked: false,
      random: random(),
    });
    const { mode, reason, allowance } = step.allocation;
    if (mode !== state.mode) {
      const isEarly = state.mode !== 'none' && dayStart + atMs < state.settledUntil;
      result.changes.push({ atMs, from: state.mode, to: mode, reason, isEarly });
      for (const kind of ['inference', 'training'] as const)
        if ((mode === kind || mode === 'both') && state.mode !== kind && state.mode !== 'both')
          readyAt[kind] = atMs + loadMs;
    }
    if (mode === state.mode && allowance.training.threads !== trainingThreads) result.threadChanges += 1;
    trainingThreads = allowance.training.threads;
    state = step.state;
    takesRounds = step.allocation.takesRounds;
    result.modeMs[mode] += stepMs;
    for (const kind of ['ramBytes', 'gpuBytes'] as const)
      result.overCeiling[kind] = Math.max(
        result.overCeiling[kind],
        allowance.inference[kind] + allowance.training[kind] - machine.ceiling[kind],
      );
    result.overCeiling.threads = Math.max(
      result.overCeiling.threads,
      allowance.inference.threads + allowance.training.threads - machine.threads,
    );

    const serves = (mode === 'inference' || mode === 'both') && atMs >= readyAt.inference;
    const trains = (mode === 'training' || mode === 'both') && atMs >= readyAt.training;
    if (serves) {
      while (running.length < slots && waiting.length > 0)
        running.push({ leftMs: (waiting.shift() as DayRequest).workMs });
      const doneMs = (stepMs * allowance.inference.threads) / machine.threads;
      running = running.map(({ leftMs }) => ({ leftMs: leftMs - doneMs })).filter(({ leftMs }) => leftMs > 0);
      result.served = arrived - waiting.length - running.length - result.gone;
    }
    if (trains && round) {
      round.leftMs = Math.max(0, round.leftMs - (stepMs * allowance.training.threads) / machine.threads);
      if (round.leftMs === 0) {
        if (couldBeMet(round.is, day, stepMs)) result.feasible.met += 1;
        round = null;
      }
    }
    const isUnserved = mode === 'training' && reason !== 'deadline' && !held.inference && waiting.length > 0;
    if (!isUnserved) unservedSince = atMs;
    const isUntrained = mode === 'inference' && !held.training && hasTasks;
    if (!isUntrained) untrainedSince = atMs;
    result.longestUnservedMs = Math.max(result.longestUnservedMs, atMs - unservedSince);
    result.longestUntrainedMs = Math.max(result.longestUntrainedMs, atMs - untrainedSince);
  }
  return result;
}
