import { expect, test } from 'vitest';
import type { Model } from '#contract/model.ts';
import { defaultSettings } from '#contract/settings.ts';
import { createSignal } from '../signal.ts';
import { makeRoom } from './make-room.ts';

const gb = 1e9;

/** A store of 2 GB shipped and three models of 4 GB, of which `served` is; the oldest was never served. */
function store(patch: { quotaGigabytes?: number; diskBytes?: number | null }) {
  const model = (id: string, sizeBytes: number, is: Partial<Model> = {}) =>
    ({ id, sizeBytes, served: false, shipped: false, ...is }) as Model;
  const models = createSignal([
    model('shipped', 2 * gb, { shipped: true }),
    model('served', 4 * gb, { served: true }),
    model('recent', 4 * gb),
    model('old', 4 * gb),
  ]);
  const room = makeRoom({
    settings: {
      current: createSignal({ ...defaultSettings, modelsQuotaGigabytes: patch.quotaGigabytes ?? 0 }),
    },
    ledger: { lastServedAt: () => ({ served: 3, recent: 2 }) },
    models: {
      models,
      remove: async (id) => models.set(models.get().filter((one) => one.id !== id)),
    },
    diskBytes: () => patch.diskBytes ?? null,
  });
  return { room, ids: () => models.get().map(({ id }) => id) };
}

test('a download that would take more than serving’s part of the disk costs the models served least recently', async () => {
  const { room, ids } = store({ diskBytes: 15 * gb });
  await room(3 * gb);
  expect(ids()).toEqual(['shipped', 'served', 'recent', 'old']);
  await room(4 * gb);
  expect(ids()).toEqual(['shipped', 'served', 'recent']);
});

test('the narrower of quota and part holds, and what the one has deleted counts for the other', async () => {
  const { room, ids } = store({ quotaGigabytes: 16, diskBytes: 8 * gb });
  await room(4 * gb);
  expect(ids()).toEqual(['shipped', 'served']);
  const other = store({ quotaGigabytes: 14, diskBytes: 12 * gb });
  await other.room(4 * gb);
  expect(other.ids()).toEqual(['shipped', 'served', 'recent']);
});

test('where deleting all that may go is not enough the download is refused, and nothing is deleted', async () => {
  for (const diskBytes of [6 * gb, 1]) {
    const { room, ids } = store({ quotaGigabytes: 16, diskBytes });
    await expect(room(3 * gb)).rejects.toMatchObject({ code: 'models/quota' });
    expect(ids()).toHaveLength(4);
  }
});

test('while the disk is not known, and without a quota, nothing is deleted', async () => {
  const { room, ids } = store({});
  await room(1000 * gb);
  expect(ids()).toHaveLength(4);
});
