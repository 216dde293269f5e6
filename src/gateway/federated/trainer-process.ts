import { type ChildProcess, fork } from 'node:child_process';
import { AppError } from '#contract/errors.ts';
import { createTrainerCalls, type TrainerCalls } from '#contract/federated/trainer-calls.ts';
import type { FromTrainer, ToTrainer, TrainerOptions } from '#contract/federated/trainer-messages.ts';
import type { Trainer } from './trainer.ts';

const endLimitMs = 5000;
const evaluationLimitMs = 10 * 60_000;
/** A trainer that nobody needs for so long gives its memory back. */
const idleMs = 60_000;
const options: TrainerOptions = { threads: 1 };

interface Running {
  child: ChildProcess;
  calls: TrainerCalls;
  exited: Promise<void>;
}

/** The trainer program in a process of its own: started by the first call, and again by the next one after it has ended by itself. */
export function openTrainerProcess(
  program: string,
  /** Where it keeps what it makes of data. */
  cacheDir: string,
): Trainer {
  let running: Running | null = null;
  let waiting = 0;
  let idle: NodeJS.Timeout | undefined;

  function start(): Running {
    const child = fork(program, [JSON.stringify(options)], {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      execArgv: [],
    });
    const calls = createTrainerCalls((message: ToTrainer) => {
      if (child.connected) child.send(message, () => {});
    });
    const exited = Promise.withResolvers<void>();
    const end = (reason: string) => {
      if (running?.child === child) running = null;
      calls.ended(reason);
      exited.resolve();
    };
    child.on('message', (message: FromTrainer) => calls.receive(message));
    child.once('exit', (code, killedBy) => end(killedBy ?? `code ${code}`));
    child.once('error', (error) => end(error.message));
    return { child, calls, exited: exited.promise };
  }

  async function close(): Promise<void> {
    clearTimeout(idle);
    if (!running) return;
    const { child, exited } = running;
    running = null;
    if (child.connected) child.send({ type: 'end' } satisfies ToTrainer, () => {});
    const force = setTimeout(() => child.kill('SIGKILL'), endLimitMs);
    await exited;
    clearTimeout(force);
  }

  return {
    async evaluate(task, weights, heldOut) {
      clearTimeout(idle);
      running ??= start();
      const { child, calls } = running;
      waiting += 1;
      // A program that hangs must not hold a round for ever.
      const limit = setTimeout(() => child.kill('SIGKILL'), evaluationLimitMs);
      try {
        const evaluation = await calls.evaluate({ task, weights, data: { ...heldOut, cacheDir } });
        if (evaluation.examples > 0) return evaluation;
        throw new AppError('training/bad-data', 'There are no held-out examples.');
      } finally {
        clearTimeout(limit);
        waiting -= 1;
        if (waiting === 0) idle = setTimeout(() => void close(), idleMs).unref();
      }
    },
    close,
  };
}
