import { expect, test } from 'vitest';
import { createApiMetrics } from './api-metrics.ts';

test('what is earned on several networks is never one figure', async () => {
  const { registry } = createApiMetrics(() => ({
    running: 0,
    waiting: 0,
    gpuBytes: 0,
    earned: [
      { network: 'test-credits', net: 95_000_000_000n },
      { network: 'devnet', net: 1_900_000_000n },
    ],
  }));
  const lines = (await registry.metrics()).split('\n').filter((line) => line.startsWith('solanalm_earnings'));
  expect(lines).toEqual([
    'solanalm_earnings_sol{network="test-credits"} 95',
    'solanalm_earnings_sol{network="devnet"} 1.9',
  ]);
});
