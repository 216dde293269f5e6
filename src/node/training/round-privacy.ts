import { AppError } from '#contract/errors.ts';
import type { OfferedTask } from '#contract/federated/rounds.ts';
import type { LocalTraining } from '#contract/federated/task.ts';
import { errorBody, toAppError } from '#contract/result.ts';
import type { PrivacyStatus } from '#contract/training.ts';
import type { Clock } from '../clock.ts';
import { openPrivacyJournal } from './privacy/privacy-journal.ts';
import { openPrivacyLedger, type PrivacyLedger, type PrivacySpend } from './privacy/privacy-ledger.ts';
import type { RoundPrivacy } from './round-ports.ts';

export interface NodePrivacy extends RoundPrivacy {
  /** Why one more round of a task may not be: `training/privacy-budget` or `training/privacy-ledger`; null when it may. */
  fault(task: OfferedTask, examples: number): AppError | null;
  status(names: ReadonlyMap<string, string>): PrivacyStatus;
}

/**
 * What rounds spend of this computer's privacy. Where the file cannot be read, what was spent is not known: then no private round is
 * taken part in (`training/privacy-ledger`), and everything else goes on.
 */
export function openRoundPrivacy(options: {
  file: string;
  clock: Clock;
  budget(): { epsilon: number; delta: number };
}): NodePrivacy {
  const { budget, clock } = options;
  const opened = openLedger();

  function openLedger(): PrivacyLedger | AppError {
    try {
      return openPrivacyLedger(openPrivacyJournal(options.file), budget, () => clock.now());
    } catch (thrown) {
      const { message } = toAppError(thrown, 'training/privacy-ledger');
      return new AppError('training/privacy-ledger', `${message} It is at ${options.file}.`, {
        cause: thrown,
      });
    }
  }

  function readLedger(): PrivacyLedger {
    if (opened instanceof AppError) throw opened;
    return opened;
  }

  return {
    check({ roundId, selected }) {
      const { offer, task, examples } = selected;
      const spend = spendOf({ round: roundId, task: task.taskId, training: offer.training, examples });
      if (!spend || readLedger().isBooked(roundId)) return;
      readLedger().demand(spend);
    },
    spend({ roundId, selected }, examples) {
      const { offer, task } = selected;
      const spend = spendOf({ round: roundId, task: task.taskId, training: offer.training, examples });
      if (!spend) return null;
      readLedger().spend(spend);
      return readLedger().alone(spend);
    },
    fault({ task, training }, examples) {
      const spend = spendOf({ round: 'next', task: task.taskId, training, examples });
      if (spend === null) return null;
      try {
        readLedger().demand(spend);
        return null;
      } catch (thrown) {
        return toAppError(thrown);
      }
    },
    status(names) {
      const { epsilon: budgetEpsilon, delta } = budget();
      if (opened instanceof AppError)
        return { budgetEpsilon, delta, spentEpsilon: 0, tasks: [], error: errorBody(opened) };
      const { epsilon, byTask } = opened.spent();
      return {
        budgetEpsilon,
        delta,
        error: null,
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
