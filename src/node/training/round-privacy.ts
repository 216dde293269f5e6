import type { OfferedTask } from '#contract/federated/rounds.ts';
import type { PrivacyStatus } from '#contract/training.ts';
import type { Clock } from '../clock.ts';
import type { RoundPrivacy } from './round-ports.ts';
export function openRoundPrivacy(options: {
  file: string;
  clock: Clock;
  budget(): { epsilon: number; delta: number };
}): RoundPrivacy & {
  left(task: OfferedTask, examples: number): boolean;
  status(names: ReadonlyMap<string, string>): PrivacyStatus;
} {
  return {
    check: () => {},
    spend: () => null,
    left: () => true,
    status: () => ({
      budgetEpsilon: options.budget().epsilon,
      delta: options.budget().delta,
      spentEpsilon: 0,
      tasks: [],
    }),
  };
}
