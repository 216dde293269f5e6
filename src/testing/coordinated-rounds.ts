import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AppError } from '#contract/errors.ts';
import { decodeParameters } from '#contract/federated/parameters.ts';
import type { RoundOffer, RoundOutcome, RoundStage, UpdateHead } from '#contract/federated/rounds.ts';
import { encodeUpdate, sealUpdate } from '#contract/federated/update-frame.ts';
import { type Books, openBooks } from '#gateway/books.ts';
import { openDatabase } from '#gateway/database.ts';
import { type Coordinator, createCoordinator } from '#gateway/federated/coordinator.ts';
import { openRoundBook } from '#gateway/federated/round-book.ts';
import { runTask } from '#gateway/federated/task-list.ts';
import { testTask } from './federated-task.ts';
import { newKey } from './scripted-api.ts';
import { createScriptedTrainer, scriptedStart } from './scripted-trainer.ts';

export const pollMs = 3000;

/** A coordinator whose clock the test turns, and nodes that are names. To be opened by each test; `remove` ends it. */
export function createCoordinatedRounds() {
  const gatewayKey = newKey();
  let shut = async () => {};
  const state = {
    dir: '',
    nowMs: Date.UTC(2026, 0, 1),
    gatewayKey,
    coordinator: null as unknown as Coordinator,
    books: null as unknown as Books,
    trainer: createScriptedTrainer(),
  };

  /** A task for each change of the usual one; again in the same folder it is a restart. */
  function open(...changes: Record<string, unknown>[]): void {
    state.dir ||= mkdtempSync(join(tmpdir(), 'coordinator-'));
    const database = openDatabase(join(state.dir, 'gateway.db'));
    const now = () => state.nowMs;
    const tasks = (changes.length === 0 ? [{}] : changes).map((change, index) =>
      runTask(testTask(change, `task-${index}`)),
    );
    state.books = openBooks(database, now);
    state.trainer = createScriptedTrainer();
    state.coordinator = createCoordinator({
      key: gatewayKey,
      books: state.books,
      book: openRoundBook(database, now),
      dir: state.dir,
      tasks: { tasks, refused: [] },
      trainer: state.trainer,
      now,
      pollMs,
      tickMs: null,
    });
    shut = async () => {
      shut = async () => {};
      await state.coordinator.close();
      database.close();
    };
  }

  /** The node asks to take part. */
  function ask(name: string, change: { task?: number; examples?: number; threads?: number } = {}) {
    const { task = 0, examples = 100, threads = 2 } = change;
    const offered = state.coordinator.offered()[task];
    return state.coordinator.join(
      { nodeKey: name, nodeId: `id-${name}`, processors: 4 },
      {
        task_id: offered?.task.taskId ?? '',
        task_sha256: offered?.task_sha256 ?? '',
        examples,
        engine: 'wasm',
        threads,
      },
    );
  }

  /** Lets these nodes ask, and the round begin; each has its offer. */
  function begin(...names: string[]): RoundOffer {
    for (const name of names) ask(name);
    state.coordinator.tick();
    const answers = names.map((name) => ask(name));
    const selected = answers.find((answer) => answer.status === 'selected');
    if (selected?.status !== 'selected') throw new Error('no round has begun');
    return selected.offer;
  }

  function sealed(
    offer: RoundOffer,
    name: string,
    delta: readonly number[] = [0.5, 0.5, 0.5, 0.5],
    head: Partial<UpdateHead> = {},
  ): Uint8Array {
    const frame = encodeUpdate(
      {
        round_id: offer.round_id,
        model_sha256: offer.model_sha256,
        length: delta.length,
        control: false,
        examples: 100,
        duration_ms: 60_000,
        steps: 10,
        ...head,
      },
      [new Float32Array(delta)],
    );
    return sealUpdate(frame, offer.update_key, {
      roundId: offer.round_id,
      nodeKey: name,
      modelSha256: offer.model_sha256,
    });
  }

  const post = (offer: RoundOffer, name: string, body: Uint8Array) =>
    state.coordinator.receive(offer.round_id, 'update', name, body);

  const look = (offer: RoundOffer, name: string, after: RoundStage | null = null) =>
    state.coordinator.state(offer.round_id, name, {
      after,
      waitMs: 5000,
      signal: new AbortController().signal,
    });

  async function outcome(offer: RoundOffer, name: string): Promise<RoundOutcome> {
    for (let after: RoundStage | null = null; ; ) {
      const seen = await look(offer, name, after);
      if (seen.outcome) return seen.outcome;
      if (seen.stage === after) throw new Error(`the round stays at ${after}`);
      after = seen.stage;
    }
  }

  return Object.assign(state, {
    open,
    ask,
    begin,
    sealed,
    post,
    send: (offer: RoundOffer, name: string, delta?: readonly number[], head?: Partial<UpdateHead>) =>
      post(offer, name, sealed(offer, name, delta, head)),
    look,
    outcome,
    async done(offer: RoundOffer, name: string) {
      const ended = await outcome(offer, name);
      if (ended.state === 'done') return ended;
      throw new Error(`the round failed: ${ended.reason}`);
    },
    /** By how much the newest model differs from the first, to six digits. */
    moved(): number[] {
      const bytes = state.coordinator.model(state.coordinator.offered()[0]?.model_sha256 ?? '');
      const weights = decodeParameters(testTask().task.model, bytes);
      return [...weights].map((value, at) => Math.round(1e6 * (value - (scriptedStart[at] ?? 0))) / 1e6 + 0);
    },
    shut: () => shut(),
    async remove() {
      await shut();
      rmSync(state.dir, { recursive: true });
      state.dir = '';
    },
  });
}

/** What a call was refused with. */
export function refusal(work: () => unknown): { code: string; message: string } {
  try {
    work();
  } catch (thrown) {
    const { code, message } = thrown as AppError;
    return { code, message };
  }
  throw new Error('nothing was refused');
}
