import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type ChatModelFunctions,
  type ChatWrapper,
  getLlama,
  type Llama,
  LlamaChat,
  LlamaCompletion,
  type LlamaContext,
  type LlamaContextSequence,
  type LlamaEmbeddingContext,
  LlamaLogLevel,
  type LlamaModel,
  resolveChatWrapper,
  type Token,
  TokenBias,
} from 'node-llama-cpp';
import { AppError } from '#contract/errors.ts';
import type { ToolCall } from '#contract/wire/openai.ts';
import type {
  EmbedResult,
  Feature,
  GenerateRequest,
  GenerateResult,
  LoadedModel,
  LoadOptions,
} from '../../runtime.ts';
import type { EngineMemory } from '../worker/messages.ts';
import { fullBatches } from './full-batches.ts';
import { mostAutoContext, mostAutoParallel } from './inspection.ts';
import { Pace } from './pace.ts';
import { Preparations } from './preparations.ts';
import { type PromptPlan, Prompts } from './prompts.ts';
import { Sequences } from './sequences.ts';
import { threadShare } from './thread-share.ts';
import { demandedCall, toolCall } from './tool-calls.ts';

/** Longest prompt share of a batch; also what a context without room for one token is refused by. */
const batchSize = 512;
/** Tokens of one text to embed, at most: the context is made for it. */
const mostEmbeddingContext = 8192;

export interface EngineHandlers {
  onStart(promptTokens: number): void;
  onText(text: string, generatedTokens: number): void;
}

/** Starts llama.cpp. A GPU that names no device is a software one, slower than the processor itself. */
export async function openLlama(gpu: 'auto' | 'off', maxThreads = 0): Promise<Llama> {
  const common = {
    build: 'never',
    logLevel: LlamaLogLevel.error,
    ...(maxThreads ? { maxThreads } : {}),
  } as const;
  if (gpu === 'off') return getLlama({ ...common, gpu: false });
  const llama = await getLlama(common);
  if (llama.gpu === false || (await llama.getGpuDeviceNames()).length > 0) return llama;
  await llama.dispose();
  return getLlama({ ...common, gpu: false });
}

/** One loaded model with as many sequences as requests are generated at once. Lives in the worker process. */
export class LlamaEngine {
  readonly loaded: LoadedModel;
  readonly lacks: Feature[] = ['images'];
  readonly llama: Llama;
  readonly #model: LlamaModel;
  /** Found once: trying a model's template takes over 100 ms, in which no sequence moves. */
  readonly #chatWrapper: ChatWrapper;
  readonly #context: LlamaContext;
  readonly #sequences: Sequences<LlamaContextSequence>;
  readonly #prompts: Prompts;
  readonly #preparations: Preparations;
  readonly #pace: Pace;
  readonly #processes: number;
  #embedding: Promise<LlamaEmbeddingContext> | null = null;
  #gpuNames: string[] | null = null;

  private constructor(
    llama: Llama,
    model: LlamaModel,
    context: LlamaContext,
    preparations: Preparations,
    pace: Pace,
    sequences: LlamaContextSequence[],
    loaded: LoadedModel,
    processes: number,
  ) {
    this.llama = llama;
    this.#model = model;
    this.#chatWrapper = resolveChatWrapper(model);
    this.#context = context;
    this.#preparations = preparations;
    this.#pace = pace;
    this.#processes = processes;
    this.#sequences = new Sequences(sequences);
    this.#prompts = new Prompts(model, this.#chatWrapper);
    this.loaded = loaded;
  }

  static async load(options: LoadOptions, onProgress: (value: number) => void): Promise<LlamaEngine> {
    const llama = await openLlama(options.gpu);
    const { processes = 1 } = options;
    // A context never takes more than it was made for: what it may take at a time is the library's to bound.
    const mostThreads = Math.max(1, llama.cpuMathCores);
    llama.maxThreads = mostThreads;
    const model = await llama.loadModel({
      modelPath: options.path,
      onLoadProgress: onProgress,
      ...(options.gpuLayers === undefined ? {} : { gpuLayers: options.gpuLayers }),
    });
    const contextSize =
      options.contextSize === 'auto'
        ? Math.min(model.trainContextSize, mostAutoContext)
        : options.contextSize;
    let evaluating = 0;
    const sequences =
      options.parallelRequests === 'auto'
        ? Math.ceil((await fitting(model, contextSize)) / processes)
        : Math.ceil(options.parallelRequests / processes);
    const context = await model.createContext({
      sequences,
      contextSize,
      batchSize: Math.min(batchSize, contextSize),
      threads: mostThreads,
      batching: { itemPrioritizationStrategy: fullBatches(() => evaluating) },
    });
    const pace = new Pace(() => performance.now(), sleep);
    const preparations = new Preparations((change) => {
      evaluating += change;
    }, pace);
    const engine = new LlamaEngine(
      llama,
      model,
      context,
      preparations,
      pace,
      Array.from({ length: sequences }, () => preparations.watch(context.getSequence())),
      {
        modelId: options.modelId,
        backend: llama.gpu === false ? 'cpu' : llama.gpu,
        contextSize: context.contextSize,
        parallelRequests: sequences,
        threads: mostThreads,
      },
      processes,
    );
    engine.setThreads(options.threads);
    return engine;
  }

  /** From the next batch on. Returns what this process has of them: below 1 where it computes a part of the time. */
  setThreads(wanted: LoadOptions['threads']): number {
    const machine = { mathCores: this.llama.cpuMathCores, cores: availableParallelism() };
    const { threads, timeShare } = threadShare(wanted, this.#processes, machine);
    this.llama.maxThreads = threads;
    this.#pace.timeShare = timeShare;
    this.loaded.threads = threads * timeShare;
    return this.loaded.threads;
  }

  async generate(
    request: GenerateRequest,
    handlers: EngineHandlers,
    signal: AbortSignal,
  ): Promise<GenerateResult> {
    const plan = await this.#prompts.plan(request);
    const promptTokens = plan.tokens.length;
    const { contextSize } = this.loaded;
    // With less than two tokens of room the library would drop the prompt's beginning.
    const room = contextSize - promptTokens;
    if (room < 2)
      throw new AppError(
        'inference/context-too-long',
        `The prompt has ${promptTokens.toLocaleString('en')} tokens; this model’s context holds ${contextSize.toLocaleString('en')}, two of them for the answer.`,
        { data: { promptTokens, contextSize } },
      );
    const sequence = await this.#sequences.take(plan.tokens);
    const endPreparation = this.#preparations.begin(sequence);
    try {
      handlers.onStart(promptTokens);
      const before = sequence.tokenMeter.getState();
      const answer = await this.#run(sequence, request, plan, room, handlers, signal);
      // The meter counts the prompt's last token, which the first answer is sampled from, as output.
      const { usedInputTokens, usedOutputTokens } = sequence.tokenMeter.diff(before);
      const cachedTokens = usedOutputTokens > 0 ? Math.max(0, promptTokens - usedInputTokens - 1) : 0;
      return { promptTokens, cachedTokens, ...answer };
    } finally {
      endPreparation();
      this.#sequences.giveBack(sequence);
    }
  }

  async #run(
    sequence: LlamaContextSequence,
    request: GenerateRequest,
    plan: PromptPlan,
    room: number,
    handlers: EngineHandlers,
    signal: AbortSignal,
  ): Promise<Pick<GenerateResult, 'generatedTokens' | 'finishReason' | 'toolCalls'>> {
    let generatedTokens = 0;
    let text = '';
    const { logitBias, frequencyPenalty = 0, presencePenalty = 0, ...sampling } = request.sampling;
    const options = {
      ...sampling,
      repeatPenalty:
        frequencyPenalty || presencePenalty ? { frequencyPenalty, presencePenalty } : (false as const),
      ...(logitBias ? { tokenBias: this.#bias(logitBias) } : {}),
      ...(plan.grammar ? { grammar: plan.grammar } : {}),
      // One token of room stays free, so that a context shift never happens.
      maxTokens: Math.min(request.maxTokens ?? room, room - 1),
      customStopTriggers: request.stop,
      signal,
      stopOnAbortSignal: true,
    };
    // A call that was demanded is no text for the client.
    const onTextChunk = (piece: string) => {
      text += piece;
      if (!plan.isCall) handlers.onText(piece, generatedTokens);
    };
    const count = (tokens: readonly unknown[]) => {
      generatedTokens += tokens.length;
    };
    try {
      if (plan.kind === 'completion') {
        const stopReason = await this.#complete(sequence, plan, { ...options, onTextChunk, onToken: count });
        return { generatedTokens, finishReason: finishReason(stopReason) };
      }
      const { stopReason, calls } = await this.#chat(sequence, plan, {
        ...options,
        onTextChunk,
        // Thoughts are generated, and paid for, though no part of the answer.
        onResponseChunk: ({ tokens }: { tokens: readonly unknown[] }) => count(tokens),
      });
      const toolCalls = plan.isCall ? demandedCall(text) : calls;
      const isCalling = toolCalls.length > 0 && stopReason !== 'abort';
      return isCalling
        ? { generatedTokens, finishReason: 'tool_calls', toolCalls }
        : { generatedTokens, finishReason: finishReason(stopReason) };
    } catch (error) {
      // Aborted before the first token: the library rejects instead of stopping.
      if (signal.aborted) return { generatedTokens, finishReason: 'cancelled' };
      throw error;
    }
  }

  async #complete(
    sequence: LlamaContextSequence,
    plan: Extract<PromptPlan, { kind: 'completion' }>,
    options: object,
  ): Promise<string> {
    const completion = new LlamaCompletion({ contextSequence: sequence });
    try {
      const { metadata } = await completion.generateCompletionWithMeta(plan.input, {
        ...options,
        disableContextShift: true,
        // What the library keeps free by default, a tenth of the context, it takes from the prompt's beginning.
        contextShiftSize: 1,
      });
      return metadata.stopReason;
    } finally {
      completion.dispose({ disposeSequence: false });
    }
  }

  async #chat(
    sequence: LlamaContextSequence,
    plan: Extract<PromptPlan, { kind: 'chat' }>,
    options: object,
  ): Promise<{ stopReason: string; calls: ToolCall[] }> {
    const chat = new LlamaChat({ contextSequence: sequence, chatWrapper: this.#chatWrapper });
    try {
      const { functionCalls, metadata } = await chat.generateResponse<ChatModelFunctions>(plan.history, {
        ...options,
        ...(plan.functions ? { functions: plan.functions, documentFunctionParams: true } : {}),
      });
      const calls = (functionCalls ?? []).map(({ functionName, params }) => toolCall(functionName, params));
      return { stopReason: metadata.stopReason, calls };
    } finally {
      chat.dispose({ disposeSequence: false });
    }
  }

  #bias(logitBias: Record<number, number>): TokenBias {
    const bias = TokenBias.for(this.#model);
    const size = this.#model.fileInfo.metadata.tokenizer.ggml.tokens.length;
    for (const [id, logit] of Object.entries(logitBias)) {
      if (Number(id) >= size)
        throw new AppError('request/invalid', `The model has no token ${id}: it knows ${size}.`, {
          data: { field: 'logit_bias' },
        });
      bias.set(Number(id) as Token, logit <= -100 ? 'never' : { logit });
    }
    return bias;
  }

  /** One after the other in a context of its own, which the first request makes. */
  async embed(inputs: string[], signal: AbortSignal): Promise<EmbedResult> {
    this.#embedding ??= this.#model.createEmbeddingContext({
      contextSize: Math.min(this.#model.trainContextSize, mostEmbeddingContext),
      // As many as there are at each evaluation.
      threads: 0,
    });
    const context = await this.#embedding;
    const vectors: number[][] = [];
    let promptTokens = 0;
    for (const input of inputs) {
      if (signal.aborted) throw new AppError('queue/cancelled', 'The request was cancelled.');
      const tokens = this.#model.tokenize(input);
      // The library puts a beginning and an end around them.
      if (tokens.length + 2 > Math.min(this.#model.trainContextSize, mostEmbeddingContext))
        throw new AppError(
          'inference/context-too-long',
          `Input ${vectors.length} has ${tokens.length.toLocaleString('en')} tokens; embeddings hold ${Math.min(this.#model.trainContextSize, mostEmbeddingContext).toLocaleString('en')}.`,
        );
      promptTokens += tokens.length;
      vectors.push(unitLength((await this.#pace.work(() => context.getEmbeddingFor(tokens))).vector));
    }
    return { vectors, promptTokens };
  }

  async memory(): Promise<EngineMemory> {
    const ramBytes = process.memoryUsage.rss();
    if (this.llama.gpu === false) return { ramBytes, gpuBytes: 0, vram: null };
    const { gpuVram } = await this.llama.getLlamaMemoryUsage();
    const { total, used, unifiedSize } = await this.llama.getVramState();
    this.#gpuNames ??= await this.llama.getGpuDeviceNames();
    const vram =
      total > 0
        ? { names: this.#gpuNames, totalBytes: total, usedBytes: used, isUnified: unifiedSize > 0 }
        : null;
    return { ramBytes, gpuBytes: gpuVram, vram };
  }

  async dispose(): Promise<void> {
    await (await this.#embedding)?.dispose();
    await this.#context.dispose();
    await this.#model.dispose();
    await this.llama.dispose();
  }
}

function unitLength(vector: readonly number[]): number[] {
  const length = Math.hypot(...vector) || 1;
  return vector.map((value) => value / length);
}

/** Requests at once that memory has room for: all, half of them, and so on down to one. */
async function fitting(model: LlamaModel, contextSize: number): Promise<number> {
  const { fileInsights, gpuLayers, llama } = model;
  const [ram, vram] = [await llama.getRamState(), llama.gpu === false ? null : await llama.getVramState()];
  for (let sequences = mostAutoParallel; sequences > 1; sequences >>= 1) {
    const need = await fileInsights.estimateContextResourceRequirementsV2({
      contextSize,
      modelGpuLayers: gpuLayers,
      sequences,
      batchSize,
    });
    if (need.cpuRam < ram.free * 0.5 && (vram === null || need.gpuVram < vram.free * 0.8)) return sequences;
  }
  return 1;
}

function finishReason(stopReason: string): GenerateResult['finishReason'] {
  if (stopReason === 'abort') return 'cancelled';
  return stopReason === 'maxTokens' ? 'length' : 'stop';
}
