import { beforeEach, expect, test } from 'vitest';
import { createFakeClock } from '#testing/fake-clock.ts';
import { createMemoryLedger, type MemoryLedger } from './memory-ledger.ts';

const gb = 1e9;
const ram = (ramBytes: number) => ({ ramBytes, gpuBytes: 0 });
let ledger: MemoryLedger;
beforeEach(() => {
  ledger = createMemoryLedger({
    ceiling: { ramBytes: 4 * gb, gpuBytes: 2 * gb },
    clock: createFakeClock(7).clock,
  });
});

test('what is reserved is shown with what is really used, until it is let go', () => {
  const model = ledger.reserve({ owner: 'model', name: 'Llama', ...ram(gb) });
  const row = { owner: 'model', name: 'Llama', ...ram(gb), since: 7 };
  expect(ledger.reservations.get()).toMatchObject([{ ...row, usedRamBytes: null, usedGpuBytes: null }]);
  model.measured({ ramBytes: 0.8 * gb, gpuBytes: 0 });
  expect(ledger.reservations.get()).toMatchObject([{ ...row, usedRamBytes: 0.8 * gb, usedGpuBytes: 0 }]);
  model.release();
  model.release();
  model.measured({ ramBytes: 1, gpuBytes: 1 });
  expect(ledger.reservations.get()).toEqual([]);
  expect(ledger.room('model')).toEqual({ ramBytes: 4 * gb, gpuBytes: 2 * gb });
});

test('a reservation that cannot be met says what would have to go, by name and size', () => {
  ledger.reserve({ owner: 'cache', name: 'Answers', ...ram(gb) });
  ledger.reserve({ owner: 'training', name: 'Digits', ...ram(2 * gb) });
  let thrown: unknown;
  try {
    ledger.reserve({ owner: 'model', name: 'Llama', ...ram(2 * gb) });
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toMatchObject({
    code: 'resources/no-room',
    message:
      '“Llama” needs 2,000 MB of memory; 1,000 MB are left. What would have to go: “Answers” (1,000 MB).',
    data: { needsBytes: 2 * gb, freeBytes: gb, wouldGo: [{ owner: 'cache', name: 'Answers', ramBytes: gb }] },
  });
  expect(() => ledger.reserve({ owner: 'model', name: 'Falcon', ...ram(5 * gb) })).toThrow(
    'Letting go of what is loaded would not be enough.',
  );
  expect(() => ledger.reserve({ owner: 'model', name: 'Phi', ramBytes: 0, gpuBytes: 3 * gb })).toThrow(
    '“Phi” needs 3,000 MB of GPU memory; 2,000 MB are left.',
  );
});

test('of many that ask at once, as many get room as there is, and no more', async () => {
  const asks = Array.from({ length: 50 }, async (_, index) => {
    await Promise.resolve();
    return ledger.reserve({ owner: index % 2 ? 'model' : 'training', name: `${index}`, ...ram(0.3 * gb) });
  });
  const answers = await Promise.allSettled(asks);
  expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(13);
  expect(ledger.reservations.get().reduce((sum, { ramBytes }) => sum + ramBytes, 0)).toBeLessThanOrEqual(
    4 * gb,
  );
});

test('a limit that comes down keeps what is loaded, says what has to go, and lets nothing more in', () => {
  ledger.reserve({ owner: 'model', name: 'Llama', ...ram(2 * gb) });
  const cache = ledger.reserve({ owner: 'cache', name: 'Answers', ...ram(gb) });
  ledger.setLimits({ ceiling: ram(2 * gb) });
  expect(ledger.excess().map(({ name }) => name)).toEqual(['Answers']);
  expect(() => cache.resize(ram(1.1 * gb))).toThrow('What would have to go');
  cache.resize(ram(0));
  expect(ledger.excess()).toEqual([]);
  expect(ledger.room('training')).toEqual(ram(0));
});

test('side by side each kind keeps to its own part', () => {
  const allowance = { inference: ram(3 * gb), training: ram(gb) };
  ledger.setLimits({ allowance });
  expect(ledger.room('kv-cache').ramBytes).toBe(3 * gb);
  expect(() => ledger.reserve({ owner: 'training', name: 'Digits', ...ram(2 * gb) })).toThrow('are left');
  ledger.reserve({ owner: 'training', name: 'Digits', ...ram(gb) });
  expect(ledger.room('kv-cache').ramBytes).toBe(3 * gb);
});
