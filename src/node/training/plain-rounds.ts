import { createHash } from 'node:crypto';
import { AppError } from '#contract/errors.ts';
import { type RoundOutcome, roundIdSchema } from '#contract/federated/rounds.ts';
import {
  type GradientUpdate,
  type PlainRound,
  type TrainingStart,
  type TrainingUpdate,
  trainingStartSchema,
} from '#contract/wire/training.ts';
import type { Clock } from '../clock.ts';
import { createSignal, type Signal } from '../signal.ts';

/** A round of a plain gateway that this node was told of. */
export interface HeldRound {
  round: PlainRound;
  /** How to train; null until the gateway says `start`. */
  how: TrainingStart | null;
  model: Uint8Array | null;
  trained: TrainedRound | null;
  /** The gateway has come for it. */
  isFetched: boolean;
}

export interface TrainedRound {
  update: TrainingUpdate;
  /** New weights less the old ones, float32 little-endian. */
  change: Uint8Array;
}

/** What a plain gateway asks of the node's own API (network protocol, section 3). */
export interface PlainRoundApi {
  /** `POST /training/join`: the gateway has the node in a round; it begins with `start`. */
  join(round: PlainRound): { status: 'joined' | 'declined'; round_id: string; reason?: string };
  /** `POST /training/start`, of the newest round where it names none. Throws `training/unknown-round`. */
  start(how: TrainingStart): { status: 'started'; round_id: string };
  /** `POST /federated/participate`: both at once. */
  participate(round: PlainRound): ReturnType<PlainRoundApi['join']>;
  /** The weights that were trained last; null while there are none. */
  update(): TrainingUpdate | null;
  gradient(uploadUrl: string): GradientUpdate | null;
  /** What `gradient` tells of. */
  gradientBytes(): Uint8Array | null;
}

export interface PlainRounds extends PlainRoundApi {
  /** Rounds that may be trained now. */
  open(): HeldRound[];
  /** By the gateway’s id or by `roundKey` of it. Throws `training/unknown-round`. */
  get(roundId: string): HeldRound;
  /** Whether it is held, or was given up. */
  knows(roundId: string): boolean;
  add(round: PlainRound, how: TrainingStart | null): HeldRound;
  remove(roundId: string): void;
  changes: Signal<number>;
}

/** Rounds of a gateway without the extension `federated`. They live as long as the process: such a gateway keeps nothing of them either. */
export function createPlainRounds(options: {
  nodeId: string;
  clock: Clock;
  /** Why a round of this model is declined; null when it is not. */
  obstacle(model: string): string | null;
}): PlainRounds {
  const { clock } = options;
  const held = new Map<string, HeldRound>();
  const left = new Set<string>();
  const changes = createSignal(0);

  function add(round: PlainRound, how: TrainingStart | null): HeldRound {
    const key = roundKey(round.roundId);
    const now = held.get(key) ?? { round, how, model: null, trained: null, isFetched: false };
    now.how ??= how;
    held.set(key, now);
    return now;
  }

  function join(round: PlainRound, how: TrainingStart | null): ReturnType<PlainRoundApi['join']> {
    const reason =
      round.endMs <= clock.now()
        ? 'The round is over.'
        : left.has(roundKey(round.roundId))
          ? 'This node has left the round.'
          : options.obstacle(round.model);
    if (reason !== null) return { status: 'declined', round_id: round.roundId, reason };
    add(round, how);
    changes.set(changes.get() + 1);
    return { status: 'joined', round_id: round.roundId };
  }

  function get(roundId: string): HeldRound {
    const found = held.get(roundKey(roundId));
    if (found) return found;
    throw new AppError('training/unknown-round', `This node is in no round ${roundId}.`);
  }

  const newest = (): HeldRound | undefined => [...held.values()].at(-1);
  const newestTrained = (): HeldRound | undefined =>
    [...held.values()].filter(({ trained }) => trained !== null).at(-1);

  return {
    changes,
    add,
    get,
    knows: (roundId) => held.has(roundKey(roundId)) || left.has(roundKey(roundId)),
    remove(roundId) {
      held.delete(roundKey(roundId));
      left.add(roundKey(roundId));
    },
    open() {
      const now = clock.now();
      for (const [id, { round }] of held) if (round.endMs <= now) held.delete(id);
      return [...held.values()].filter(
        ({ round, how, trained }) => how !== null && trained === null && round.startMs <= now,
      );
    },
    join: (round) => join(round, null),
    participate: (round) => join(round, trainingStartSchema.parse({})),
    start(how) {
      const round = how.round_id === undefined ? newest() : get(how.round_id);
      if (!round) throw new AppError('training/unknown-round', 'This node has joined no round.');
      round.how = how;
      changes.set(changes.get() + 1);
      return { status: 'started', round_id: round.round.roundId };
    },
    update() {
      const round = newestTrained();
      if (!round?.trained) return null;
      round.isFetched = true;
      return round.trained.update;
    },
    gradient(uploadUrl) {
      const round = newestTrained();
      if (!round?.trained) return null;
      const { change, update } = round.trained;
      return {
        node_id: options.nodeId,
        round_id: round.round.roundId,
        gradient_hash: createHash('sha256').update(change).digest('hex'),
        gradient_size_bytes: change.length,
        upload_url: uploadUrl,
        timestamp: update.timestamp,
      };
    },
    gradientBytes() {
      const round = newestTrained();
      if (!round?.trained) return null;
      round.isFetched = true;
      return round.trained.change;
    },
  };
}

/** What a round is called here: its id names a folder, and a plain gateway may choose any. */
export const roundKey = (roundId: string): string =>
  roundIdSchema.safeParse(roundId).success ? roundId : createHash('sha256').update(roundId).digest('hex');

/** A plain gateway tells nothing of the new model; what it pays for the round comes without the round's name. */
export function plainOutcome({ round }: HeldRound): RoundOutcome {
  return {
    state: 'done',
    model_version: 1,
    model_sha256: '0'.repeat(64),
    loss: null,
    accuracy: null,
    participants: round.participants,
    counted: true,
    update_sha256: null,
    reward: {
      price_lamports: `${round.rewardLamports}`,
      fee_lamports: '0',
      parts: [],
      left_out: ['This gateway does not say how a reward comes about.'],
    },
  };
}
