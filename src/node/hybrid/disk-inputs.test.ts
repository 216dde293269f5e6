import { expect, test } from 'vitest';
import { diskInputs } from './disk-inputs.ts';

const gb = 1e9;
const disk = { totalBytes: 500 * gb, freeBytes: 100 * gb };
const models = [
  { sizeBytes: 8 * gb, shipped: false },
  { sizeBytes: 2 * gb, shipped: true },
  // A server's model lies on another computer.
  { sizeBytes: 0, shipped: false },
];
const downloads = [
  { receivedBytes: 3 * gb, state: { state: 'paused' as const } },
  { receivedBytes: 8 * gb, state: { state: 'done' as const } },
];
const training = { bytes: 6 * gb, keptBytes: gb };

test('models and training may take what is free and what they have, less the reserve', () => {
  expect(diskInputs(disk, 5, { models, downloads, training })).toEqual({
    totalBytes: 112 * gb,
    storedBytes: { inference: 11 * gb, training: gb },
  });
});

test('with less free than the reserve, nothing is left to take; while the disk or the folder is not known, nothing is said', () => {
  const stored = { models: [], downloads: [], training: { bytes: 0, keptBytes: 0 } };
  expect(diskInputs({ ...disk, freeBytes: gb }, 5, stored)?.totalBytes).toBe(0);
  expect(diskInputs(null, 5, stored)).toBeNull();
  expect(diskInputs(disk, 5, { ...stored, training: null })).toBeNull();
});
