import { z } from 'zod';
import { AppError } from '#contract/errors.ts';
import { epsilonOf } from './conversion.ts';
import type { PrivacyJournal } from './privacy-journal.ts';
import { renyiOfStep, renyiOrders } from './renyi.ts';

interface PrivacyTarget {
  epsilon: number;
  delta: number;
}

/** The network's defaults. */
export const defaultPrivacyBudget: PrivacyTarget = { epsilon: 8, delta: 1e-5 };

const spendSchema = z.strictObject({
  v: z.literal(1),
  /** Unix milliseconds. */
  atMs: z.int().min(0),
  task: z.string().min(1).max(128),
  round: z.string().min(1).max(128),
  samplingRate: z.number().min(0).max(1),
  noiseMultiplier: z.number().positive(),
  /** Noisy steps whose results leave the node. */
  steps: z.int().min(1),
});
/** What one upload gives away. */
export type PrivacySpend = Omit<z.infer<typeof spendSchema>, 'v' | 'atMs'>;

export interface PrivacySpent {
  /** Of all tasks together: they are trained on the same data. */
  epsilon: number;
  byTask: Record<string, { epsilon: number; rounds: number }>;
}

/**
 * What a node's data has given away. Each upload is booked before it leaves; divergences are added at each order and only their sum is
 * converted to ε, which charges much less than adding ε up. Entries are never removed.
 */
export interface PrivacyLedger {
  spent(): PrivacySpent;
  isBooked(round: string): boolean;
  /** ε of this alone, as if nothing had been spent before. */
  alone(spend: PrivacySpend): number;
  /** Throws `training/privacy-budget` where the budget would be passed; books nothing. */
  demand(spend: PrivacySpend): void;
  /** ε of all tasks if this were spent too; books nothing. */
  preview(spend: PrivacySpend): { epsilon: number; isWithinBudget: boolean };
  /**
   * Books it, on the disk when this returns; the upload may go out then and not before. A round is booked once: after a restart it is
   * spent already. Throws `training/privacy-budget` and books nothing where the budget would be passed.
   */
  spend(spend: PrivacySpend): { epsilon: number };
}

/** Throws `training/privacy-ledger` for a journal that cannot be read: what was spent is not known, so nothing more may be. */
export function openPrivacyLedger(
  journal: PrivacyJournal,
  budget: () => PrivacyTarget = () => defaultPrivacyBudget,
  nowMs: () => number = Date.now,
): PrivacyLedger {
  const perStep = new Map<string, number[]>();
  const byTask = new Map<string, number[]>();
  /** Rounds that are booked, and their tasks. */
  const rounds = new Map<string, string>();
  for (const [index, line] of journal.lines().entries()) {
    const entry = parsedLine(line);
    if (!entry)
      throw new AppError('training/privacy-ledger', `Line ${index + 1} of the privacy ledger is not valid.`);
    add(entry);
  }

  function divergencesOf({ samplingRate, noiseMultiplier, steps }: PrivacySpend): number[] {
    const id = `${samplingRate} ${noiseMultiplier}`;
    const known =
      perStep.get(id) ?? renyiOrders.map((order) => renyiOfStep({ samplingRate, noiseMultiplier }, order));
    perStep.set(id, known);
    return known.map((divergence) => divergence * steps);
  }

  function add(spend: PrivacySpend): void {
    rounds.set(spend.round, spend.task);
    const before = byTask.get(spend.task);
    const more = divergencesOf(spend);
    byTask.set(spend.task, before ? sum(before, more) : more);
  }

  const nothing = renyiOrders.map(() => 0);
  const ofAll = () => [...byTask.values()].reduce(sum, nothing);
  const epsilon = (divergences: number[]) => epsilonOf(divergences, budget().delta).epsilon;

  function preview(spend: PrivacySpend) {
    const after = epsilon(sum(ofAll(), divergencesOf(spend)));
    return { epsilon: after, isWithinBudget: after <= budget().epsilon };
  }

  function demand(spend: PrivacySpend): void {
    const after = preview(spend);
    if (after.isWithinBudget) return;
    const { epsilon: most, delta } = budget();
    throw new AppError(
      'training/privacy-budget',
      `This round would bring ε to ${after.epsilon.toFixed(2)} of ${most}.`,
      { data: { spent: epsilon(ofAll()), after: after.epsilon, budget: most, delta } },
    );
  }

  return {
    demand,
    spent: () => ({
      epsilon: byTask.size === 0 ? 0 : epsilon(ofAll()),
      byTask: Object.fromEntries(
        [...byTask].map(([task, divergences]) => [
          task,
          {
            epsilon: epsilon(divergences),
            rounds: [...rounds.values()].filter((one) => one === task).length,
          },
        ]),
      ),
    }),
    isBooked: (round) => rounds.has(round),
    alone: (spend) => epsilon(divergencesOf(spend)),
    preview,
    spend(spend) {
      const entry = spendSchema.parse({ v: 1, atMs: nowMs(), ...spend });
      if (rounds.has(spend.round)) return { epsilon: epsilon(ofAll()) };
      demand(spend);
      journal.append(JSON.stringify(entry));
      add(spend);
      return { epsilon: epsilon(ofAll()) };
    },
  };
}

const sum = (one: readonly number[], other: readonly number[]): number[] =>
  one.map((value, index) => value + (other[index] ?? 0));

function parsedLine(line: string): PrivacySpend | null {
  try {
    return spendSchema.parse(JSON.parse(line));
  } catch {
    return null;
  }
}
