import { expect, test } from 'vitest';
import { sampleTask, sampleTraining, smallModels } from '#testing/training-models.ts';
import { tasksAnswerSchema } from './rounds.ts';

test('a task that this app does not understand is left out, and the others stay', () => {
  const task = {
    task: sampleTask(smallModels.mlp),
    task_sha256: 'a'.repeat(64),
    training: sampleTraining(),
    strategy: 'fedavg',
    secure_aggregation: 'required',
    participants: { min: 3, max: 10 },
    round_minutes: 5,
    reward_lamports: '1000',
    model_version: 0,
    model_sha256: 'b'.repeat(64),
    accuracy: null,
  };
  const newer = { ...task, training: { ...task.training, distillation: true } };
  const { tasks } = tasksAnswerSchema.parse({ tasks: [newer, task, null, 7] });
  expect(tasks).toEqual([task]);
});
