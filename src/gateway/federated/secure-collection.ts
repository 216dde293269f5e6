import type { z } from 'zod';
import { AppError } from '#contract/errors.ts';
import { offeredParameters } from '#contract/federated/offered-parameters.ts';
import type { RoundStage as SecureStage } from '#contract/federated/round-messages.ts';
import { defaultQuantisation, defaultThreshold } from '#contract/federated/round-parameters.ts';
import type { PostedStage, RoundOffer, SecureParameters } from '#contract/federated/rounds.ts';
import { readVectorFrame } from '#contract/federated/vector-frame.ts';
import { createAggregation } from '../secure-aggregation/aggregation.ts';
import type { Collection, StageClose } from './collection.ts';

/** Room for the head of a masked vector's frame, in words of 4 bytes. */
const headWords = 300;

/** Secure aggregation's stages by the names that the round has for them. */
const stageOf: Record<PostedStage, SecureStage> = {
  keys: 'setup',
  shares: 'share-keys',
  update: 'collect-masked-vectors',
  consistency: 'consistency',
  unmask: 'unmask',
};

export const secureParameters = (nodes: number, mostWeight: number): SecureParameters => ({
  threshold: defaultThreshold(nodes),
  clipping_range: defaultQuantisation.clipping_range,
  quantization_range: defaultQuantisation.quantisation_range,
  max_weight: mostWeight,
});

/** Updates that the gateway sees in their sum alone (Bonawitz et al. 2017, weighted as SecAgg+). */
export function createSecureCollection(offer: RoundOffer, modelParameters: number): Collection {
  const parameters = offeredParameters(offer, modelParameters);
  const aggregation = createAggregation(parameters);
  const length = (parameters?.vector_length ?? 0) + 1;
  const stop = new AbortController();

  function demandOwn(node: unknown, nodeKey: string): void {
    if (node !== nodeKey) throw new AppError('training/bad-update', 'The message is another node’s.');
  }

  return {
    firstStage: 'keys',
    updateValues: length + headWords,
    receiveMessage(stage, nodeKey, body) {
      const message = body as { node?: unknown; stage?: unknown } | null | undefined;
      demandOwn(message?.node, nodeKey);
      if (message?.stage !== stageOf[stage])
        throw new AppError('training/bad-update', `The message is not one of stage “${stage}”.`);
      aggregation.receive(body);
    },
    receiveUpdate(nodeKey, { head, vectors: [bytes] }) {
      if (head.control || !bytes) throw new AppError('training/bad-update', 'A masked update is one vector.');
      const frame = new Uint8Array(bytes);
      demandOwn(readVectorFrame(frame, length).node, nodeKey);
      aggregation.receive(frame);
    },
    async close(): Promise<StageClose> {
      const closed = await aggregation.closeStage(stop.signal);
      switch (closed.stage) {
        case 'setup':
          return next('shares', toAll(closed.to, closed.message));
        case 'share-keys':
          return next('update', closed.messages);
        case 'collect-masked-vectors':
          return next('consistency', toAll(closed.to, closed.message));
        case 'consistency':
          return next('unmask', toAll(closed.to, closed.message));
        case 'unmask': {
          const { mean, contributors, badNodes } = closed.result;
          const values = Float64Array.from(mean);
          const hasControl = values.length > modelParameters;
          return {
            kind: 'collected',
            faulty: badNodes,
            collected: {
              kind: 'mean',
              delta: values.subarray(0, modelParameters),
              control: hasControl ? values.subarray(modelParameters) : null,
              nodeKeys: contributors.filter((node) => !badNodes.includes(node)),
            },
          };
        }
      }
    },
    discard: () => stop.abort(),
  };
}

const toAll = <M>(nodes: readonly string[], message: M) =>
  new Map(nodes.map((node) => [node, message] as const));

const next = (stage: PostedStage, messages: ReadonlyMap<string, z.core.util.JSONType>): StageClose => ({
  kind: 'next',
  stage,
  messages,
});
