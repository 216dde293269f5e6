import type { Coordinator } from './coordinator.ts';

/** Lines of Prometheus text about tasks and their rounds. */
export function trainingMetrics(coordinator: Coordinator): string[] {
  const runs = coordinator.runs().map((run) => {
    const { taskId } = run.task.config.task;
    return { run, label: `task="${taskId}"`, totals: coordinator.totals(taskId) };
  });
  const lines = (name: string, type: 'counter' | 'gauge', values: string[]) =>
    values.length === 0 ? [] : [`# TYPE ${name} ${type}`, ...values.map((value) => name + value)];
  return [
    ...lines(
      'solanalm_gateway_training_rounds_total',
      'counter',
      runs.flatMap(({ label, totals }) => [
        `{${label},result="done"} ${totals.done}`,
        `{${label},result="failed"} ${totals.failed}`,
      ]),
    ),
    ...lines(
      'solanalm_gateway_training_completed_total',
      'counter',
      runs.map(({ label, totals }) => `{${label}} ${totals.participants}`),
    ),
    ...lines(
      'solanalm_gateway_training_participants',
      'gauge',
      runs.map(({ run, label }) => `{${label}} ${run.round?.nodes.length ?? 0}`),
    ),
    ...lines(
      'solanalm_gateway_training_waiting',
      'gauge',
      runs.map(({ run, label }) => `{${label}} ${run.waiting}`),
    ),
    ...lines(
      'solanalm_gateway_training_accuracy',
      'gauge',
      runs.flatMap(({ run, label }) =>
        run.model.accuracy === null ? [] : [`{${label}} ${run.model.accuracy}`],
      ),
    ),
  ];
}
