import { AppError } from '#contract/errors.ts';
import type { OfferedTask } from '#contract/federated/rounds.ts';
import type { LocalTraining } from '#contract/federated/task.ts';
import { toAppError } from '#contract/result.ts';
import type { PrivacyStatus } from '#contract/training.ts';
import type { Clock } from '../clock.ts';
import { openPrivacyJournal } from './privacy/privacy-journal.ts';
import { openPrivacyLedger, type PrivacyLedger, type PrivacySpend } from './privacy/privacy-ledger.ts';
import type { RoundPrivacy } from './round-ports.ts';

export interface NodePrivacy extends RoundPrivacy {
  /** Whether one more round of a task is within the budget. */
  left(task: OfferedTask, examples: number): boolean;
  status(names: ReadonlyMap<string, string>): PrivacyStatus;
}

/**
 * What rounds spend of this computer's privacy. Where the file cannot be read nobody knows what was spent: `onFault` is told, the budget
 * counts as used up, and private rounds are refused with `training/privacy-ledger`. All else goes on.
 */
export function openRoundPrivacy(options: {
  file: string;
  clock: Clock;
  budget(): { epsilon: number; delta: number };
  onFault(error: unknown): void;
}): NodePrivacy {
  const { budget, clock } = options;
  const opened = tryToOpen();

  function tryToOpen(): PrivacyLedger | AppError {
    try {
      return openPrivacyLedger(openPrivacyJournal(options.file), budget, () => clock.now());
    } catch (thrown) {
      options.onFault(thrown);
      return toAppError(thrown, 'training/privacy-ledger');
    }
  }

  function demanded(): PrivacyLedger {
    if (opened instanceof AppError) throw opened;
    return opened;
  }

  return {
    check({ roundId, selected }) {
      const { offer, task, examples } = selected;
      const spend = spendOf({ round: roundId, task: task.taskId, training: offer.training, examples });
      if (!spend || demanded().isBooked(roundId)) return;
      demanded().demand(spend);
    },
    spend({ roundId, selected }, examples) {
      const { offer, task } = selected;
      const spend = spendOf({ round: roundId, task: task.taskId, training: offer.training, examples });
      if (!spend) return null;
      demanded().spend(spend);
      return demanded().alone(spend);
    },
    left({ task, training }, examples) {
      const spend = spendOf({ round: 'next', task: task.taskId, training, examples });
      return spend === null || (!(opened instanceof AppError) && opened.preview(spend).isWithinBudget);
    },
    status(names) {
      const { epsilon, byTask } =
        opened instanceof AppError ? { epsilon: budget().epsilon, byTask: {} } : opened.spent();
      return {
        budgetEpsilon: budget().epsilon,
        delta: budget().delta,
        spentEpsilon: epsilon,
        tasks: Object.entries(byTask).map(([taskId, spent]) => ({
          taskId,
          name: names.get(taskId) ?? taskId,
          ...spent,
        })),
      };
    },
  };
}

/** One round's DP-SGD as the accountant counts it: Poisson samples of `batchSize` of the examples, over all epochs. Null without privacy. */
function spendOf(round: {
  round: string;
  task: string;
  training: LocalTraining;
  examples: number;
}): PrivacySpend | null {
  const { privacy, batchSize, epochs } = round.training;
  if (!privacy) return null;
  return {
    task: round.task,
    round: round.round,
    samplingRate: Math.min(1, batchSize / round.examples),
    noiseMultiplier: privacy.noiseMultiplier,
    steps: epochs * Math.ceil(round.examples / batchSize),
  };
}
