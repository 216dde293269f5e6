import type { OfferedTask } from '#contract/federated/rounds.ts';
import type { LocalTraining } from '#contract/federated/task.ts';
import type { PrivacyStatus } from '#contract/training.ts';
import type { Clock } from '../clock.ts';
import { openPrivacyJournal } from './privacy/privacy-journal.ts';
import { openPrivacyLedger, type PrivacySpend } from './privacy/privacy-ledger.ts';
import type { RoundPrivacy } from './round-ports.ts';

export interface NodePrivacy extends RoundPrivacy {
  /** Whether one more round of a task is within the budget. */
  left(task: OfferedTask, examples: number): boolean;
  status(names: ReadonlyMap<string, string>): PrivacyStatus;
}

/** What rounds spend of this computer's privacy. Throws `training/privacy-ledger` where the file cannot be read. */
export function openRoundPrivacy(options: {
  file: string;
  clock: Clock;
  budget(): { epsilon: number; delta: number };
}): NodePrivacy {
  const { budget, clock } = options;
  const ledger = openPrivacyLedger(openPrivacyJournal(options.file), budget, () => clock.now());

  return {
    check({ roundId, selected }) {
      const { offer, task, examples } = selected;
      const spend = spendOf({ round: roundId, task: task.taskId, training: offer.training, examples });
      if (!spend || ledger.isBooked(roundId)) return;
      ledger.demand(spend);
    },
    spend({ roundId, selected }, examples) {
      const { offer, task } = selected;
      const spend = spendOf({ round: roundId, task: task.taskId, training: offer.training, examples });
      if (!spend) return null;
      ledger.spend(spend);
      return ledger.alone(spend);
    },
    left({ task, training }, examples) {
      const spend = spendOf({ round: 'next', task: task.taskId, training, examples });
      return spend === null || ledger.preview(spend).isWithinBudget;
    },
    status(names) {
      const { epsilon, byTask } = ledger.spent();
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
