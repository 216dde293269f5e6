import { canonicalJson } from '#contract/canonical-json.ts';
import { AppError } from '#contract/errors.ts';
import { sizeOf } from '#contract/federated/parameter.ts';
import { parameterShapes } from '#contract/federated/parameters.ts';
import type { OfferedTask, RoundState } from '#contract/federated/rounds.ts';
import type { TrainingTask } from '#contract/federated/task.ts';
import { solFromLamports } from '#contract/money.ts';
import {
  type TrainingUpdate,
  trainingJoinAnswerSchema,
  trainingRoundSchema,
  trainingStartSchema,
  trainingStatusAnswerSchema,
} from '#contract/wire/training.ts';
import type { ByteRate } from '../byte-rate.ts';
import type { Clock } from '../clock.ts';
import { sha256Hex } from '../link/ed25519.ts';
import type { FederatedCalls, PackedUpdate } from '../link/federated-calls.ts';
import type { NodeKey } from '../link/node-key.ts';
import { createSignedCall } from '../link/signed-call.ts';
import { type HeldRound, type PlainRounds, plainOutcome, roundKey } from './plain-rounds.ts';

const pollSeconds = 10;
const fetchPollMs = 1000;
const mostModelBytes = 256_000_000;

/**
 * A gateway without the extension `federated`, through the same calls: it names a model that this app knows, gives its weights by
 * address, and fetches what was trained. It sees the node's own update.
 */
export function createPlainCalls(options: {
  url: string;
  key: NodeKey;
  clock: Clock;
  rate: ByteRate;
  rounds: PlainRounds;
  /** The task that a round's model is; undefined where this app knows none of that name. */
  taskOf(model: string): TrainingTask | undefined;
}): FederatedCalls {
  const { url, key, clock, rate, rounds, taskOf } = options;
  const call = createSignedCall(url, key, () => clock.now());

  /** What the gateway lists, beside what it came to the node with. */
  async function look(signal: AbortSignal): Promise<void> {
    const request = { method: 'GET', path: '/training/status', signal };
    const { active_rounds } = await call.json(request, trainingStatusAnswerSchema);
    for (const listed of active_rounds) {
      const round = trainingRoundSchema.safeParse(listed);
      // One that the node was asked into waits for its start.
      if (round.success && taskOf(round.data.model) && !rounds.knows(round.data.roundId))
        rounds.add(round.data, trainingStartSchema.parse({}));
    }
  }

  async function fetchModel(roundId: string, address: string, signal: AbortSignal): Promise<Uint8Array> {
    const { origin, host, pathname, search } = URL.parse(address, url) ?? {
      origin: null,
      host: 'no address',
      pathname: '',
      search: '',
    };
    if (origin !== new URL(url).origin)
      throw new AppError('training/bad-offer', `The round’s model is not at the gateway but at ${host}.`, {
        data: { roundId },
      });
    const path = pathname + search;
    return call.bytes({ method: 'GET', path, mostBytes: mostModelBytes, rate, signal });
  }

  return {
    async tasks(signal) {
      await look(signal);
      return rounds.open().flatMap((held) => {
        const task = taskOf(held.round.model);
        return task ? [offeredTask(task, held)] : [];
      });
    },
    async join({ task_id, threads, examples }, signal) {
      const waiting = { status: 'waiting' as const, poll_seconds: pollSeconds };
      const held = rounds.open().find(({ round }) => taskOf(round.model)?.taskId === task_id);
      const task = held && taskOf(held.round.model);
      if (!held || !task) return waiting;
      const { round } = held;
      const body = {
        model_name: round.model,
        node_capabilities: { node_id: key.nodeId, threads, examples },
        reward_expectation: solFromLamports(round.rewardLamports),
      };
      const answer = await call.json(
        { method: 'POST', path: '/training/join', body, signal },
        trainingJoinAnswerSchema,
      );
      if (answer.round_id !== round.roundId) return waiting;
      // Anybody can tell this node's API of a round; what it pays is for the gateway to say.
      held.round = { ...round, rewardLamports: BigInt(Math.round(answer.expected_reward * 1e9)) };
      held.model = await fetchModel(round.roundId, answer.model_download_url, signal);
      const { training, task_sha256, strategy, reward_lamports } = offeredTask(task, held);
      return {
        status: 'selected',
        signature: 'none',
        offer: {
          round_id: roundKey(round.roundId),
          task_id,
          task_sha256,
          model_version: 0,
          model_sha256: sha256Hex(held.model),
          strategy,
          training,
          node_keys: [key.publicKey],
          secure: null,
          update_key: '0'.repeat(44),
          deadline_ms: Math.min(round.endMs, answer.deadline),
          reward_lamports,
        },
      };
    },
    async model(sha256) {
      for (const { model } of rounds.open()) if (model && sha256Hex(model) === sha256) return model;
      throw new AppError('training/unknown-round', 'The round’s model is no longer there.');
    },
    async round(id, after, signal): Promise<RoundState> {
      const held = rounds.get(id);
      if (after === 'update' && !held.isFetched) await clock.sleep(fetchPollMs, signal);
      const state = { round_id: id, deadline_ms: held.round.endMs };
      if (!held.isFetched && held.round.endMs <= clock.now()) {
        const reason = 'nobody came for the update in time';
        return { ...state, stage: 'failed', outcome: { state: 'failed', reason } };
      }
      return held.isFetched
        ? { ...state, stage: 'done', outcome: plainOutcome(held) }
        : { ...state, stage: 'update' };
    },
    async send(id, _stage, body) {
      const bytes = Buffer.from(body as Uint8Array);
      const split = bytes.indexOf(0);
      const update = JSON.parse(bytes.subarray(0, split).toString()) as TrainingUpdate;
      rounds.get(id).trained = { update, change: bytes.subarray(split + 1) };
    },
    async leave(id) {
      rounds.remove(id);
    },
    // The JSON that the gateway fetches, a zero byte, and the change alone, as GradientUpdate wants it.
    pack(packed) {
      const change = floatBytes(packed.vectors[0] as Float32Array);
      const { roundId } = rounds.get(packed.offer.round_id).round;
      const update = JSON.stringify(trainingUpdate(packed, { nodeId: key.nodeId, roundId }, clock.now()));
      return Buffer.concat([Buffer.from(update), Buffer.of(0), change]);
    },
  };
}

function offeredTask(task: TrainingTask, { round, how }: HeldRound): OfferedTask {
  const start = how ?? trainingStartSchema.parse({});
  return {
    task,
    task_sha256: sha256Hex(canonicalJson(task)),
    training: {
      epochs: start.local_epochs,
      batchSize: start.batch_size,
      learningRate: start.learning_rate,
      optimizer: { type: 'sgd', momentum: 0, weightDecay: 0 },
      proximal: 0,
    },
    strategy: 'fedavg',
    secure_aggregation: 'off',
    participants: { min: 1, max: round.participants },
    round_minutes: (round.endMs - round.startMs) / 60_000,
    reward_lamports: `${round.rewardLamports}`,
    model_version: 0,
    model_sha256: '0'.repeat(64),
    accuracy: null,
  };
}

/** TrainingUpdate of the network's protocol: the new weights by the names of the model's parameters. */
function trainingUpdate(
  packed: PackedUpdate,
  { nodeId, roundId }: { nodeId: string; roundId: string },
  nowMs: number,
): TrainingUpdate {
  const { head, task } = packed;
  const change = packed.vectors[0] as Float32Array;
  const weights = packed.weights().map((value, index) => value + (change[index] ?? 0));
  let offset = 0;
  const named = parameterShapes(task.model).map(({ name, shape }) => {
    const part = weights.subarray(offset, offset + sizeOf(shape));
    offset += part.length;
    return [name, { shape, data: floatBytes(part).toString('base64') }] as const;
  });
  return {
    node_id: nodeId,
    round_id: roundId,
    model_weights: Object.fromEntries(named),
    training_metrics: {
      examples: head.examples ?? 0,
      steps: head.steps,
      duration_seconds: head.duration_ms / 1000,
      ...(head.loss === undefined ? {} : { loss: head.loss }),
      ...(head.accuracy === undefined ? {} : { accuracy: head.accuracy }),
      ...(head.epsilon === undefined ? {} : { epsilon: head.epsilon }),
    },
    update_size_mb: weights.byteLength / 1e6,
    compression_method: null,
    timestamp: new Date(nowMs).toISOString(),
  };
}

/** Float32 little-endian, whatever this machine's order is. */
function floatBytes(values: Float32Array): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, index) => {
    bytes.writeFloatLE(value, index * 4);
  });
  return bytes;
}
