import type { EngineVram } from '#contract/model.ts';
import type { ErrorBody } from '#contract/result.ts';
import type {
  EmbedResult,
  Feature,
  GenerateRequest,
  GenerateResult,
  LoadedModel,
  LoadOptions,
  ModelFacts,
} from '../../runtime.ts';

/** What the host asks of the worker. Requests with an `id` are answered once by `answer`. */
export type ToWorker =
  | { type: 'load'; id: number; options: LoadOptions }
  | {
      type: 'inspect';
      id: number;
      path: string;
      options: Pick<LoadOptions, 'contextSize' | 'parallelRequests' | 'gpu'>;
    }
  | { type: 'generate'; id: number; request: GenerateRequest }
  | { type: 'embed'; id: number; inputs: string[] }
  /** What all processes of the model may use together from now on. */
  | { type: 'threads'; id: number; threads: LoadOptions['threads'] }
  | { type: 'cancel'; id: number }
  | { type: 'end' };

/** A loaded model and what it cannot do. */
export type LoadedEngine = LoadedModel & { lacks: Feature[] };
/** What this process has of the threads; below 1 where it computes a part of the time. */
export interface EngineThreads {
  threads: number;
}
export type WorkerAnswer = LoadedEngine | ModelFacts | GenerateResult | EmbedResult | EngineThreads;

/** In bytes; `vram` where it runs on a GPU and knows. */
export interface EngineMemory {
  ramBytes: number;
  gpuBytes: number;
  vram?: EngineVram | null;
}

/** New text of one job: its id, the text, the generated tokens so far. */
export type TextPiece = [id: number, text: string, generatedTokens: number];

export type FromWorker =
  | { type: 'progress'; value: number }
  | { type: 'started'; id: number; promptTokens: number }
  | { type: 'pieces'; pieces: TextPiece[] }
  | ({ type: 'memory' } & EngineMemory)
  | { type: 'answer'; id: number; data: WorkerAnswer }
  | { type: 'refusal'; id: number; error: ErrorBody };
