import { expect, test } from 'vitest';
import { canonicalJson } from '#contract/canonical-json.ts';
import type { OfferedTask } from '#contract/federated/rounds.ts';
import { type DataFormat, localTrainingSchema } from '#contract/federated/task.ts';
import { smallTask } from '#testing/scripted-rounds.ts';
import { sha256Hex } from '../link/ed25519.ts';
import { taskViews } from './task-views.ts';

const images: DataFormat = { kind: 'image', width: 2, height: 2, channels: 1, labels: ['a', 'b'] };

/** How a task of these data, trained in this way, is shown. */
function viewOf(data: DataFormat, training: unknown) {
  const task = { ...smallTask, data };
  const offered: OfferedTask = {
    task,
    task_sha256: sha256Hex(canonicalJson(task)),
    training: localTrainingSchema.parse(training),
    strategy: 'fedavg',
    secure_aggregation: 'off',
    participants: { min: 1, max: 1 },
    round_minutes: 5,
    reward_lamports: '1000',
    model_version: 3,
    model_sha256: 'a'.repeat(64),
    accuracy: null,
  };
  const context = { chosen: [], dataFor: () => ({ id: 'data', examples: 40 }), privacyFault: () => null };
  return taskViews([offered], context)[0];
}

test('a task says what it does to data before it learns from them', () => {
  const augmentation = { kind: 'image', shiftPixels: 1, flip: true, cropPercent: 80 };
  expect(viewOf(images, { augmentation, balance: 'classes' })).toMatchObject({
    dataChanges: ['shifted', 'flipped', 'cropped', 'balanced'],
    obstacle: null,
  });
  expect(viewOf(images, { balance: 'none' })).toMatchObject({ dataChanges: [], obstacle: null });
});

test('a task that would change data of another kind than its own is not taken part in, with a sentence', () => {
  expect(viewOf(smallTask.data, { augmentation: { kind: 'image', flip: true } })?.obstacle).toEqual({
    code: 'bad-task',
    message: 'The task learns from tables; they cannot be shifted, flipped or cropped.',
  });
  expect(viewOf(images, { augmentation: { kind: 'image', shiftPixels: 2 } })?.obstacle).toMatchObject({
    code: 'bad-task',
  });
});
