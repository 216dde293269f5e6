import type { Hono } from 'hono';
import { z } from 'zod';
import { AppError } from '#contract/errors.ts';
import { solFromLamports, trainingFeeOf } from '#contract/money.ts';
import { parseForClient } from '../refusal.ts';
import type { Coordinator } from './coordinator.ts';
import type { TaskRun } from './task-run.ts';

const joinSchema = z.looseObject({
  model_name: z.string().min(1).max(256),
  node_capabilities: z.record(z.string(), z.json()).nullish(),
  reward_expectation: z.number().min(0).nullish(),
});

/** The core's view of training. Its `join` is an announcement: rounds themselves are spoken by the extension `federated`. */
export function addTrainingRoutes(app: Hono, parts: { coordinator: Coordinator; now(): number }): void {
  const { coordinator, now } = parts;

  app.get('/training/status', (context) =>
    context.json({
      status: coordinator.runs().length === 0 ? 'no rounds on this network' : 'online',
      active_rounds: coordinator.runs().flatMap((run) => trainingRound(run) ?? []),
      tasks: coordinator.runs().map(({ task, model, waiting, isOver }) => ({
        task_id: task.config.task.taskId,
        model_version: model.version,
        accuracy: model.accuracy,
        loss: model.loss,
        nodes_waiting: waiting,
        ended: isOver,
      })),
      refused_tasks: coordinator.refused(),
    }),
  );

  app.post('/training/join', async (context) => {
    const request = parseForClient(joinSchema, await context.req.arrayBuffer());
    const run = coordinator
      .runs()
      .find(({ task, isOver }) => !isOver && isNamed(task.config.task, request.model_name));
    if (!run) throw new AppError('training/unknown-task', `No task is called “${request.model_name}”.`);
    const expectedLamports = expectedRewardOf(run);
    if ((request.reward_expectation ?? 0) > solFromLamports(expectedLamports))
      throw new AppError('request/invalid', `A round of this task pays about ${expectedLamports} lamports.`, {
        data: { field: 'reward_expectation' },
      });
    const { config } = run.task;
    const deadlineMs = run.round?.offer.deadline_ms ?? now() + config.roundMinutes * 60_000;
    return context.json({
      status: run.round ? 'in_progress' : 'waiting',
      round_id: run.roundId,
      model_download_url: new URL(`/federated/models/${run.model.modelSha256}`, context.req.url).href,
      deadline: new Date(deadlineMs).toISOString(),
      expected_reward: solFromLamports(expectedLamports),
    });
  });
}

const isNamed = ({ taskId, name }: { taskId: string; name: string }, wanted: string) =>
  taskId === wanted || name === wanted;

/** An equal share of the pool among the nodes of this round, or of the least that the next one takes; after the fee. */
function expectedRewardOf({ task, round }: TaskRun): bigint {
  const nodes = round?.nodes.length ?? task.config.participants.min;
  const share = BigInt(task.config.rewardLamports) / BigInt(nodes);
  return share - trainingFeeOf(share);
}

/** Both shapes of a TrainingRound that are in use, in one. */
function trainingRound({ task, round }: TaskRun) {
  if (!round) return null;
  const { config } = task;
  const startMs = round.offer.deadline_ms - config.roundMinutes * 60_000;
  return {
    round_id: round.offer.round_id,
    model: config.task.taskId,
    participating_nodes: round.nodes.map(({ nodeId }) => nodeId),
    start_time: new Date(startMs).toISOString(),
    duration_minutes: config.roundMinutes,
    reward_per_node: solFromLamports(BigInt(config.rewardLamports) / BigInt(round.nodes.length)),
    reward_sol: solFromLamports(BigInt(config.rewardLamports)),
    status: round.stage,
  };
}
