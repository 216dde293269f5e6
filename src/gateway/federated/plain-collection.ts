import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '#contract/errors.ts';
import type { UpdateHead } from '#contract/federated/rounds.ts';
import type { Collection, PlainUpdate } from './collection.ts';
import { asFloat32 } from './stored-blobs.ts';
import { checkShape, checkValues } from './update-check.ts';

/** Updates that the gateway sees: each is checked and written to the round's folder, so that one at a time lies in memory. */
export function createPlainCollection(options: {
  /** A folder of the round's own; gone after `discard`. */
  folder: string;
  parameters: number;
  hasControl: boolean;
  /** Most L2 norm of an update; null: the usual. */
  mostNorm: number | null;
}): Collection {
  const { folder, parameters, hasControl, mostNorm } = options;
  const heads = new Map<string, UpdateHead>();
  mkdirSync(folder, { recursive: true });

  function plainUpdate(nodeKey: string, head: UpdateHead): PlainUpdate {
    return {
      nodeKey,
      head,
      read() {
        const values = asFloat32(readFileSync(join(folder, nodeKey)));
        return {
          delta: values.subarray(0, head.length),
          control: head.control ? values.subarray(head.length) : null,
        };
      },
    };
  }

  return {
    firstStage: 'update',
    updateValues: hasControl ? 2 * parameters : parameters,
    receiveMessage(stage) {
      throw new AppError('training/bad-update', `A plain round has no stage “${stage}”.`);
    },
    receiveUpdate(nodeKey, update) {
      const { head, vectors } = update;
      checkShape(update, parameters, hasControl);
      checkValues(
        vectors.map((bytes) => new Float32Array(bytes)),
        mostNorm,
      );
      const temporary = join(folder, `${nodeKey}.part`);
      writeFileSync(temporary, Buffer.concat(vectors.map((bytes) => new Uint8Array(bytes))));
      renameSync(temporary, join(folder, nodeKey));
      heads.set(nodeKey, head);
    },
    close: (_, senders) => ({
      kind: 'collected',
      faulty: [],
      collected: {
        kind: 'updates',
        updates: [...senders].sort().flatMap((nodeKey) => {
          const head = heads.get(nodeKey);
          return head ? [plainUpdate(nodeKey, head)] : [];
        }),
      },
    }),
    discard: () => rmSync(folder, { recursive: true, force: true }),
  };
}
