import { AppError } from '#contract/errors.ts';
import { toAppError } from '#contract/result.ts';
import type { Coordinator } from '#gateway/federated/coordinator.ts';
import { createFederatedCalls, type FederatedCalls } from '#node/link/federated-calls.ts';
import type { NodeKey } from '#node/link/node-key.ts';

/** The calls of extension `federated` to a coordinator of the same process, with errors as they are over the wire. */
export function coordinatorCalls(coordinator: () => Coordinator, key: NodeKey): FederatedCalls {
  const name = key.publicKey;

  async function over<T>(work: () => T): Promise<Awaited<T>> {
    try {
      return await work();
    } catch (thrown) {
      const { status, message } = toAppError(thrown);
      const code =
        status === 404 ? 'gateway/not-registered' : status >= 500 ? 'link/unreachable' : 'link/rejected';
      throw new AppError(code, `The gateway says: ${message}`, { data: { status } });
    }
  }

  return {
    ...createFederatedCalls('http://127.0.0.1:9', key, () => 0),
    tasks: () => over(() => coordinator().offered()),
    join: (request) =>
      over(() => coordinator().join({ nodeKey: name, nodeId: key.nodeId, processors: 4 }, request)),
    model: (sha256) => over(() => coordinator().model(sha256)),
    round: (id, after, signal) =>
      over(() => coordinator().state(id, name, { after, waitMs: 5000, signal })).finally(() =>
        signal.throwIfAborted(),
      ),
    send: (id, stage, body) =>
      over(() => {
        const bytes = body instanceof Uint8Array ? body : Buffer.from(JSON.stringify(body));
        coordinator().receive(id, stage, name, bytes);
      }),
    leave: (id) => over(() => coordinator().leave(id, name)),
  };
}
