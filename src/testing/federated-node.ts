import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { canonicalJson } from '#contract/canonical-json.ts';
import { offeredParameters } from '#contract/federated/offered-parameters.ts';
import { decodeParameters } from '#contract/federated/parameters.ts';
import { quantise } from '#contract/federated/quantisation.ts';
import type { OfferedTask, RoundOffer, RoundOutcome, RoundStage } from '#contract/federated/rounds.ts';
import { encodeUpdate, sealUpdate } from '#contract/federated/update-frame.ts';
import type { Gateway } from '#gateway/gateway.ts';
import { sha256Hex } from '#node/link/ed25519.ts';
import { createFederatedCalls } from '#node/link/federated-calls.ts';
import { createGatewayCalls } from '#node/link/gateway-calls.ts';
import { openRound } from '#node/training/secure-aggregation/secure-round.ts';
import { capabilitiesOf } from './network-node.ts';
import { newKey } from './scripted-api.ts';

/** A node that takes part in rounds over HTTP as a real one does, but for its training: that is what the test says. */
export async function joinFederatedNode(gateway: Gateway) {
  const pem = newKey();
  const key = { ...pem, nodeId: `slm-${pem.publicKey.slice(0, 8)}` };
  const server = createServer((_, response) => response.end('{}'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const network = createGatewayCalls(gateway.url, key, () => Date.now());
  const calls = createFederatedCalls(gateway.url, key, () => Date.now());
  const signal = AbortSignal.timeout(30_000);
  await network.register(capabilitiesOf({ nodeId: key.nodeId, url }, { node_type: 'training' }));

  async function selected(): Promise<{ offer: RoundOffer; offered: OfferedTask }> {
    for (;;) {
      const [offered] = await calls.tasks(signal);
      if (!offered) throw new Error('The gateway has no task.');
      const answer = await calls.join(
        {
          task_id: offered.task.taskId,
          task_sha256: sha256Hex(canonicalJson(offered.task)),
          examples: 100,
          engine: 'scripted',
          threads: 1,
        },
        signal,
      );
      if (answer.status === 'selected') return { offer: answer.offer, offered };
      await new Promise((resolve) => setTimeout(resolve, answer.poll_seconds * 1000));
    }
  }

  /** Waits until the round is at this stage, and returns what it has for the node. */
  async function reach(roundId: string, wanted: RoundStage, after: RoundStage): Promise<unknown> {
    for (let known = after; ; ) {
      const state = await calls.round(roundId, known, signal);
      if (state.stage === wanted) return state.message;
      if (state.outcome) throw new Error(`The round is ${JSON.stringify(state.outcome)}, not at ${wanted}.`);
      known = state.stage;
    }
  }

  async function ended(roundId: string): Promise<RoundOutcome> {
    for (let known: RoundStage | null = null; ; ) {
      const state = await calls.round(roundId, known, signal);
      if (state.outcome) return state.outcome;
      known = state.stage;
    }
  }

  const seal = (offer: RoundOffer, vectors: (Float32Array | Uint8Array)[]) =>
    sealUpdate(
      encodeUpdate(
        {
          round_id: offer.round_id,
          model_sha256: offer.model_sha256,
          length: (vectors[0]?.byteLength ?? 0) / 4,
          control: vectors.length > 1,
          examples: 100,
          duration_ms: 1000,
          steps: 10,
        },
        vectors,
      ),
      offer.update_key,
      { roundId: offer.round_id, nodeKey: key.publicKey, modelSha256: offer.model_sha256 },
    );

  async function leave(offer: RoundOffer) {
    await calls.leave(offer.round_id, signal);
    return { offer, outcome: await ended(offer.round_id), again: async () => {} };
  }

  /** Sends the update, or the same again, and waits for the round's end. */
  async function send(offer: RoundOffer, body: Uint8Array) {
    const again = () => calls.send(offer.round_id, 'update', body, signal);
    await again();
    return { offer, outcome: await ended(offer.round_id), again };
  }

  /** Trains towards `train`'s answer in one round, plain or secure. Null: it leaves before it has sent its update. */
  async function takePart(
    train: (weights: Float32Array, round: RoundOffer) => Float32Array | null | Promise<Float32Array | null>,
  ) {
    const { offer, offered } = await selected();
    const { round_id: roundId } = offer;
    const bytes = await calls.model(offer.model_sha256, 1_000_000, signal);
    const weights = decodeParameters(offered.task.model, bytes);
    const parameters = offeredParameters(offer, weights.length);
    if (!parameters) {
      const delta = await train(weights, offer);
      if (delta === null) return leave(offer);
      return send(offer, seal(offer, [delta]));
    }
    const round = openRound({
      parameters,
      modelSha256: sha256Hex(bytes),
      nodeKey: key,
      knownNodes: new Set(offer.node_keys),
    });
    await calls.send(roundId, 'keys', round.setup(), signal);
    await calls.send(
      roundId,
      'shares',
      await round.shareKeys(await reach(roundId, 'shares', 'keys')),
      signal,
    );
    const delivery = await reach(roundId, 'update', 'shares');
    const delta = await train(weights, offer);
    if (delta === null) return leave(offer);
    const body = seal(offer, [await round.maskVector(delivery, quantise(delta, 100, parameters))]);
    await calls.send(roundId, 'update', body, signal);
    const survivors = await reach(roundId, 'consistency', 'update');
    await calls.send(roundId, 'consistency', round.signSurvivors(survivors), signal);
    await calls.send(roundId, 'unmask', round.unmask(await reach(roundId, 'unmask', 'consistency')), signal);
    return send(offer, body);
  }

  return {
    key,
    url,
    calls,
    network,
    takePart,
    selected,
    close: async () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
