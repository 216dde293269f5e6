import { expect, test } from 'vitest';
import type { DataSource } from '#contract/training-data.ts';
import { createDataInUse } from './data-in-use.ts';
import { packedId, sourceId } from './stamp.ts';

const source: DataSource = { kind: 'csv', path: '/data/mails.csv.gz' } as DataSource;

test('data are in use from the first step to the last, unpacked too, and by the longest of two that use them', async () => {
  const inUse = createDataInUse({ cacheDir: '/cache', resourcesDir: '/resources' });
  const round = Promise.withResolvers<string>();
  const learning = inUse.during(source, () => round.promise);
  await expect(inUse.during(source, () => Promise.reject(new Error('unreadable')))).rejects.toThrow(
    'unreadable',
  );
  expect(inUse.ids()).toEqual(new Set([sourceId(source), packedId('/data/mails.csv.gz')]));
  round.resolve('learnt');
  expect(await learning).toBe('learnt');
  expect(inUse.ids().size).toBe(0);
});
