import type { KeyObject } from 'node:crypto';
import type { z } from 'zod';
import { AppError } from '#contract/errors.ts';
import {
  type PostedStage,
  postedStageSchema,
  type RoundOffer,
  type RoundOutcome,
  type RoundStage,
  type RoundState,
  type TakenAnswer,
  type UpdateHead,
} from '#contract/federated/rounds.ts';
import { decodeUpdate, openUpdate } from '#contract/federated/update-frame.ts';
import { failure, ok, toAppError, unwrap } from '#contract/result.ts';
import { sha256Hex } from '../ed25519.ts';
import type { Collected, Collection, OpenedUpdate, StageClose } from './collection.ts';
import type { RoundBook, RoundNode } from './round-book.ts';

/** When a node picked its offer up and its update came. */
export interface Timing {
  pickedUpMs: number | null;
  updateMs: number | null;
  updateSha256: string | null;
  head: UpdateHead | null;
}

export interface Round {
  readonly offer: RoundOffer;
  readonly nodes: readonly RoundNode[];
  readonly stage: RoundStage;
  /** Values in an update's frame. */
  readonly updateValues: number;
  timing(nodeKey: string): Timing;
  /** The node has got its offer. False when it is not, or no longer, of this round. */
  pickUp(nodeKey: string): boolean;
  /** Throws `training/*`; the same body again is answered as before. */
  receive(stage: PostedStage, nodeKey: string, body: Uint8Array): TakenAnswer;
  leave(nodeKey: string): void;
  /** The round as a node sees it. Throws `training/not-a-participant`. */
  state(nodeKey: string): RoundState;
  /** Why a node is out; null while it is in. */
  droppedBecause(nodeKey: string): string | null;
  /** Ends stages whose time is up. */
  tick(): void;
  /** Ends the round; `outcomes` for nodes that were dropped before are their own. */
  end(stage: 'done' | 'failed', outcomes: ReadonlyMap<string, RoundOutcome>): void;
  fail(reason: string): void;
  /** The gateway closes: nothing more is written; its next start ends the round. */
  abandon(): void;
}

export interface RoundOptions {
  offer: RoundOffer;
  nodes: readonly RoundNode[];
  updatePrivateKey: KeyObject;
  collection: Collection;
  /** Updates below which the round fails. */
  leastUpdates: number;
  stageMs: number;
  /** A node that has not picked its offer up by then has gone. */
  pickUpMs: number;
  book: RoundBook;
  now(): number;
  /** Something that a waiting node wants to know. */
  onChange(): void;
  onCollected(collected: Collected): void;
  /** After the round failed; its end is in the book. */
  onFailed(reason: string): void;
}

const beforeUpdates: readonly RoundStage[] = ['keys', 'shares', 'update'];

/** One round's stages: who may send what until when. Each step is in the book before it is acted upon. */
export function createRound(options: RoundOptions): Round {
  const { offer, nodes, collection, book, now } = options;
  const roundId = offer.round_id;
  const beganMs = now();
  const timings = new Map<string, Timing>(
    nodes.map(({ nodeKey }) => [
      nodeKey,
      { pickedUpMs: null, updateMs: null, updateSha256: null, head: null },
    ]),
  );
  const dropped = new Map<string, string>();
  let stage: RoundStage = collection.firstStage;
  let deadlineMs = deadlineOf(collection.firstStage);
  /** Whom the stage waits for, and those whose body it has. */
  let expected = new Set(timings.keys());
  let senders = new Set<string>();
  let messages: ReadonlyMap<string, z.core.util.JSONType> = new Map();
  let outcomes: ReadonlyMap<string, RoundOutcome> = new Map();
  let isClosing = false;

  book.transaction(() => {
    book.begin(offer, nodes);
    book.enter(roundId, stage);
  });

  function deadlineOf(next: PostedStage): number {
    return next === 'update' ? offer.deadline_ms : now() + options.stageMs;
  }

  function timing(nodeKey: string): Timing {
    const found = timings.get(nodeKey);
    if (!found)
      throw new AppError('training/not-a-participant', `This node was not selected for round ${roundId}.`);
    return found;
  }

  function receive(to: PostedStage, nodeKey: string, body: Uint8Array): TakenAnswer {
    const times = timing(nodeKey);
    const bodySha256 = sha256Hex(body);
    const before = book.message(roundId, to, nodeKey);
    if (before?.bodySha256 === bodySha256) return unwrap(before.answer);
    if (before)
      throw new AppError('training/conflict', `Another body for stage “${to}” of this node came before.`);
    const out = dropped.get(nodeKey);
    if (out !== undefined) throw new AppError('training/late', `This node is out of the round: ${out}`);
    if (stage !== to || isClosing || now() > deadlineMs) throw outOfStage(to);

    const taken: TakenAnswer = { status: 'taken', body_sha256: bodySha256 };
    const open = to === 'update' ? openSealed(nodeKey, body) : null;
    try {
      if (open) {
        if (open.head.round_id !== roundId || open.head.model_sha256 !== offer.model_sha256)
          throw new AppError('training/bad-update', 'The update’s head is for another round or model.');
        collection.receiveUpdate(nodeKey, open);
      } else collection.receiveMessage(to, nodeKey, jsonOf(body));
    } catch (thrown) {
      const refused = toAppError(thrown, 'training/bad-update');
      book.addMessage(roundId, to, nodeKey, { bodySha256, answer: failure(refused) });
      drop([nodeKey], refused.message);
      throw refused;
    }
    book.addMessage(roundId, to, nodeKey, { bodySha256, answer: ok(taken) });
    if (open) Object.assign(times, { updateMs: now(), updateSha256: bodySha256, head: open.head });
    senders.add(nodeKey);
    closeIfComplete();
    return taken;
  }

  /** A body that does not open may be a damaged one: it is not taken down, and the node may send again. */
  function openSealed(nodeKey: string, body: Uint8Array): OpenedUpdate {
    const binding = { roundId, nodeKey, modelSha256: offer.model_sha256 };
    return decodeUpdate(openUpdate(body, options.updatePrivateKey, binding));
  }

  function outOfStage(to: PostedStage): AppError {
    const order = postedStageSchema.options;
    const at = (order as readonly RoundStage[]).indexOf(stage);
    if (at !== -1 && order.indexOf(to) > at)
      return new AppError('training/not-yet', `The round is at “${stage}”; “${to}” comes later.`);
    return new AppError('training/late', `The round is past “${to}”.`, {
      data: { stage, deadlineMs },
    });
  }

  function drop(nodeKeys: readonly string[], reason: string): void {
    for (const nodeKey of nodeKeys) {
      if (dropped.has(nodeKey)) continue;
      dropped.set(nodeKey, reason);
      expected.delete(nodeKey);
      senders.delete(nodeKey);
    }
    if (nodeKeys.length === 0 || isEnded()) return;
    options.onChange();
    if (beforeUpdates.includes(stage) && timings.size - dropped.size < options.leastUpdates)
      fail(tooFew(timings.size - dropped.size));
    else closeIfComplete();
  }

  const tooFew = (left: number) =>
    `${left} of ${timings.size} nodes are left; at least ${options.leastUpdates} must complete.`;

  function closeIfComplete(): void {
    if (!isClosing && [...expected].every((nodeKey) => senders.has(nodeKey))) void closeStage();
  }

  async function closeStage(): Promise<void> {
    const closed = postedStageSchema.parse(stage);
    isClosing = true;
    if (beforeUpdates.includes(closed))
      drop(
        [...expected].filter((nodeKey) => !senders.has(nodeKey)),
        `Nothing came for stage “${closed}” in time.`,
      );
    if (isEnded()) return;
    let close: StageClose;
    try {
      close = await collection.close(closed, [...senders].sort());
    } catch (thrown) {
      close = { kind: 'failed', reason: toAppError(thrown).message };
    }
    if (isEnded()) return;
    if (close.kind === 'failed') fail(close.reason);
    else if (close.kind === 'collected') {
      drop(close.faulty, 'The node handed out shares other than those it was given.');
      enter('evaluating');
      options.onCollected(close.collected);
    } else {
      messages = close.messages;
      expected = new Set([...messages.keys()].filter((nodeKey) => !dropped.has(nodeKey)));
      senders = new Set();
      deadlineMs = deadlineOf(close.stage);
      isClosing = false;
      enter(close.stage);
      if (beforeUpdates.includes(closed))
        drop(
          [...timings.keys()].filter((nodeKey) => !expected.has(nodeKey)),
          `The node is not in stage “${close.stage}”.`,
        );
    }
  }

  function enter(next: RoundStage): void {
    book.enter(roundId, next);
    stage = next;
    options.onChange();
  }

  const isEnded = () => stage === 'done' || stage === 'failed';

  function end(last: 'done' | 'failed', given: ReadonlyMap<string, RoundOutcome>, reason?: string): void {
    if (isEnded()) return;
    outcomes = new Map(
      [...timings.keys()].map((nodeKey) => [nodeKey, outcomeOf(nodeKey, given.get(nodeKey))]),
    );
    book.transaction(() => {
      book.enter(roundId, last, reason);
      for (const [nodeKey, outcome] of outcomes)
        book.addOutcome(roundId, nodeKey, outcome, dropped.has(nodeKey) ? false : last === 'done' || null);
    });
    stage = last;
    deadlineMs = now();
    collection.discard();
    options.onChange();
  }

  function outcomeOf(nodeKey: string, given: RoundOutcome | undefined): RoundOutcome {
    if (given?.state === 'done') return given;
    const reason =
      dropped.get(nodeKey) ?? (given?.state === 'failed' ? given.reason : 'The round has ended.');
    return { state: 'failed', reason };
  }

  function fail(reason: string): void {
    if (isEnded()) return;
    end('failed', new Map(nodes.map(({ nodeKey }) => [nodeKey, { state: 'failed', reason }])), reason);
    options.onFailed(reason);
  }

  return {
    offer,
    nodes,
    get stage() {
      return stage;
    },
    updateValues: collection.updateValues,
    timing,
    pickUp(nodeKey) {
      const times = timings.get(nodeKey);
      if (!times || dropped.has(nodeKey) || isEnded()) return false;
      times.pickedUpMs ??= now();
      return true;
    },
    receive,
    leave(nodeKey) {
      timing(nodeKey);
      // What it has given stays given; before its update it is out.
      if (timing(nodeKey).updateMs === null) drop([nodeKey], 'The node left the round.');
    },
    state(nodeKey) {
      timing(nodeKey);
      const base = { round_id: roundId, stage, deadline_ms: deadlineMs };
      const outcome = outcomes.get(nodeKey);
      if (outcome) return { ...base, stage: outcome.state, outcome };
      const reason = dropped.get(nodeKey);
      if (reason !== undefined) return { ...base, stage: 'failed', outcome: { state: 'failed', reason } };
      const message = messages.get(nodeKey);
      return message === undefined ? base : { ...base, message };
    },
    droppedBecause: (nodeKey) => dropped.get(nodeKey) ?? null,
    tick() {
      if (isClosing || isEnded() || stage === 'evaluating') return;
      if (now() - beganMs > options.pickUpMs)
        drop(
          [...timings].flatMap(([nodeKey, { pickedUpMs }]) => (pickedUpMs === null ? [nodeKey] : [])),
          'The node did not fetch its offer.',
        );
      if (!isClosing && !isEnded() && now() > deadlineMs) void closeStage();
    },
    end,
    fail,
    abandon() {
      if (!isEnded()) stage = 'failed';
    },
  };
}

/** Undefined where it is none; a stage's own schema refuses that. */
function jsonOf(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    return undefined;
  }
}
