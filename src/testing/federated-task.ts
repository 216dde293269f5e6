import { type TaskConfig, taskConfigSchema } from '#gateway/federated/task-config.ts';

/** A task's entry of `tasks.json`, small and quick. */
export const taskEntry = (change: Record<string, unknown> = {}, taskId = 'four') => ({
  task: {
    taskId,
    name: 'Four weights',
    model: {
      input: { kind: 'numbers', shape: [2] },
      layers: [{ type: 'layer-norm' }],
      output: { kind: 'classes', count: 2 },
    },
    data: { kind: 'table', columns: 2, scale: [{ offset: 0, factor: 1 }], labels: ['no', 'yes'] },
  },
  participants: { min: 1, fraction: 1 },
  secureAggregation: 'off',
  graceSeconds: 0,
  pauseSeconds: 0,
  rewardLamports: '1000000',
  heldOut: { source: { kind: 'csv', path: 'held-out.csv' }, split: 'all' },
  ...change,
});

export const testTask = (change: Record<string, unknown> = {}, taskId?: string): TaskConfig =>
  taskConfigSchema.parse(taskEntry(change, taskId));
