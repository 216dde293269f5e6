import { expect, test } from 'vitest';
import { AppError } from '#contract/errors.ts';
import { createClient } from '#contract/transport.ts';
import { memoryTransport } from './memory-transport.ts';

test('a listener gets the present value at once, each new one after it, and none after it has left', () => {
  const transport = memoryTransport({});
  transport.publish('earnings.changed', { latestId: 1, changes: 1 });
  const heard: number[] = [];
  const end = createClient(transport).subscribe('earnings.changed', ({ latestId }) => heard.push(latestId));
  transport.publish('earnings.changed', { latestId: 2, changes: 1 });
  end();
  transport.publish('earnings.changed', { latestId: 3, changes: 1 });
  expect(heard).toEqual([1, 2]);
});

test('a call is answered, fails with its own code, or is unknown', async () => {
  const client = createClient(
    memoryTransport({
      'access.key': () => ({ key: 'k' }),
      'queue.cancel': () => {
        throw new AppError('queue/full', 'The queue is full.');
      },
    }),
  );
  expect(await client.request('access.key', {})).toEqual({ ok: true, data: { key: 'k' } });
  expect(await client.request('queue.cancel', { id: '1' })).toMatchObject({ error: { code: 'queue/full' } });
  expect(await client.request('node.start', {})).toMatchObject({ error: { code: 'request/not-found' } });
});
