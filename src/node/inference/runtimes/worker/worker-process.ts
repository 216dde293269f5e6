import { type ChildProcess, fork } from 'node:child_process';
import { AppError } from '#contract/errors.ts';
import { lowerPriority } from '../../../child-priority.ts';
import { entryPath } from '../../../entries.ts';
import type { GenerateHandlers } from '../../runtime.ts';
import type { EngineMemory, FromWorker, ToWorker, WorkerAnswer } from './messages.ts';

/** Programs that are workers. */
export type WorkerEntry = 'llama-worker' | 'transformers-worker';

const endLimitMs = 5000;

interface Pending {
  resolve(data: WorkerAnswer): void;
  reject(error: AppError): void;
  handlers?: GenerateHandlers;
}
type WithoutId<T> = T extends { id: number } ? Omit<T, 'id'> : never;

export interface WorkerEvents {
  onProgress?(value: number): void;
  onMemory?(memory: EngineMemory): void;
  /** The process ended by itself; its jobs have been rejected with `inference/crashed`. */
  onCrash?(reason: string): void;
}

/** One worker process and the requests it has not answered yet. */
export class WorkerProcess {
  readonly #child: ChildProcess;
  readonly #pending = new Map<number, Pending>();
  readonly #exited: Promise<void>;
  #nextId = 1;
  #ending = false;

  constructor(entry: WorkerEntry, events: WorkerEvents = {}) {
    this.#child = fork(entryPath(entry), [], {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      execArgv: [],
    });
    lowerPriority(this.#child.pid, 'serving');
    this.#child.on('message', (message: FromWorker) => this.#receive(message, events));
    this.#exited = new Promise((resolve) => {
      const ended = (reason: string) => {
        resolve();
        const error = new AppError('inference/crashed', `The engine’s process ended (${reason}).`, {
          retryAfterSeconds: 5,
        });
        for (const pending of this.#pending.values()) pending.reject(error);
        this.#pending.clear();
        if (!this.#ending) events.onCrash?.(reason);
      };
      this.#child.once('exit', (code, signal) => ended(signal ?? `code ${code}`));
      this.#child.once('error', (error) => ended(error.message));
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  request<T extends WorkerAnswer>(
    message: WithoutId<ToWorker>,
    options: { handlers?: GenerateHandlers; signal?: AbortSignal } = {},
  ): Promise<T> {
    const id = this.#nextId++;
    return new Promise<T>((resolve, reject) => {
      const cancel = () => this.#send({ type: 'cancel', id });
      const settle = () => options.signal?.removeEventListener('abort', cancel);
      this.#pending.set(id, {
        resolve: (data) => {
          settle();
          resolve(data as T);
        },
        reject: (error) => {
          settle();
          reject(error);
        },
        ...(options.handlers ? { handlers: options.handlers } : {}),
      });
      this.#send({ ...message, id } as ToWorker);
      if (options.signal?.aborted) cancel();
      else options.signal?.addEventListener('abort', cancel, { once: true });
    });
  }

  #send(message: ToWorker): void {
    if (this.#child.connected) this.#child.send(message, () => {});
  }

  #receive(message: FromWorker, events: WorkerEvents): void {
    switch (message.type) {
      case 'pieces':
        for (const [id, text, tokens] of message.pieces)
          this.#pending.get(id)?.handlers?.onText?.(text, tokens);
        return;
      case 'started':
        this.#pending.get(message.id)?.handlers?.onStart?.(message.promptTokens);
        return;
      case 'progress':
        events.onProgress?.(message.value);
        return;
      case 'memory': {
        const { type: _, ...memory } = message;
        events.onMemory?.(memory);
        return;
      }
      case 'answer':
        this.#pending.get(message.id)?.resolve(message.data);
        this.#pending.delete(message.id);
        return;
      case 'refusal': {
        const { code, message: text, data } = message.error;
        this.#pending.get(message.id)?.reject(new AppError(code, text, data ? { data } : {}));
        this.#pending.delete(message.id);
      }
    }
  }

  /** Ends the process at once: what it was asked is rejected with `inference/crashed`. */
  kill(): void {
    this.#child.kill('SIGKILL');
  }

  /** Disposes the engine and ends the process; by force when that takes over 5 s. */
  async end(): Promise<void> {
    this.#ending = true;
    this.#send({ type: 'end' });
    const force = setTimeout(() => this.kill(), endLimitMs);
    await this.#exited;
    clearTimeout(force);
  }
}
