import type { z } from 'zod';
import type { PostedStage, UpdateHead } from '#contract/federated/rounds.ts';

/** An update as it came out of its seal. */
export interface OpenedUpdate {
  head: UpdateHead;
  /** Float32 or masked Uint32 values, little-endian: the update, then SCAFFOLD's control where the head has it. */
  vectors: ArrayBuffer[];
}

/** What a round's nodes gave, when all stages are through. */
export type Collected =
  /** Each update for itself, read one at a time; in the order of the nodes' keys. */
  | { kind: 'updates'; updates: readonly PlainUpdate[] }
  /** Only their mean, by the nodes' own weights. */
  | { kind: 'mean'; delta: Float64Array; control: Float64Array | null; nodeKeys: readonly string[] };

export interface PlainUpdate {
  nodeKey: string;
  head: UpdateHead;
  read(): { delta: Float32Array; control: Float32Array | null };
}

export type StageClose =
  | {
      kind: 'next';
      stage: PostedStage;
      /** What the stage has for each node; who is not in it is out of the round. */
      messages: ReadonlyMap<string, z.core.util.JSONType>;
    }
  /** `faulty` broke the rules after their update was in: they are not paid. */
  | { kind: 'collected'; collected: Collected; faulty: readonly string[] }
  | { kind: 'failed'; reason: string };

/** How a round's updates come in: plain, or through secure aggregation's stages. Knows no time and no transport. */
export interface Collection {
  readonly firstStage: PostedStage;
  /** Values in an update's frame, all vectors together. */
  readonly updateValues: number;
  /** A node's JSON body of a stage but `update`. Throws `training/bad-update`; what was thrown at is not taken. */
  receiveMessage(stage: PostedStage, nodeKey: string, body: unknown): void;
  /** Throws `training/bad-update`. */
  receiveUpdate(nodeKey: string, update: OpenedUpdate): void;
  /** Ends a stage with those nodes whose body was taken. */
  close(stage: PostedStage, senders: readonly string[]): StageClose | Promise<StageClose>;
  /** The round is over: removes what was kept of it. */
  discard(): void;
}
