import type { ArbiterInputs, ArbiterState } from './allocation.ts';

const minute = 60_000;

export type Kind = 'inference' | 'training';
export const otherKind = (kind: Kind): Kind => (kind === 'inference' ? 'training' : 'inference');

/** No mode is left before it has lasted this long, and up to the jitter longer, so that nodes do not change all at once. */
export const dwellMs = 5 * minute;
export const jitterMs = 1.5 * minute;
/** The least turn on average. */
const turnMs = dwellMs + jitterMs / 2;

/** A change is made for a gain of at least 12 %. */
export const leastGain = 0.12;

const halfLifeMs = 30 * minute;
/** What never-ending work adds up to while it fades: half-life / ln 2. */
export const mostWorkedMs = halfLifeMs / Math.LN2;
const keptOver = (ms: number) => 2 ** (-ms / halfLifeMs);

/** Longer than this between two decisions the computer slept; it did not work. */
const longestStepMs = minute;

/** The working times, faded, with what the mode has added since the last decision. */
export function workedUntil(state: ArbiterState, inputs: ArbiterInputs): ArbiterState['worked'] {
  const elapsedMs = Math.max(0, inputs.now - state.at);
  const keep = keptOver(elapsedMs);
  const addedMs = mostWorkedMs * (1 - keptOver(Math.min(elapsedMs, longestStepMs)));
  const trainingShare = { none: 0, inference: 0, training: 1, both: inputs.sharePercent / 100 }[state.mode];
  const inferenceShare = state.mode === 'none' ? 0 : 1 - trainingShare;
  return {
    inference: state.worked.inference * keep + addedMs * inferenceShare,
    training: state.worked.training * keep + addedMs * trainingShare,
  };
}

/** Earnings lean the choice, and no more: a kind that earns more counts up to 1.25 times. */
const greatestLean = 1.25;
function leanTo(kind: Kind, rates: ArbiterInputs['lamportsPerMinute']): number {
  const [own, other] = [rates[kind], rates[otherKind(kind)]];
  if (own === null || other === null || own === other) return 1;
  return Math.min(greatestLean, Math.max(1 / greatestLean, other === 0 ? greatestLean : own / other));
}

/**
 * How much better it is to change to `kind` than to go on with the other: 0.12 for 12 %. A kind's worth is its share by the
 * slider over its share of the recent working time, the new kind's as it would be after its turn, times the ratio of earnings.
 */
export function gainOf(
  kind: Kind,
  worked: ArbiterState['worked'],
  inputs: ArbiterInputs,
): { gain: number; gainWithoutEarnings: number } {
  const other = otherKind(kind);
  const target = kind === 'training' ? inputs.sharePercent / 100 : 1 - inputs.sharePercent / 100;
  const kept = keptOver(turnMs);
  const turn = mostWorkedMs * (1 - kept);
  const total = worked.inference + worked.training;
  const after = (worked[kind] * kept + turn) / (total * kept + turn);
  const recentOfOther = total > 0 ? worked[other] / total : 1 - target;
  const ratio = ((target / after) * recentOfOther) / (1 - target);
  return {
    gain: Number.isNaN(ratio) ? 0 : ratio * leanTo(kind, inputs.lamportsPerMinute) - 1,
    gainWithoutEarnings: Number.isNaN(ratio) ? 0 : ratio - 1,
  };
}

const wellBelow = 0.6;
const shortestWaitMs = 25 * minute;
const longestWaitMs: Record<Kind, number> = { inference: 55 * minute, training: 240 * minute };

/**
 * Whether a kind has waited `waitedMs` long enough to get its turn whatever the gain. Well below its share: until a least turn is the
 * slider's share of turn and wait, 25 minutes at least. In any case serving after 55 minutes and training after four hours.
 */
export function hasWaitedEnough(
  kind: Kind,
  waitedMs: number,
  worked: ArbiterState['worked'],
  sharePercent: number,
): boolean {
  if (waitedMs >= longestWaitMs[kind]) return true;
  const target = kind === 'training' ? sharePercent / 100 : 1 - sharePercent / 100;
  const isBelow = worked[kind] < wellBelow * target * (worked.inference + worked.training);
  return isBelow && waitedMs >= Math.max(shortestWaitMs, (turnMs * (1 - target)) / target);
}

/** Share of time that training gets in turns, 0–1: the slider's, or what its least turns and serving's come to near the ends. */
export function trainingTimeAt(sharePercent: number): number {
  const least = turnMs / (turnMs + longestWaitMs.training);
  const most = longestWaitMs.inference / (turnMs + longestWaitMs.inference);
  return Math.min(most, Math.max(least, sharePercent / 100));
}
