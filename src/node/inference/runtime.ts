import type { Engine } from '#contract/model.ts';
import type { ChatMessage } from '#contract/wire/openai.ts';
import type { Signal } from '../signal.ts';

export interface LoadOptions {
  modelId: string;
  path: string;
  /** Tokens of context for each request. */
  contextSize: number | 'auto';
  /** Requests generated at once, each in a sequence of its own. */
  parallelRequests: number | 'auto';
  threads: number | 'auto';
  gpu: 'auto' | 'off';
}

export interface LoadedModel {
  modelId: string;
  backend: string;
  contextSize: number;
  parallelRequests: number;
  threads: number;
}

/** What a sampler needs; an absent field is the engine's default. */
export interface Sampling {
  temperature: number;
  topP?: number;
  topK?: number;
  minP?: number;
  seed?: number;
  frequencyPenalty?: number;
  presencePenalty?: number;
}

export type Prompt = { kind: 'chat'; messages: ChatMessage[] } | { kind: 'completion'; prompt: string };

export interface GenerateRequest {
  prompt: Prompt;
  sampling: Sampling;
  /** Null: as many as the context has room for. A larger number ends at the context's end with `length`. */
  maxTokens: number | null;
  /** Generation ends before any of these; they are not part of the text. */
  stop: string[];
}

export interface GenerateHandlers {
  /** The prompt is in the model; called once, before any text. */
  onStart?(promptTokens: number): void;
  /** New text and the generated tokens so far. */
  onText?(text: string, generatedTokens: number): void;
}

export interface GenerateResult {
  promptTokens: number;
  generatedTokens: number;
  finishReason: 'stop' | 'length' | 'cancelled';
}

/** What a model file says of itself and what it needs, read without loading it. */
export interface ModelFacts {
  name: string;
  architecture: string;
  parameters: number | null;
  quantization: string | null;
  contextLength: number;
  hasChatTemplate: boolean;
  /** Estimated memory in bytes for the model and for its context with the given options. */
  needsRamBytes: number;
  needsGpuBytes: number;
}

/**
 * A model engine, one model at a time. Each method rejects with an AppError:
 * `inference/crashed` when the worker died under a job, `inference/context-too-long` before anything is
 * generated, `inference/load-failed`, `inference/out-of-memory`, `models/*` from inspect.
 */
export interface Runtime {
  readonly name: string;
  readonly engine: Signal<Engine>;
  inspect(
    path: string,
    options: Pick<LoadOptions, 'contextSize' | 'parallelRequests' | 'gpu'>,
  ): Promise<ModelFacts>;
  load(options: LoadOptions, signal?: AbortSignal): Promise<LoadedModel>;
  unload(): Promise<void>;
  /** An aborted signal ends the generation; the result then has `cancelled` and what was generated until then. */
  generate(
    request: GenerateRequest,
    handlers: GenerateHandlers,
    signal: AbortSignal,
  ): Promise<GenerateResult>;
  dispose(): Promise<void>;
}
