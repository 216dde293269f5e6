import { AppError } from '#contract/errors.ts';
import { encodeParameters, initialWeights, parameterCount } from '#contract/federated/parameters.ts';
import type { OfferedTask, RoundOffer, RoundOutcome, RoundState } from '#contract/federated/rounds.ts';
import { localTrainingSchema, type TrainingTask } from '#contract/federated/task.ts';
import { createUpdateKey, decodeUpdate, openUpdate } from '#contract/federated/update-frame.ts';
import { sha256Hex } from '#node/link/ed25519.ts';
import { createFederatedCalls, type FederatedCalls } from '#node/link/federated-calls.ts';
import type { NodeKey } from '#node/link/node-key.ts';

/** A task small enough to be trained in a blink. */
export const smallTask: TrainingTask = {
  taskId: 'small',
  name: 'Small',
  model: {
    input: { kind: 'numbers', shape: [4] },
    layers: [{ type: 'dense', units: 2, activation: 'linear' }],
    output: { kind: 'classes', count: 2 },
  },
  data: { kind: 'table', columns: 4, scale: [{ offset: 0, factor: 1 }], labels: ['a', 'b'] },
};

/** One plain round of a gateway that lives in memory, with real models, frames and seals; what it counted can be asked for. */
export function createScriptedRounds(options: { key: NodeKey; deadlineMs: number; isPrivate?: boolean }) {
  const model = encodeParameters(smallTask.model, initialWeights(smallTask.model, 1));
  const updateKey = createUpdateKey();
  const training = localTrainingSchema.parse({
    epochs: 1,
    ...(options.isPrivate ? { privacy: { clipNorm: 1, noiseMultiplier: 1, delta: 1e-5 } } : {}),
  });
  const offer: RoundOffer = {
    round_id: 'round-1',
    task_id: smallTask.taskId,
    task_sha256: 'a'.repeat(64),
    model_version: 3,
    model_sha256: sha256Hex(model),
    strategy: 'fedavg',
    training,
    node_keys: [options.key.publicKey],
    secure: null,
    update_key: updateKey.publicKey,
    deadline_ms: options.deadlineMs,
    reward_lamports: '1000',
  };
  /** Bodies by stage, as they came; the same body again is no news. */
  const taken = new Map<string, Uint8Array>();
  let hasLeft = false;

  function done(body: Uint8Array): RoundOutcome {
    return {
      state: 'done',
      model_version: 4,
      model_sha256: 'b'.repeat(64),
      loss: 0.5,
      accuracy: 0.9,
      participants: 1,
      counted: true,
      update_sha256: sha256Hex(body),
      reward: { price_lamports: '1000', fee_lamports: '30', parts: [], left_out: [] },
    };
  }

  const calls: FederatedCalls = {
    ...createFederatedCalls('http://127.0.0.1:9', options.key, () => 0),
    async tasks(): Promise<OfferedTask[]> {
      return [];
    },
    async join() {
      return { status: 'waiting', poll_seconds: 1 };
    },
    async model(sha256) {
      if (sha256 !== offer.model_sha256) throw new AppError('link/rejected', 'There is no such model.');
      return model;
    },
    async round(id): Promise<RoundState> {
      const update = taken.get('update');
      const base = { round_id: id, deadline_ms: options.deadlineMs };
      if (hasLeft) return { ...base, stage: 'failed', outcome: { state: 'failed', reason: 'it was left' } };
      return update ? { ...base, stage: 'done', outcome: done(update) } : { ...base, stage: 'update' };
    },
    async send(_id, stage, body) {
      const bytes = body as Uint8Array;
      const before = taken.get(stage);
      if (before && sha256Hex(before) !== sha256Hex(bytes))
        throw new AppError('link/rejected', 'Another body came before.', { data: { status: 409 } });
      taken.set(stage, bytes);
    },
    async leave() {
      hasLeft = true;
    },
  };

  return {
    calls,
    offer,
    task: smallTask,
    parameters: parameterCount(smallTask.model),
    hasLeft: () => hasLeft,
    updateSha256: () => sha256Hex(taken.get('update') ?? new Uint8Array(0)),
    /** The update that was taken, opened; null when none was. */
    update() {
      const body = taken.get('update');
      if (!body) return null;
      const binding = {
        roundId: offer.round_id,
        nodeKey: options.key.publicKey,
        modelSha256: offer.model_sha256,
      };
      const { head, vectors } = decodeUpdate(openUpdate(body, updateKey.privateKey, binding));
      return { head, delta: new Float32Array(vectors[0] as ArrayBuffer) };
    },
  };
}
