import { expect, test } from 'vitest';
import { parseNvidiaSmi } from './nvidia-smi.ts';

test('reads each GPU; a figure the driver withholds is unknown, not zero', () => {
  const gpus = parseNvidiaSmi(
    'NVIDIA GeForce RTX 4070, 12282, 4403, 37, 61, 142.10\nTesla T4, 15360, 0, [N/A], 40, [Not Supported]\n',
  );
  expect(gpus).toMatchObject([
    {
      name: 'NVIDIA GeForce RTX 4070',
      totalBytes: 12282 * 2 ** 20,
      usedBytes: 4403 * 2 ** 20,
      load: 0.37,
      tempC: 61,
      powerWatts: 142.1,
    },
    { name: 'Tesla T4', totalBytes: 15360 * 2 ** 20, usedBytes: 0, load: null, tempC: 40, powerWatts: null },
  ]);
});

test('nonsense is no GPU', () => {
  expect(parseNvidiaSmi('NVIDIA-SMI has failed because it could not communicate with the driver.\n')).toEqual(
    [],
  );
  expect(parseNvidiaSmi('')).toEqual([]);
  expect(parseNvidiaSmi('GPU, NaN, -3, x, y, z')).toEqual([]);
});
