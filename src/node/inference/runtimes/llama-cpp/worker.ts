import { AppError } from '#contract/errors.ts';
import { errorBody, toAppError } from '#contract/result.ts';
import { LlamaEngine, openLlama } from './engine.ts';
import { inspectModel } from './inspection.ts';
import type { FromWorker, TextPiece, ToWorker } from './messages.ts';

/** The worker process: owns the native engine, answers the host's messages, ends with the host. */
const memoryIntervalMs = 2000;

let engine: LlamaEngine | null = null;
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
      engine = await LlamaEngine.load(message.options, (value) => send({ type: 'progress', value }));
      await reportMemory();
      return send({ type: 'answer', id: message.id, data: engine.loaded });
    }
    case 'inspect': {
      const llama = await openLlama(message.options.gpu);
      return send({
        type: 'answer',
        id: message.id,
        data: await inspectModel(llama, message.path, message.options),
      });
    }
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
  work: (loaded: LlamaEngine, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  if (!engine) throw new AppError('inference/failed', 'No model is loaded.');
  const abort = new AbortController();
  running.set(id, abort);
  try {
    return await work(engine, abort.signal);
  } finally {
    running.delete(id);
  }
}

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

process.on('message', (message: ToWorker) => {
  answer(message).catch((thrown: unknown) => refusal(message, thrown));
});
process.on('disconnect', () => process.exit(0));
setInterval(() => void reportMemory(), memoryIntervalMs).unref();
