import type { z } from 'zod';
import { AppError } from '#contract/errors.ts';
import {
  type FromTrainer,
  type ToTrainer,
  toTrainerSchema,
  trainerOptionsSchema,
} from '#contract/federated/trainer-messages.ts';
import { errorBody, toAppError } from '#contract/result.ts';
import { openEngine } from '../engine/open-engine.ts';
import { createTrainer, type Hooks, type Trainer, type TrainerParts } from './trainer.ts';

const send = (message: FromTrainer): void => {
  if (process.connected) process.send?.(message);
};

/** Makes this process a trainer: answers its parent's messages one after the other, ends with it. */
export function serveTrainer(parts: Pick<TrainerParts, 'open' | 'privateRandom'>): void {
  const options = trainerOptionsSchema.parse(JSON.parse(process.argv[2] ?? '{}'));
  const trainer = openEngine(options.engineDir).then((engine) =>
    createTrainer({ ...parts, engine, options }),
  );
  trainer.catch(() => {});
  const running = new Map<number, AbortController>();
  let paused: PromiseWithResolvers<void> | null = null;
  let isInterrupted = false;
  let queue: Promise<void> = Promise.resolve();

  async function answer(message: ToTrainer & { id: number }, signal: AbortSignal): Promise<void> {
    const { id } = message;
    const aborted = whenAborted(signal);
    const hooks: Hooks = {
      signal,
      whenRunning: async () => {
        while (paused && !isInterrupted && !signal.aborted) await Promise.race([paused.promise, aborted]);
      },
      isInterrupted: () => isInterrupted,
      onProgress: (progress) => send({ type: 'progress', id, progress }),
    };
    if (signal.aborted) throw new AppError('training/cancelled', 'Training was cancelled.');
    send(await work(await trainer, message, hooks));
  }

  function receive(received: unknown): void {
    const message = toTrainerSchema.safeParse(received);
    if (!message.success) {
      refuse(received, message.error);
      return;
    }
    const { data } = message;
    switch (data.type) {
      case 'pause':
        paused ??= Promise.withResolvers();
        return;
      case 'resume':
        paused?.resolve();
        paused = null;
        return;
      case 'interrupt':
        isInterrupted = true;
        paused?.resolve();
        return;
      case 'end':
        process.exit(0);
        return;
      case 'cancel':
        running.get(data.id)?.abort();
        return;
      default: {
        const abort = new AbortController();
        running.set(data.id, abort);
        const before = data.type === 'describe' ? Promise.resolve() : queue;
        const done = before
          .then(() => answer(data, abort.signal))
          .catch((thrown: unknown) => {
            send({ type: 'refusal', id: data.id, error: errorBody(faultOf(thrown)) });
          })
          .finally(() => running.delete(data.id));
        if (data.type !== 'describe') queue = done.then(() => {});
      }
    }
  }

  process.on('message', receive);
  process.on('disconnect', () => process.exit(0));
}

const whenAborted = (signal: AbortSignal): Promise<void> =>
  signal.aborted
    ? Promise.resolve()
    : new Promise((resolve) => {
        signal.addEventListener('abort', () => resolve(), { once: true });
      });

async function work(
  trainer: Trainer,
  message: ToTrainer & { id: number },
  hooks: Hooks,
): Promise<FromTrainer> {
  const { id } = message;
  switch (message.type) {
    case 'describe':
      return { type: 'facts', id, facts: trainer.facts };
    case 'initialise':
      return { type: 'weights', id, weights: trainer.initialise(message.model, message.seed) };
    case 'train':
      return { type: 'trained', id, result: await trainer.train(message.request, hooks) };
    case 'evaluate':
      return { type: 'evaluated', id, evaluation: await trainer.evaluate(message.request, hooks) };
    default:
      throw new AppError('training/failed', `The trainer does not know ${message.type}.`);
  }
}

function refuse(received: unknown, cause: z.ZodError): void {
  const id = (received as { id?: unknown } | null)?.id;
  if (typeof id !== 'number') return;
  const path = cause.issues[0]?.path ?? [];
  const code = path.includes('model') ? 'training/bad-model' : 'training/failed';
  const text = `The trainer cannot do what it was asked: ${cause.issues[0]?.message} (${path.join('.')}).`;
  send({ type: 'refusal', id, error: errorBody(new AppError(code, text)) });
}

function faultOf(thrown: unknown): AppError {
  const isMemory = thrown instanceof Error && /memory|allocation failed/i.test(thrown.message);
  return toAppError(thrown, isMemory ? 'training/out-of-memory' : 'training/failed');
}
