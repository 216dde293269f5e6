import { expect, test } from 'vitest';
import { restartPauseMs } from './restart-pause.ts';

test('a host that crashes is started again later each time, and not any more after six times in a row', () => {
  expect([1, 2, 3, 4, 5, 6, 7].map(restartPauseMs)).toEqual([500, 1000, 2000, 4000, 8000, null, null]);
});
