import { AppError } from '#contract/errors.ts';
import { errorBody, toAppError } from '#contract/result.ts';
import type {
  EmbedResult,
  Feature,
  GenerateRequest,
  GenerateResult,
  LoadedModel,
  LoadOptions,
  ModelFacts,
} from '../../runtime.ts';
import type { EngineMemory, FromWorker, TextPiece, ToWorker } from './messages.ts';

const memoryIntervalMs = 2000;

/** A loaded model in the worker process. */
export interface WorkerEngine {
  readonly loaded: LoadedModel;
  readonly lacks: Feature[];
  generate(
    request: GenerateRequest,
    handlers: { onStart(promptTokens: number): void; onText(text: string, generatedTokens: number): void },
    signal: AbortSignal,
  ): Promise<GenerateResult>;
  embed(inputs: string[], signal: AbortSignal): Promise<EmbedResult>;
  /** Absent where the engine keeps the threads that it was loaded with. */
  setThreads?(threads: LoadOptions['threads']): number;
  memory(): Promise<EngineMemory>;
  dispose(): Promise<void>;
}

export interface EngineKind {
  load(options: LoadOptions, onProgress: (value: number) => void): Promise<WorkerEngine>;
  inspect(
    path: string,
    options: Pick<LoadOptions, 'contextSize' | 'parallelRequests' | 'gpu'>,
  ): Promise<ModelFacts>;
}

let kind: EngineKind;

let engine: WorkerEngine | null = null;
const running = new Map<number, AbortController>();
let pieces: TextPiece[] = [];

const send = (message: FromWorker): void => {
  if (process.connected) process.send?.(message);
};

/** One message a turn carries the new text of all sequences of a batch. */
function addPiece(piece: TextPiece): void {
  if (pieces.push(piece) === 1) setImmediate(flushPieces);
}

function flushPieces(): void {
  if (pieces.length === 0) return;
  send({ type: 'pieces', pieces });
  pieces = [];
}

async function answer(message: ToWorker): Promise<void> {
  switch (message.type) {
    case 'load': {
      engine = await kind.load(message.options, (value) => send({ type: 'progress', value }));
      await reportMemory();
      return send({ type: 'answer', id: message.id, data: { ...engine.loaded, lacks: engine.lacks } });
    }
    case 'inspect':
      return send({
        type: 'answer',
        id: message.id,
        data: await kind.inspect(message.path, message.options),
      });
    case 'generate': {
      const { id, request } = message;
      const data = await cancellable(id, (loaded, signal) =>
        loaded.generate(
          request,
          {
            onStart: (promptTokens) => send({ type: 'started', id, promptTokens }),
            onText: (text, generatedTokens) => addPiece([id, text, generatedTokens]),
          },
          signal,
        ),
      );
      flushPieces();
      return send({ type: 'answer', id, data });
    }
    case 'embed': {
      const { id, inputs } = message;
      const data = await cancellable(id, (loaded, signal) => loaded.embed(inputs, signal));
      return send({ type: 'answer', id, data });
    }
    case 'threads': {
      if (!engine) throw noModel();
      const threads = engine.setThreads?.(message.threads) ?? engine.loaded.threads;
      return send({ type: 'answer', id: message.id, data: { threads } });
    }
    case 'cancel':
      running.get(message.id)?.abort();
      return;
    case 'end':
      await engine?.dispose();
      process.exit(0);
  }
}

async function cancellable<T>(
  id: number,
  work: (loaded: WorkerEngine, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  if (!engine) throw noModel();
  const abort = new AbortController();
  running.set(id, abort);
  try {
    return await work(engine, abort.signal);
  } finally {
    running.delete(id);
  }
}

const noModel = () => new AppError('inference/failed', 'No model is loaded.');

function refusal(message: ToWorker, thrown: unknown): void {
  if (!('id' in message)) return;
  const fallback = message.type === 'load' ? loadFault(thrown) : 'inference/failed';
  send({ type: 'refusal', id: message.id, error: errorBody(toAppError(thrown, fallback)) });
}

function loadFault(thrown: unknown): 'inference/out-of-memory' | 'inference/load-failed' {
  const isMemory =
    thrown instanceof Error && /memory|too large|vram/i.test(`${thrown.name} ${thrown.message}`);
  return isMemory ? 'inference/out-of-memory' : 'inference/load-failed';
}

async function reportMemory(): Promise<void> {
  if (engine) send({ type: 'memory', ...(await engine.memory()) });
}

/** Makes this process a worker: owns the native engine, answers the host's messages, ends with the host. */
export function serveWorker(engineKind: EngineKind): void {
  kind = engineKind;
  process.on('message', (message: ToWorker) => {
    answer(message).catch((thrown: unknown) => refusal(message, thrown));
  });
  process.on('disconnect', () => process.exit(0));
  setInterval(() => void reportMemory(), memoryIntervalMs).unref();
}
