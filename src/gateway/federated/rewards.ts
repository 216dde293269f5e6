import type { RewardPart } from '#contract/federated/rounds.ts';
import { trainingFeeOf } from '#contract/money.ts';

/** Percent of the round's reward, by the network's rule. */
const partPercent = { data: 30, compute: 25, quality: 25, reliability: 20 } as const;
type Part = keyof typeof partPercent;
const parts = Object.keys(partPercent) as Part[];

/** What was seen of a node whose update is counted. */
export interface Contribution {
  nodeKey: string;
  /** Counted examples, capped as the weights are. */
  examples: number;
  /** From the offer's pick-up to the update's arrival; where the node says less, that. */
  seconds: number;
  /** As announced, at most the processors that it registered with. */
  threads: number;
  /** By how much its update alone lessens the loss on held-out data; null where that is not measured. */
  improvement: number | null;
  /** Completed of selected rounds so far, this one included: 0–1. */
  reliability: number;
}

export interface Reward {
  priceLamports: bigint;
  feeLamports: bigint;
  parts: RewardPart[];
  leftOut: string[];
}

/** Parts that can't be measured in a round, with the reason in words. */
export type Unmeasured = Partial<Record<Part, string>>;

/** Under secure aggregation an update is seen in the sum alone, and what a node says of its examples bears on nothing that is checked. */
export const unmeasuredWhenSecure: Unmeasured = {
  data: 'Data: under secure aggregation the number of examples is only claimed. Its part goes to the measured ones.',
  quality:
    'Quality: under secure aggregation no single update can be evaluated. Its part goes to the measured ones.',
};

/**
 * Divides a round's pool: 30 % by data, 25 % by compute, 25 % by quality, 20 % by reliability. Parts that can't be measured are divided
 * among the others in their proportion, so that a private round pays as much as another. Each amount is rounded down; what remains,
 * and a part of which nobody has a share, stays with the gateway. Fee: 3 %, rounded down.
 */
export function divideReward(
  poolLamports: bigint,
  contributions: readonly Contribution[],
  unmeasured: Unmeasured = {},
): Map<string, Reward> {
  const percents = percentsWithout(unmeasured);
  const shares = new Map(parts.map((part) => [part, sharesOf(part, contributions)]));
  const leftOut = parts.flatMap((part) => unmeasured[part] ?? []);
  return new Map(
    contributions.map(({ nodeKey }, index) => {
      const paid = parts.map((part): RewardPart => {
        const percent = percents[part];
        if (part in unmeasured) return { part, percent, share: null, lamports: '0' };
        const { units, total } = shares.get(part) as Shares;
        const unit = units[index] as bigint;
        const partPool = (poolLamports * BigInt(percent)) / 100n;
        const lamports = total === 0n ? 0n : (partPool * unit) / total;
        return {
          part,
          percent,
          share: total === 0n ? 0 : Number(unit) / Number(total),
          lamports: `${lamports}`,
        };
      });
      const priceLamports = paid.reduce((sum, { lamports }) => sum + BigInt(lamports), 0n);
      return [
        nodeKey,
        { priceLamports, feeLamports: trainingFeeOf(priceLamports), parts: paid, leftOut },
      ] as const;
    }),
  );
}

/** The measured parts' percents, scaled to 100 by largest remainders; 0 for the others. */
function percentsWithout(unmeasured: Unmeasured): Record<Part, number> {
  const measured = parts.filter((part) => !(part in unmeasured));
  const whole = measured.reduce((sum, part) => sum + partPercent[part], 0);
  const exact = (part: Part) => (100 * partPercent[part]) / whole;
  const percents = { data: 0, compute: 0, quality: 0, reliability: 0 };
  for (const part of measured) percents[part] = Math.floor(exact(part));
  const missing = 100 - Object.values(percents).reduce((sum, percent) => sum + percent, 0);
  const byRemainder = [...measured].sort((a, b) => (exact(b) % 1) - (exact(a) % 1));
  for (const part of byRemainder.slice(0, missing)) percents[part] += 1;
  return percents;
}

interface Shares {
  units: bigint[];
  total: bigint;
}

function sharesOf(part: Part, contributions: readonly Contribution[]): Shares {
  const values = contributions.map((one) => measured(part, one, contributions));
  // Scaled by a power of two, so that ratios stay as they are: integers of at most 2⁵², exact from here on.
  const scale = 2 ** (51 - Math.floor(Math.log2(Math.max(Number.MIN_VALUE, ...values))));
  const units = values.map((value) => (value === 0 ? 0n : BigInt(Math.round(value * scale))));
  return { units, total: units.reduce((sum, unit) => sum + unit, 0n) };
}

function measured(part: Part, one: Contribution, all: readonly Contribution[]): number {
  switch (part) {
    case 'data':
      return finite(one.examples);
    case 'compute':
      return Math.min(finite(one.seconds), medianSeconds(all)) * finite(one.threads);
    case 'quality':
      return finite(one.improvement ?? 0);
    case 'reliability':
      return finite(one.reliability);
  }
}

/** The lower median of those that took any time: who takes longer is paid as if he had not, so that dawdling pays nothing. */
function medianSeconds(all: readonly Contribution[]): number {
  const sorted = all
    .map(({ seconds }) => finite(seconds))
    .filter((seconds) => seconds > 0)
    .sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
}

/** What is no number, negative or next to nothing counts as nothing. */
const finite = (value: number) => (Number.isFinite(value) && value > 1e-200 ? value : 0);
