import { z } from 'zod';
import {
  type JoinAnswer,
  type JoinRequest,
  joinAnswerSchema,
  type OfferedTask,
  type PostedStage,
  type RoundOffer,
  type RoundStage,
  type RoundState,
  roundStateSchema,
  takenAnswerSchema,
  tasksAnswerSchema,
  type UpdateHead,
} from '#contract/federated/rounds.ts';
import type { TrainingTask } from '#contract/federated/task.ts';
import { encodeUpdate, sealUpdate } from '#contract/federated/update-frame.ts';
import type { ByteRate } from '../byte-rate.ts';
import type { NodeKey } from './node-key.ts';
import { createSignedCall } from './signed-call.ts';

const transferTimeoutMs = 10 * 60_000;
const mostMessageBytes = 32_000_000;

/** The calls of extension `federated` (contract/federated/rounds.ts). They throw as signed calls do. */
export interface FederatedCalls {
  tasks(signal: AbortSignal): Promise<OfferedTask[]>;
  join(request: JoinRequest, signal: AbortSignal): Promise<JoinAnswer>;
  /** A model's bytes; whether they are the right ones is for the caller to check. */
  model(sha256: string, mostBytes: number, signal: AbortSignal): Promise<Uint8Array>;
  /** Answered when the round has left stage `after`, or after some seconds. */
  round(id: string, after: RoundStage | null, signal: AbortSignal): Promise<RoundState>;
  send(id: string, stage: PostedStage, body: unknown, signal: AbortSignal): Promise<void>;
  leave(id: string, signal: AbortSignal): Promise<void>;
  /** An update as this gateway takes it. */
  pack(update: PackedUpdate): Uint8Array;
}

export interface PackedUpdate {
  offer: RoundOffer;
  task: TrainingTask;
  /** The model that was trained from. */
  weights(): Float32Array;
  head: UpdateHead;
  /** The change of the weights and behind it that of the control variate, or one masked frame. */
  vectors: readonly (Float32Array | Uint8Array)[];
}

/** With a rate, what a round sends and receives keeps to it: the model, the parts of an update and what others have sent. */
export function createFederatedCalls(
  url: string,
  key: NodeKey,
  nowMs: () => number,
  rate?: ByteRate,
): FederatedCalls {
  const transfer = rate ? { rate } : {};
  const call = createSignedCall(url, key, nowMs);
  const round = (id: string) => `/federated/rounds/${encodeURIComponent(id)}`;
  return {
    async tasks(signal) {
      return (await call.json({ method: 'GET', path: '/federated/tasks', signal }, tasksAnswerSchema)).tasks;
    },
    join: (body, signal) =>
      call.json({ method: 'POST', path: '/federated/join', body, signal }, joinAnswerSchema),
    model: (sha256, mostBytes, signal) =>
      call.bytes({
        method: 'GET',
        path: `/federated/models/${sha256}`,
        mostBytes,
        timeoutMs: transferTimeoutMs,
        signal,
        ...transfer,
      }),
    round: (id, after, signal) =>
      call.json(
        {
          method: 'GET',
          path: `${round(id)}${after === null ? '' : `?after=${after}`}`,
          timeoutMs: 20_000,
          mostBytes: mostMessageBytes,
          signal,
          ...transfer,
        },
        roundStateSchema,
      ),
    async send(id, stage, body, signal) {
      const timeoutMs = transferTimeoutMs;
      await call.json(
        { method: 'POST', path: `${round(id)}/${stage}`, body, timeoutMs, signal, ...transfer },
        takenAnswerSchema,
      );
    },
    async leave(id, signal) {
      await call.json({ method: 'DELETE', path: round(id), signal }, z.unknown());
    },
    pack: ({ head, vectors, offer }) =>
      sealUpdate(encodeUpdate(head, vectors), offer.update_key, {
        roundId: offer.round_id,
        nodeKey: key.publicKey,
        modelSha256: offer.model_sha256,
      }),
  };
}
