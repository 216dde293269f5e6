import { type ChildProcess, fork } from 'node:child_process';
import {
  type CallOptions,
  createTrainerCalls,
  type TrainerCalls,
} from '#contract/federated/trainer-calls.ts';
import type {
  FromTrainer,
  ToTrainer,
  TrainerOptions,
  TrainRequest,
} from '#contract/federated/trainer-messages.ts';
import { toAppError } from '#contract/result.ts';
import { lowerPriority } from '../../child-priority.ts';
import { entryPath } from '../../entries.ts';

const endLimitMs = 5000;

export interface OpenTrainerOptions extends TrainerOptions {
  /** Ends the trainer. */
  signal?: AbortSignal;
  /** How often training goes on from its checkpoint after the process has ended by itself. */
  crashRetries?: number;
  /** Another program than this app's trainer. */
  program?: string;
}

/** The training engine in a process of its own. The process is started by the first call, and again after it has ended by itself. */
export interface Trainer extends Omit<TrainerCalls, 'receive' | 'ended'> {
  /** Between two batches; the process keeps its memory and takes no time of the processor. */
  pause(): void;
  resume(): void;
  /** Stops what it does at the next batch, once its checkpoint is written: the call rejects with `training/interrupted`. */
  interrupt(): void;
  /** Ends the process at once; what it was asked rejects with `training/worker-crashed`. */
  kill(): void;
  /** Process id; undefined while there is none. */
  pid(): number | undefined;
  dispose(): Promise<void>;
}

interface Running {
  child: ChildProcess;
  calls: TrainerCalls;
  exited: Promise<void>;
}

export function openTrainer(options: OpenTrainerOptions = {}): Trainer {
  const { signal, crashRetries = 1, program = entryPath('trainer'), ...trainerOptions } = options;
  let running: Running | null = null;
  let isPaused = false;

  function start(): Running {
    const child = fork(program, [JSON.stringify(trainerOptions)], {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      execArgv: [],
    });
    lowerPriority(child.pid, 'training');
    const calls = createTrainerCalls((message) => sendTo(child, message));
    const exited = Promise.withResolvers<void>();
    const ended = (reason: string) => {
      if (running?.child === child) running = null;
      calls.ended(reason);
      exited.resolve();
    };
    child.on('message', (message: FromTrainer) => calls.receive(message));
    child.once('exit', (code, killedBy) => ended(killedBy ?? `code ${code}`));
    child.once('error', (error) => ended(error.message));
    if (isPaused) sendTo(child, { type: 'pause' });
    return { child, calls, exited: exited.promise };
  }

  function current(): TrainerCalls {
    signal?.throwIfAborted();
    running ??= start();
    return running.calls;
  }

  async function train(request: TrainRequest, callOptions: CallOptions = {}) {
    for (let crashes = 0; ; crashes += 1)
      try {
        return await current().train(request, callOptions);
      } catch (thrown) {
        const isLost = toAppError(thrown).code === 'training/worker-crashed' && !signal?.aborted;
        if (!isLost || !request.checkpointPath || crashes >= crashRetries) throw thrown;
      }
  }

  async function dispose(): Promise<void> {
    const ending = running;
    if (!ending) return;
    sendTo(ending.child, { type: 'end' });
    const force = setTimeout(() => ending.child.kill('SIGKILL'), endLimitMs);
    await ending.exited;
    clearTimeout(force);
  }

  signal?.addEventListener('abort', () => void dispose(), { once: true });
  return {
    describe: () => current().describe(),
    initialise: (model, seed) => current().initialise(model, seed),
    evaluate: (request, callOptions) => current().evaluate(request, callOptions),
    train,
    pause() {
      isPaused = true;
      if (running) sendTo(running.child, { type: 'pause' });
    },
    resume() {
      isPaused = false;
      if (running) sendTo(running.child, { type: 'resume' });
    },
    interrupt() {
      if (running) sendTo(running.child, { type: 'interrupt' });
    },
    kill: () => void running?.child.kill('SIGKILL'),
    pid: () => running?.child.pid,
    dispose,
  };
}

function sendTo(child: ChildProcess, message: ToTrainer): void {
  if (child.connected) child.send(message, () => {});
}
