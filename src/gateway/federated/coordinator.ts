import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '#contract/errors.ts';
import type {
  JoinAnswer,
  JoinRequest,
  OfferedTask,
  PostedStage,
  RoundStage,
  RoundState,
  TakenAnswer,
} from '#contract/federated/rounds.ts';
import { mostUpdateOverheadBytes } from '#contract/federated/update-frame.ts';
import { toAppError, unwrap } from '#contract/result.ts';
import type { Books } from '../books.ts';
import { sha256Hex, type TextSigner } from '../ed25519.ts';
import type { Round } from './round.ts';
import type { RoundBook } from './round-book.ts';
import { openStoredBlobs } from './stored-blobs.ts';
import type { RunTask, TaskList } from './task-list.ts';
import { createTaskModels } from './task-models.ts';
import { createTaskRun, type JoiningNode, type TaskRun } from './task-run.ts';
import type { Trainer } from './trainer.ts';

const restartReason = 'The gateway was restarted during the round.';
const usualPollMs = 3000;
const usualTickMs = 250;

export interface Coordinator {
  runs(): readonly TaskRun[];
  /** Tasks that can't be run, with the reason in words. */
  refused(): TaskList['refused'];
  totals(taskId: string): ReturnType<RoundBook['totals']>;
  offered(): OfferedTask[];
  /** Throws `training/unknown-task` and `training/task-changed`. */
  join(node: JoiningNode, request: JoinRequest): JoinAnswer;
  /** Throws `training/unknown-model`. */
  model(sha256: string): Buffer;
  /** Most bytes of an update's body. Throws `training/unknown-round`, `training/not-a-participant`. */
  mostUpdateBytes(roundId: string, nodeKey: string): number;
  receive(roundId: string, stage: PostedStage, nodeKey: string, body: Uint8Array): TakenAnswer;
  /** Answers when the round has left stage `after` for this node, at the latest after `waitMs`. */
  state(
    roundId: string,
    nodeKey: string,
    wait: { after: RoundStage | null; waitMs: number; signal: AbortSignal },
  ): Promise<RoundState>;
  leave(roundId: string, nodeKey: string): void;
  /** Ends what is due and begins what can be; called by a timer of its own too. */
  tick(): void;
  close(): Promise<void>;
}

export interface CoordinatorOptions {
  key: TextSigner;
  books: Books;
  book: RoundBook;
  dir: string;
  tasks: TaskList;
  /** Null: models are not evaluated. */
  trainer: Trainer | null;
  now(): number;
  pollMs?: number;
  /** Null: only the caller ticks. */
  tickMs?: number | null;
}

/** Runs the rounds of all tasks. Rounds that were under way when the gateway last ended are failed first. */
export function createCoordinator(options: CoordinatorOptions): Coordinator {
  const { book } = options;
  const roundsDir = join(options.dir, 'rounds');
  const files = {
    models: openStoredBlobs(join(options.dir, 'models')),
    memories: openStoredBlobs(join(options.dir, 'memories')),
  };
  const runs: TaskRun[] = [];
  const refused = [...options.tasks.refused];
  /** Those under way. */
  const rounds = new Map<string, Round>();
  /** Values in an update of each task's last round: one that has ended is still told the same again. */
  const lastValues = new Map<string, number>();
  const listeners = new Set<() => void>();

  rmSync(roundsDir, { recursive: true, force: true });
  mkdirSync(roundsDir, { recursive: true });
  failUnfinished(book);
  for (const task of options.tasks.tasks) openTask(task);
  const timer = options.tickMs === null ? null : setInterval(tick, options.tickMs ?? usualTickMs).unref();

  function openTask(task: RunTask): void {
    try {
      const models = createTaskModels(task, { files, book });
      const run = createTaskRun(task, models.open(), {
        ...options,
        models,
        roundsDir,
        pollMs: options.pollMs ?? usualPollMs,
        payout: { books: options.books, book, gatewayKey: options.key.publicKey },
        isBusy,
        onChange: notify,
      });
      runs.push(run);
    } catch (thrown) {
      refused.push({ entry: task.config.task.taskId, reason: toAppError(thrown).message });
    }
  }

  function isBusy(nodeKey: string): boolean {
    return runs.some(
      ({ round }) =>
        round?.offer.node_keys.includes(nodeKey) === true && round.droppedBecause(nodeKey) === null,
    );
  }

  function notify(): void {
    for (const { round } of runs) {
      if (!round) continue;
      rounds.set(round.offer.round_id, round);
      lastValues.set(round.offer.task_id, round.updateValues);
    }
    for (const [roundId, { stage }] of rounds)
      if (
        (stage === 'done' || stage === 'failed') &&
        !runs.some(({ round }) => round?.offer.round_id === roundId)
      )
        rounds.delete(roundId);
    for (const listener of [...listeners]) listener();
  }

  function tick(): void {
    for (const run of runs) run.tick();
  }

  /** A round that has ended lives in the book alone. */
  function stateOf(roundId: string, nodeKey: string): RoundState {
    const round = rounds.get(roundId);
    if (round) return round.state(nodeKey);
    const ended = book.outcome(roundId, nodeKey);
    if (ended) {
      const { outcome, atMs } = ended;
      return { round_id: roundId, stage: outcome.state, deadline_ms: atMs, outcome };
    }
    throw notFound(roundId);
  }

  const notFound = (roundId: string) =>
    book.isKnown(roundId)
      ? new AppError('training/not-a-participant', `This node was not selected for round ${roundId}.`)
      : new AppError('training/unknown-round', `There is no round ${roundId}.`);

  return {
    runs: () => runs,
    refused: () => refused,
    totals: book.totals,
    offered: () => runs.filter(({ isOver }) => !isOver).map((run) => run.offered()),
    join(node, request) {
      const run = runs.find(({ task }) => task.config.task.taskId === request.task_id);
      if (run) return run.join(node, request);
      throw new AppError('training/unknown-task', `There is no task “${request.task_id}”.`);
    },
    model(sha256) {
      const bytes = files.models.read(sha256);
      if (bytes) return bytes;
      throw new AppError('training/unknown-model', `There is no model ${sha256.slice(0, 64)}.`);
    },
    mostUpdateBytes(roundId, nodeKey) {
      stateOf(roundId, nodeKey);
      const values = rounds.get(roundId)?.updateValues ?? Math.max(0, ...lastValues.values());
      return 4 * values + mostUpdateOverheadBytes;
    },
    receive(roundId, stage, nodeKey, body) {
      const round = rounds.get(roundId);
      if (round) return round.receive(stage, nodeKey, body);
      const state = stateOf(roundId, nodeKey);
      const before = book.message(roundId, stage, nodeKey);
      if (before?.bodySha256 === sha256Hex(body)) return unwrap(before.answer);
      throw new AppError('training/late', `The round is over: ${state.stage}.`, {
        data: { stage: state.stage },
      });
    },
    async state(roundId, nodeKey, { after, waitMs, signal }) {
      const first = stateOf(roundId, nodeKey);
      if (first.stage !== after || first.outcome) return first;
      const { promise, resolve } = Promise.withResolvers<void>();
      const listener = () => {
        if (stateOf(roundId, nodeKey).stage !== after) resolve();
      };
      const limit = setTimeout(resolve, waitMs);
      signal.addEventListener('abort', () => resolve(), { once: true });
      listeners.add(listener);
      await promise;
      clearTimeout(limit);
      listeners.delete(listener);
      return stateOf(roundId, nodeKey);
    },
    leave(roundId, nodeKey) {
      const round = rounds.get(roundId);
      if (round) round.leave(nodeKey);
      else stateOf(roundId, nodeKey);
    },
    tick,
    async close() {
      if (timer) clearInterval(timer);
      for (const { round } of runs) round?.abandon();
      for (const listener of [...listeners]) listener();
      await options.trainer?.close();
    },
  };
}

/** Its nodes are told when they ask; it counts neither for nor against them. */
function failUnfinished(book: RoundBook): void {
  for (const { roundId, nodes } of book.unfinished())
    book.transaction(() => {
      book.enter(roundId, 'failed', restartReason);
      for (const { nodeKey } of nodes)
        book.addOutcome(roundId, nodeKey, { state: 'failed', reason: restartReason }, null);
    });
}
