import { AppError } from '../errors.ts';
import type { ModelSpec } from './model-spec.ts';
import type {
  EvaluateRequest,
  Evaluation,
  FromTrainer,
  ToTrainer,
  TrainerFacts,
  TrainProgress,
  TrainRequest,
  TrainResult,
} from './trainer-messages.ts';

export interface CallOptions {
  /** Cancels the call: `training/cancelled`. */
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: TrainProgress) => void) | undefined;
}

/** What can be asked of a trainer process; a call that it does not live to answer rejects with `training/worker-crashed`. */
export interface TrainerCalls {
  describe(): Promise<TrainerFacts>;
  initialise(model: ModelSpec, seed: number | string): Promise<Float32Array>;
  train(request: TrainRequest, options?: CallOptions): Promise<TrainResult>;
  evaluate(request: EvaluateRequest, options?: CallOptions): Promise<Evaluation>;
  /** To be told of each message of the process. */
  receive(message: FromTrainer): void;
  /** To be told when the process has ended. */
  ended(reason: string): void;
}

type Answer = Exclude<FromTrainer, { type: 'progress' | 'refusal' }>;
type Request = Extract<ToTrainer, { id: number }>;
type WithoutId<T> = T extends Request ? Omit<T, 'id'> : never;
interface Pending {
  resolve(answer: Answer): void;
  reject(error: AppError): void;
  onProgress: CallOptions['onProgress'];
}

/** The calls of one trainer process, whatever carries its messages. */
export function createTrainerCalls(send: (message: ToTrainer) => void): TrainerCalls {
  const pending = new Map<number, Pending>();
  let nextId = 1;

  function call<K extends Answer['type']>(
    wanted: K,
    message: WithoutId<Request>,
    { signal, onProgress }: CallOptions = {},
  ): Promise<Extract<Answer, { type: K }>> {
    if (signal?.aborted) return Promise.reject(new AppError('training/cancelled', 'Training was cancelled.'));
    const id = nextId++;
    return new Promise((resolve, reject) => {
      const cancel = () => send({ type: 'cancel', id });
      const settle = () => {
        signal?.removeEventListener('abort', cancel);
        pending.delete(id);
      };
      pending.set(id, {
        onProgress,
        resolve: (answer) => {
          settle();
          if (answer.type === wanted) resolve(answer as Extract<Answer, { type: K }>);
          else reject(new AppError('training/failed', `The trainer answered ${answer.type}.`));
        },
        reject: (error) => {
          settle();
          reject(error);
        },
      });
      send({ ...message, id } as ToTrainer);
      signal?.addEventListener('abort', cancel, { once: true });
    });
  }

  return {
    describe: async () => (await call('facts', { type: 'describe' })).facts,
    initialise: async (model, seed) => (await call('weights', { type: 'initialise', model, seed })).weights,
    train: async (request, options) => (await call('trained', { type: 'train', request }, options)).result,
    evaluate: async (request, options) =>
      (await call('evaluated', { type: 'evaluate', request }, options)).evaluation,
    receive(message) {
      const waiting = pending.get(message.id);
      if (message.type === 'progress') waiting?.onProgress?.(message.progress);
      else if (message.type !== 'refusal') waiting?.resolve(message);
      else {
        const { code, message: text, data } = message.error;
        waiting?.reject(new AppError(code, text, data ? { data } : {}));
      }
    },
    ended(reason) {
      const error = new AppError('training/worker-crashed', `The training program ended (${reason}).`, {
        retryAfterSeconds: 5,
      });
      for (const waiting of [...pending.values()]) waiting.reject(error);
    },
  };
}
