import type { ModeReason, WorkMode } from '#contract/hybrid.ts';
import type { Allocation, ArbiterInputs, ArbiterState } from './allocation.ts';
import { allowancesIn, fits, fitsBoth, threadsBeside } from './allowances.ts';
import { isHopeless, slackOf, threadsFor } from './round-slack.ts';
import { soundInputs, soundState } from './sound-inputs.ts';
import {
  dwellMs,
  gainOf,
  hasWaitedEnough,
  jitterMs,
  type Kind,
  leastGain,
  mostWorkedMs,
  otherKind,
  workedUntil,
} from './turns.ts';

/** From this many waiting requests on, training that only filled a gap makes way at once. */
const waitingThatHurry = 4;
/** Training that a deadline called goes on until there is this much time to spare. */
const releasedSlackMs = 15 * 60_000;
/** What must be free beside both needs before they are put side by side, so that a little more use does not part them again. */
const headroomBeside = 0.05;

/** `isUrgent` passes over the dwell. */
interface Choice {
  mode: WorkMode;
  reason: ModeReason;
  isUrgent: boolean;
}

/** An arbiter that has decided nothing yet. `now` in Unix ms. */
export function newArbiterState(now: number): ArbiterState {
  return {
    mode: 'none',
    reason: 'nothing-on',
    since: now,
    settledUntil: now,
    worked: { inference: 0, training: 0 },
    boostThreads: 0,
    workSeenAt: now,
    at: now,
  };
}

/**
 * What the machine is used for, decided anew every few seconds. Side by side where both needs fit below the ceiling; else in
 * turns, whose lengths follow the slider (`turns.ts`). 0 %: no training while serving is switched on, even while it is held.
 * 100 %: no serving while training has rounds and may work; without them for longer than the dwell, serving fills the gap.
 * Pure: the same state and inputs give the same answer. Figures that make no sense count as unknown.
 */
export function arbitrate(
  state: ArbiterState,
  given: ArbiterInputs,
): { state: ArbiterState; allocation: Allocation } {
  const inputs = soundInputs(given, state.at);
  const { now } = inputs;
  const bounds = { settleMs: dwellMs + jitterMs, workedMs: mostWorkedMs };
  const before = soundState(state, now, bounds);
  const workSeenAt = hasWork(inputs) ? now : before.workSeenAt;
  const known = { ...before, worked: workedUntil(before, inputs), workSeenAt, at: now };
  const choice = choose(known, inputs);
  const mayChange = choice.isUrgent || inputs.isAsked || known.mode === 'none' || now >= known.settledUntil;
  const next =
    !mayChange && choice.mode !== known.mode ? known : { ...known, ...chosen(known, choice, inputs) };
  const trainingThreads = besideThreads(next, inputs);
  const settled = { ...next, boostThreads: trainingThreads.boost };
  return {
    state: settled,
    allocation: {
      mode: settled.mode,
      reason: settled.reason,
      allowance: allowancesIn(settled.mode, inputs, trainingThreads.threads),
      takesRounds: takesRounds(settled, inputs),
    },
  };
}

function chosen(state: ArbiterState, choice: Choice, inputs: ArbiterInputs): Partial<ArbiterState> {
  if (choice.mode === state.mode) return { reason: choice.reason };
  const settleMs = choice.mode === 'none' ? 0 : dwellMs + inputs.random * jitterMs;
  return {
    mode: choice.mode,
    reason: choice.reason,
    since: inputs.now,
    settledUntil: inputs.now + settleMs,
  };
}

/** What stands in the way of a kind, null for nothing. */
function hindranceOf(kind: Kind, inputs: ArbiterInputs): ModeReason | null {
  if (!inputs.can[kind]) return 'only-kind';
  if (inputs.held[kind]) return 'held';
  return inputs.threads >= 1 && fits(inputs.needs[kind], inputs.ceiling) ? null : 'no-memory';
}

const hasDemand = ({ demand }: ArbiterInputs) =>
  demand.running > 0 || demand.waiting > 0 || demand.perMinute > 0;

/** The round whose deadline can still be met. */
const liveRound = ({ round, now }: ArbiterInputs) => (round && !isHopeless(round, now) ? round : null);

const hasWork = (inputs: ArbiterInputs) => inputs.hasRounds || liveRound(inputs) !== null;

/** Between two rounds nothing is given up: as long as a dwell, unless requests wait for the machine meanwhile. */
function isBetweenRounds(state: ArbiterState, inputs: ArbiterInputs): boolean {
  const isLately = inputs.now - state.workSeenAt < dwellMs;
  if (state.mode === 'both') return isLately;
  return (
    state.mode === 'training' && isLately && (inputs.sharePercent === 100 || inputs.demand.waiting === 0)
  );
}

function choose(state: ArbiterState, inputs: ArbiterInputs): Choice {
  const { sharePercent } = inputs;
  const work = hasWork(inputs) || isBetweenRounds(state, inputs);
  const hindrance = {
    inference: hindranceOf('inference', inputs),
    training: hindranceOf('training', inputs),
  };
  const isWorking = (kind: Kind) => state.mode === 'both' || state.mode === kind;
  const isForced =
    (isWorking('inference') && hindrance.inference !== null) ||
    (isWorking('training') && hindrance.training !== null) ||
    (state.mode === 'both' && !fitsBoth(inputs, 0));
  const to = (mode: WorkMode, reason: ModeReason, isUrgent = false): Choice => ({
    mode,
    reason,
    isUrgent: isUrgent || isForced,
  });

  const isTrainingOff = sharePercent === 0 && inputs.can.inference;
  const isServingOff = sharePercent === 100 && hindrance.training === null && work;
  const serves = hindrance.inference === null && !isServingOff;
  const trains = hindrance.training === null && !isTrainingOff;
  if (!serves && !trains) return to('none', reasonForNone(hindrance, isTrainingOff));
  if (!trains) return to('inference', hindrance.training ?? 'slider');
  if (isServingOff && isPressing(state, inputs, 'in-turns')) return to('training', 'deadline', true);
  if (!serves) return to('training', hindrance.inference ?? 'slider');
  if (!work)
    return to(
      'inference',
      'no-round',
      state.mode === 'training' && inputs.demand.waiting >= waitingThatHurry,
    );
  if (fitsBoth(inputs, state.mode === 'both' ? 0 : headroomBeside)) {
    const isAlone = isPressing(state, inputs, 'beside');
    return isAlone ? to('training', 'deadline', true) : to('both', 'both-fit');
  }
  if (isPressing(state, inputs, 'in-turns')) return to('training', 'deadline', true);
  return chooseTurn(state, inputs, to);
}

function reasonForNone(hindrance: Record<Kind, ModeReason | null>, isTrainingOff: boolean): ModeReason {
  const reasons = [hindrance.inference, isTrainingOff ? 'slider' : hindrance.training];
  if (reasons.includes('held')) return 'held';
  return reasons.includes('no-memory') ? 'no-memory' : 'nothing-on';
}

/** Whether a deadline asks for the whole machine now, or goes on asking for it. */
function isPressing(state: ArbiterState, inputs: ArbiterInputs, arrangement: 'beside' | 'in-turns'): boolean {
  const round = liveRound(inputs);
  if (!round) return false;
  const slackMs = slackOf(round, inputs.now);
  if (state.mode === 'training') {
    // Leaving it for less than a turn is no use.
    const stayMs = state.reason === 'deadline' ? releasedSlackMs : dwellMs + jitterMs;
    if (arrangement === 'in-turns' || state.reason === 'deadline') return slackMs <= stayMs;
  }
  const needsAll =
    arrangement === 'beside' && threadsFor(round, inputs.now, inputs.threads) >= inputs.threads;
  return needsAll || slackMs <= 0;
}

function chooseTurn(
  state: ArbiterState,
  inputs: ArbiterInputs,
  to: (mode: WorkMode, reason: ModeReason, isUrgent?: boolean) => Choice,
): Choice {
  if (!hasDemand(inputs)) return to('training', 'demand');
  const isKind = state.mode === 'inference' || state.mode === 'training';
  // From nothing, or from both: whichever is owed more.
  if (!isKind) return to(owedMore(state.worked, inputs.sharePercent), 'share');
  const present = state.mode as Kind;
  const next = otherKind(present);
  const { gain, gainWithoutEarnings } = gainOf(next, state.worked, inputs);
  const needed = inputs.isAsked ? 0 : leastGain;
  const waitedMs = inputs.now - state.since;
  const hasWaited = hasWaitedEnough(next, waitedMs, state.worked, inputs.sharePercent);
  if (gain < needed && !hasWaited) return to(present, state.reason === 'earnings' ? 'earnings' : 'share');
  const isFillingGap = present === 'training' && state.reason === 'demand';
  const hurries = isFillingGap && inputs.demand.waiting >= waitingThatHurry;
  const reason = isFillingGap ? 'demand' : gainWithoutEarnings >= needed || hasWaited ? 'share' : 'earnings';
  return to(next, reason, hurries);
}

function owedMore({ inference, training }: ArbiterState['worked'], sharePercent: number): Kind {
  const total = inference + training;
  const recent = total > 0 ? (100 * training) / total : 50;
  return recent < sharePercent ? 'training' : 'inference';
}

/** Training's threads beside serving, and what of them a deadline has asked for: kept until half of it would do. */
function besideThreads(state: ArbiterState, inputs: ArbiterInputs): { threads: number; boost: number } {
  if (state.mode !== 'both') return { threads: 0, boost: 0 };
  const byShare = threadsBeside(inputs.threads, inputs.sharePercent);
  const round = liveRound(inputs);
  const needed = round ? Math.min(inputs.threads - 1, threadsFor(round, inputs.now, inputs.threads)) : 0;
  const kept = needed * 2 > state.boostThreads ? Math.min(state.boostThreads, inputs.threads - 1) : 0;
  const boost = needed > byShare || kept > 0 ? Math.max(needed, kept) : 0;
  // Threads that no request uses are lent.
  if (!hasDemand(inputs)) return { threads: inputs.threads - 1, boost };
  return { threads: Math.max(byShare, boost), boost };
}

function takesRounds(state: ArbiterState, inputs: ArbiterInputs): boolean {
  if (state.mode === 'both') return true;
  if (state.mode !== 'training') return false;
  const isAlone = hindranceOf('inference', inputs) !== null || inputs.sharePercent === 100;
  return isAlone || !hasDemand(inputs) || gainOf('inference', state.worked, inputs).gain < leastGain;
}
