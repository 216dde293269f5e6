import type { Engine } from '#contract/model.ts';
import type { ProxyQuote, TokenUsage } from '#contract/proxy-price.ts';
import type { ChatMessage, Tool, ToolCall, ToolChoice } from '#contract/wire/openai.ts';
import type { Signal } from '../signal.ts';

export interface LoadOptions {
  modelId: string;
  /** File or folder of the model; what a server calls it, for one that a server has. */
  path: string;
  /** Tokens of context for each request. */
  contextSize: number | 'auto';
  /** Requests generated at once, each in a sequence of its own. */
  parallelRequests: number | 'auto';
  threads: number | 'auto';
  gpu: 'auto' | 'off';
  /** Processes among which threads and requests at once are divided; absent: one. Only llama.cpp on a processor knows more. */
  processes?: number;
  /** Layers on the GPU; absent: as many as fit. */
  gpuLayers?: number;
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
  /** Added to the logit of each token id before sampling; −100 forbids it. */
  logitBias?: Record<number, number>;
}

export type Prompt =
  | { kind: 'chat'; messages: ChatMessage[]; tools?: Tool[]; toolChoice?: ToolChoice }
  | { kind: 'completion'; prompt: string };

export type JsonSchema = Record<string, unknown>;
/** What the answer must be: any JSON value, or one that a schema allows. */
export type AnswerFormat = { kind: 'json' } | { kind: 'json-schema'; schema: JsonSchema };

export interface GenerateRequest {
  prompt: Prompt;
  sampling: Sampling;
  /** Null: as many as the context has room for. A larger number ends at the context's end with `length`. */
  maxTokens: number | null;
  /** Generation ends before any of these; they are not part of the text. */
  stop: string[];
  /** Absent: free text. */
  format?: AnswerFormat;
  /** The client reads as it is written; absent: the answer may come in one piece. */
  isStreamed?: boolean;
  /** It came in by OpenAI's Responses API: a provider that speaks it is asked so too. */
  isResponses?: boolean;
}

/** Of an answer that a provider gave: whom it came from and what it cost. */
export interface Proxied {
  /** `provider/model`. */
  target: string;
  usage: TokenUsage;
  costPicoUsd: bigint;
  /** The provider told no usage: it was estimated. */
  isEstimate: boolean;
  /** What was being charged when the request was taken; null where nothing can be charged. */
  quote: ProxyQuote | null;
}

export interface GenerateHandlers {
  /** The prompt is in the model; called once, before any text. */
  onStart?(promptTokens: number): void;
  /** New text and the generated tokens so far. */
  onText?(text: string, generatedTokens: number): void | Promise<void>;
  /** Of a proxied request, before anything else: where it goes, and which of its hints are left out there. */
  onRoute?(route: ProxyRoute): void;
}

export interface ProxyRoute {
  target: string;
  dropped: Feature[];
}

export interface GenerateResult {
  promptTokens: number;
  /** Of the prompt's tokens, those that were in the engine's memory already; 0 where it does not tell. */
  cachedTokens: number;
  generatedTokens: number;
  finishReason: 'stop' | 'length' | 'cancelled' | 'tool_calls';
  /** Present with the finish reason `tool_calls`. */
  toolCalls?: ToolCall[];
  proxied?: Proxied;
}

export interface EmbedResult {
  /** One vector an input, in order; all of one length. */
  vectors: number[][];
  promptTokens: number;
  proxied?: Proxied;
}

/** What a request can ask for and not every runtime has. */
export type Feature =
  | 'chat'
  | 'completion'
  | 'embeddings'
  | 'tools'
  | 'tool-choice'
  | 'json'
  | 'json-schema'
  | 'images'
  | 'logit-bias'
  | 'min-p'
  | 'top-k'
  | 'seed'
  | 'penalties';

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

/** Reads what a model on disk is, without loading it. Rejects with `models/*`. */
export interface ModelInspector {
  inspect(
    path: string,
    options: Pick<LoadOptions, 'contextSize' | 'parallelRequests' | 'gpu'>,
  ): Promise<ModelFacts>;
}

/**
 * A model engine, one model at a time. Each method rejects with an AppError:
 * `inference/crashed` when the worker or the server died under a job, `inference/context-too-long` before anything is
 * generated, `inference/load-failed`, `inference/out-of-memory`, `request/unsupported` for what `lacks` names.
 */
export interface Runtime {
  readonly name: string;
  readonly engine: Signal<Engine>;
  /** What the loaded model cannot do here. */
  lacks(): ReadonlySet<Feature>;
  load(options: LoadOptions, signal?: AbortSignal): Promise<LoadedModel>;
  unload(): Promise<void>;
  /**
   * What all of the model's processes may use from now on. Engines follow at the next batch and show it in `engine`; one that cannot
   * (ONNX Runtime, servers) keeps what it was loaded with.
   */
  setThreads(threads: LoadOptions['threads']): void;
  /** An aborted signal ends the generation; the result then has `cancelled` and what was generated until then. */
  generate(
    request: GenerateRequest,
    handlers: GenerateHandlers,
    signal: AbortSignal,
  ): Promise<GenerateResult>;
  /** Rejects with `queue/cancelled` when the signal is aborted. */
  embed(inputs: string[], signal: AbortSignal): Promise<EmbedResult>;
  dispose(): Promise<void>;
}
