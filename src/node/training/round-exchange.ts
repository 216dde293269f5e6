import { AppError } from '#contract/errors.ts';
import type { PostedStage, RoundOutcome, RoundStage, RoundState } from '#contract/federated/rounds.ts';
import { toAppError } from '#contract/result.ts';
import type { Clock } from '../clock.ts';
import type { FederatedCalls } from '../link/federated-calls.ts';
import { remedyFor } from './retry.ts';

/** A gateway that answers at once that nothing is new is not asked again sooner. */
const leastPollMs = 250;

/** A round's talk with its gateway: tried again by the rule for each failure, within the deadline. */
export interface RoundExchange {
  persist<T>(work: () => Promise<T>): Promise<T>;
  send(stage: PostedStage, body: unknown): Promise<void>;
  /**
   * What stage `wanted`, or the end of the round, has for this node; `after` is the stage that is known. Throws
   * `training/deadline-passed` where neither comes.
   */
  reach(wanted: RoundStage, after: RoundStage | null): Promise<RoundState>;
}

export function createRoundExchange(options: {
  roundId: string;
  /** Until when trying again makes sense. */
  deadlineMs(): number;
  calls: FederatedCalls;
  clock: Clock;
  random(): number;
  /** When the next try comes, while one waits. */
  onRetry(atMs: number | null): void;
  signal: AbortSignal;
}): RoundExchange {
  const { roundId, calls, clock, signal } = options;

  async function persist<T>(work: () => Promise<T>): Promise<T> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await work();
      } catch (thrown) {
        signal.throwIfAborted();
        const error = toAppError(thrown);
        const nowMs = clock.now();
        const remedy = remedyFor(error, {
          attempt,
          nowMs,
          deadlineMs: options.deadlineMs(),
          random: options.random(),
        });
        if (remedy.kind === 'give-up') throw error;
        if (remedy.kind === 'resume') continue;
        options.onRetry(nowMs + remedy.pauseMs);
        await clock.sleep(remedy.pauseMs, signal);
        options.onRetry(null);
      }
    }
  }

  return {
    persist,
    send: (stage, body) => persist(() => calls.send(roundId, stage, body, signal)),
    async reach(wanted, after) {
      for (let known = after; ; ) {
        const askedAt = clock.now();
        const state = await persist(() => calls.round(roundId, known, signal));
        if (state.stage === wanted || isEnd(state)) return state;
        const now = clock.now();
        if (now >= options.deadlineMs())
          throw new AppError('training/deadline-passed', 'The gateway did not end the round.');
        if (state.stage === known && now - askedAt < leastPollMs) await clock.sleep(leastPollMs, signal);
        known = state.stage;
      }
    },
  };
}

export const isEnd = ({ stage }: RoundState): boolean => stage === 'done' || stage === 'failed';

/** How a round that has ended ended. Throws `link/bad-answer` where the gateway does not say. */
export function outcomeOf({ outcome }: RoundState): RoundOutcome {
  if (outcome) return outcome;
  throw new AppError('link/bad-answer', 'The gateway ended the round without saying how.');
}
