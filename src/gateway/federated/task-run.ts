import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { canonicalJson } from '#contract/canonical-json.ts';
import { AppError } from '#contract/errors.ts';
import { mostParticipants } from '#contract/federated/round-parameters.ts';
import {
  type JoinAnswer,
  type JoinRequest,
  type OfferedTask,
  type RoundOffer,
  roundOfferText,
} from '#contract/federated/rounds.ts';
import { createUpdateKey } from '#contract/federated/update-frame.ts';
import { toAppError } from '#contract/result.ts';
import type { TextSigner } from '../ed25519.ts';
import type { Collected } from './collection.ts';
import { conclude } from './conclusion.ts';
import { createPlainCollection } from './plain-collection.ts';
import { createRound, type Round } from './round.ts';
import type { RoundBook } from './round-book.ts';
import { type Payout, payRound } from './round-payout.ts';
import { createSecureCollection, secureParameters } from './secure-collection.ts';
import { roundSize, selectNodes } from './selection.ts';
import { leastSecureNodes } from './task-config.ts';
import type { RunTask } from './task-list.ts';
import type { TaskModel, TaskModels } from './task-models.ts';
import type { Trainer } from './trainer.ts';

/** At least this share of the selected nodes must complete: the network's rule. */
const leastCompletion = 0.6;
/** A node that has not asked for this many polls has gone. */
const missedPolls = 3;
const leastPickUpMs = 10_000;

/** A node that asks to take part. */
export interface JoiningNode {
  nodeKey: string;
  nodeId: string;
  /** As it registered. */
  processors: number;
}

export interface TaskRunParts {
  key: TextSigner;
  book: RoundBook;
  models: TaskModels;
  /** Null: models are not evaluated. */
  trainer: Trainer | null;
  /** Where rounds keep what they collect. */
  roundsDir: string;
  pollMs: number;
  payout: Payout;
  /** In a round of any task. */
  isBusy(nodeKey: string): boolean;
  now(): number;
  onChange(): void;
}

export interface TaskRun {
  readonly task: RunTask;
  readonly model: TaskModel;
  readonly round: Round | null;
  /** Of the round that is under way, or of the next one. */
  readonly roundId: string;
  readonly waiting: number;
  /** True when all its rounds are done. */
  readonly isOver: boolean;
  offered(): OfferedTask;
  join(node: JoiningNode, request: JoinRequest): JoinAnswer;
  tick(): void;
}

interface Waiting extends JoiningNode {
  examples: number;
  threads: number;
  lastSeenMs: number;
  passedOver: number;
}

/** A task's rounds, one after the other. */
export function createTaskRun(task: RunTask, first: TaskModel, parts: TaskRunParts): TaskRun {
  const { config, taskSha256 } = task;
  const { participants, strategy, heldOut } = config;
  const { book, trainer, now } = parts;
  const waiting = new Map<string, Waiting>();
  let model = first;
  let round: Round | null = null;
  let signature = '';
  let roundId = newRoundId();
  let pausedUntilMs = 0;
  let enoughSinceMs: number | null = null;

  const isOver = () => config.rounds !== null && model.version >= config.rounds;
  const leastNodes = () =>
    config.secureAggregation === 'required' ? Math.max(leastSecureNodes, participants.min) : participants.min;

  const mostNodes =
    config.secureAggregation === 'off' ? participants.max : Math.min(participants.max, mostParticipants);

  function present(): Waiting[] {
    const sinceMs = now() - missedPolls * parts.pollMs;
    for (const [nodeKey, { lastSeenMs }] of waiting) if (lastSeenMs < sinceMs) waiting.delete(nodeKey);
    return [...waiting.values()].filter(({ nodeKey }) => !parts.isBusy(nodeKey));
  }

  function tick(): void {
    round?.tick();
    if (round || isOver() || now() < pausedUntilMs) return;
    const there = present();
    if (there.length < leastNodes()) {
      enoughSinceMs = null;
      return;
    }
    enoughSinceMs ??= now();
    if (there.length >= mostNodes || now() - enoughSinceMs >= config.graceSeconds * 1000) begin(there);
  }

  function begin(there: Waiting[]): void {
    enoughSinceMs = null;
    const count = roundSize(there.length, { ...participants, min: leastNodes(), max: mostNodes });
    const chosen = selectNodes(there, count, roundId);
    for (const node of there) node.passedOver = chosen.includes(node.nodeKey) ? 0 : node.passedOver + 1;
    const nodes = chosen.flatMap((nodeKey) => waiting.get(nodeKey) ?? []);
    const isSecure = config.secureAggregation !== 'off' && nodes.length >= leastSecureNodes;
    const { publicKey, privateKey } = createUpdateKey();
    const offer: RoundOffer = {
      round_id: roundId,
      task_id: config.task.taskId,
      task_sha256: taskSha256,
      model_version: model.version,
      model_sha256: model.modelSha256,
      strategy: strategy.type,
      training: config.training,
      ...(model.controlSha256 === null ? {} : { control_sha256: model.controlSha256 }),
      node_keys: chosen,
      secure: isSecure ? secureParameters(nodes.length, config.mostWeight) : null,
      update_key: publicKey,
      deadline_ms: Math.ceil(now() + config.roundMinutes * 60_000),
      reward_lamports: config.rewardLamports,
    };
    const { weights } = model.checkpoint;
    const collection = isSecure
      ? createSecureCollection(offer, weights.length)
      : createPlainCollection({
          folder: join(parts.roundsDir, roundId),
          parameters: weights.length,
          hasControl: strategy.type === 'scaffold',
          mostNorm: config.mostUpdateNorm,
        });
    signature = parts.key.sign(roundOfferText(canonicalJson(offer)));
    const begun = createRound({
      offer,
      nodes,
      updatePrivateKey: privateKey,
      collection,
      leastUpdates: Math.max(
        Math.min(participants.min, nodes.length),
        Math.ceil(leastCompletion * nodes.length),
        offer.secure?.threshold ?? 0,
      ),
      stageMs: config.stageSeconds * 1000,
      pickUpMs: Math.max(missedPolls * parts.pollMs, leastPickUpMs),
      book,
      now,
      onChange: parts.onChange,
      onCollected: (collected) => void finish(begun, nodes, collected),
      onFailed: next,
    });
    round = begun;
    parts.onChange();
  }

  async function finish(ended: Round, nodes: Waiting[], collected: Collected): Promise<void> {
    try {
      const announced = new Map(nodes.map((node) => [node.nodeKey, node]));
      const weightOf = (nodeKey: string, claimed = 1) =>
        Math.max(1, Math.min(claimed, announced.get(nodeKey)?.examples ?? 1, config.mostWeight));
      const conclusion = await conclude({
        before: model.checkpoint,
        lossBefore: model.loss,
        strategy,
        collected,
        weightOf: ({ nodeKey, head }) => weightOf(nodeKey, head.examples),
        participationOf: (count) => Math.min(1, count / Math.max(1, book.nodesOf(taskSha256))),
        evaluate:
          heldOut === null || !trainer ? null : (weights) => trainer.evaluate(config.task, weights, heldOut),
      });
      if (ended.stage !== 'evaluating') return;
      if (conclusion.counted.length === 0)
        throw new AppError('training/bad-update', 'No update is left that counts.');
      book.transaction(() => {
        const { checkpoint, evaluation } = conclusion;
        const added = parts.models.add(model.version + 1, checkpoint, evaluation, ended.offer.round_id);
        payRound(parts.payout, { round: ended, model: added, conclusion, nodes, weightOf, collected });
        model = added;
      });
    } catch (thrown) {
      return ended.fail(toAppError(thrown).message);
    }
    next();
  }

  function next(): void {
    round = null;
    roundId = newRoundId();
    pausedUntilMs = now() + config.pauseSeconds * 1000;
    parts.onChange();
  }

  return {
    task,
    get model() {
      return model;
    },
    get round() {
      return round;
    },
    get roundId() {
      return roundId;
    },
    get waiting() {
      return present().length;
    },
    get isOver() {
      return isOver();
    },
    offered: () => ({
      task: config.task,
      task_sha256: taskSha256,
      training: config.training,
      strategy: strategy.type,
      secure_aggregation: config.secureAggregation,
      participants: { min: participants.min, max: participants.max },
      round_minutes: config.roundMinutes,
      reward_lamports: config.rewardLamports,
      model_version: model.version,
      model_sha256: model.modelSha256,
      accuracy: model.accuracy,
    }),
    join(node, request) {
      if (request.task_sha256 !== taskSha256)
        throw new AppError('training/task-changed', `The task “${request.task_id}” is another one now.`);
      const offer = round?.pickUp(node.nodeKey) ? round.offer : null;
      if (offer) return { status: 'selected', offer, signature };
      const threads = Math.min(request.threads, node.processors);
      const isAble =
        threads >= participants.leastThreads && request.examples >= participants.leastExamples && !isOver();
      if (isAble)
        waiting.set(node.nodeKey, {
          ...node,
          examples: request.examples,
          threads,
          lastSeenMs: now(),
          passedOver: waiting.get(node.nodeKey)?.passedOver ?? 0,
        });
      return { status: 'waiting', poll_seconds: parts.pollMs / 1000 };
    },
    tick,
  };
}

const newRoundId = () => randomBytes(12).toString('base64url');
