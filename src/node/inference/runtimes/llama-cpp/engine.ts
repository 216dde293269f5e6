import { availableParallelism } from 'node:os';
import {
  type ChatWrapper,
  getLlama,
  type Llama,
  LlamaChat,
  LlamaCompletion,
  type LlamaContext,
  type LlamaContextSequence,
  LlamaLogLevel,
  type LlamaModel,
  resolveChatWrapper,
  type Token,
} from 'node-llama-cpp';
import { AppError } from '#contract/errors.ts';
import type { GenerateRequest, GenerateResult, LoadedModel, LoadOptions } from '../../runtime.ts';
import { chatHistory } from './chat-history.ts';
import { fullBatches } from './full-batches.ts';
import { mostAutoContext, mostAutoParallel } from './inspection.ts';

/** Longest prompt share of a batch; also what a context without room for one token is refused by. */
const batchSize = 512;

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
  readonly llama: Llama;
  readonly #model: LlamaModel;
  /** Found once: trying a model's template takes over 100 ms, in which no sequence moves. */
  readonly #chatWrapper: ChatWrapper;
  readonly #context: LlamaContext;
  readonly #idle: LlamaContextSequence[];
  readonly #waiting: ((sequence: LlamaContextSequence) => void)[] = [];

  private constructor(
    llama: Llama,
    model: LlamaModel,
    context: LlamaContext,
    sequences: LlamaContextSequence[],
    loaded: LoadedModel,
  ) {
    this.llama = llama;
    this.#model = model;
    this.#chatWrapper = resolveChatWrapper(model);
    this.#context = context;
    this.#idle = sequences;
    this.loaded = loaded;
  }

  static async load(options: LoadOptions, onProgress: (value: number) => void): Promise<LlamaEngine> {
    const llama = await openLlama(options.gpu);
    const mostThreads = Math.max(1, llama.cpuMathCores);
    // llama.cpp's threads spin while they wait: with one on every core our own processes would stall them.
    const spare = Math.max(1, Math.min(mostThreads, availableParallelism() - 1));
    const threads = options.threads === 'auto' ? spare : Math.min(options.threads, mostThreads);
    llama.maxThreads = threads;
    const model = await llama.loadModel({ modelPath: options.path, onLoadProgress: onProgress });
    const contextSize =
      options.contextSize === 'auto'
        ? Math.min(model.trainContextSize, mostAutoContext)
        : options.contextSize;
    let generating = 0;
    const sequences =
      options.parallelRequests === 'auto' ? await fitting(model, contextSize) : options.parallelRequests;
    const context = await model.createContext({
      sequences,
      contextSize,
      batchSize: Math.min(batchSize, contextSize),
      threads,
      batching: { itemPrioritizationStrategy: fullBatches(() => generating) },
    });
    const engine = new LlamaEngine(
      llama,
      model,
      context,
      Array.from({ length: sequences }, () => context.getSequence()),
      {
        modelId: options.modelId,
        backend: llama.gpu === false ? 'cpu' : llama.gpu,
        contextSize: context.contextSize,
        parallelRequests: sequences,
        threads,
      },
    );
    engine.#onGenerating = (change) => {
      generating += change;
    };
    return engine;
  }

  #onGenerating: (change: 1 | -1) => void = () => {};

  async generate(
    request: GenerateRequest,
    handlers: EngineHandlers,
    signal: AbortSignal,
  ): Promise<GenerateResult> {
    const promptTokens = this.#countPrompt(request);
    const { contextSize } = this.loaded;
    // With less than two tokens of room the library would drop the prompt's beginning.
    const room = contextSize - promptTokens;
    if (room < 2)
      throw new AppError(
        'inference/context-too-long',
        `The prompt has ${promptTokens.toLocaleString('en')} tokens; this model’s context holds ${contextSize.toLocaleString('en')}, two of them for the answer.`,
        { data: { promptTokens, contextSize } },
      );
    const sequence = await this.#takeSequence();
    this.#onGenerating(1);
    try {
      await sequence.clearHistory();
      handlers.onStart(promptTokens);
      return await this.#run(sequence, request, promptTokens, room, handlers, signal);
    } finally {
      this.#onGenerating(-1);
      this.#giveSequence(sequence);
    }
  }

  async #run(
    sequence: LlamaContextSequence,
    request: GenerateRequest,
    promptTokens: number,
    room: number,
    handlers: EngineHandlers,
    signal: AbortSignal,
  ): Promise<GenerateResult> {
    let generatedTokens = 0;
    const { sampling } = request;
    const options = {
      ...sampling,
      repeatPenalty:
        sampling.frequencyPenalty || sampling.presencePenalty
          ? {
              frequencyPenalty: sampling.frequencyPenalty ?? 0,
              presencePenalty: sampling.presencePenalty ?? 0,
            }
          : (false as const),
      // One token of room stays free, so that a context shift never happens.
      maxTokens: Math.min(request.maxTokens ?? room, room - 1),
      customStopTriggers: request.stop,
      signal,
      stopOnAbortSignal: true,
      onToken: (tokens: unknown[]) => {
        generatedTokens += tokens.length;
      },
      onTextChunk: (text: string) => handlers.onText(text, generatedTokens),
    };
    const stopReason = await this.#generate(sequence, request, options).catch((error: unknown) => {
      // Aborted before the first token: the library rejects instead of stopping.
      if (signal.aborted) return 'abort' as const;
      throw error;
    });
    return { promptTokens, cachedTokens: 0, generatedTokens, finishReason: finishReason(stopReason) };
  }

  async #generate(
    sequence: LlamaContextSequence,
    { prompt }: GenerateRequest,
    options: object,
  ): Promise<string> {
    if (prompt.kind === 'completion') {
      const completion = new LlamaCompletion({ contextSequence: sequence });
      try {
        const { metadata } = await completion.generateCompletionWithMeta(
          this.#completionTokens(prompt.prompt),
          {
            ...options,
            disableContextShift: true,
            // What the library keeps free by default, a tenth of the context, it takes from the prompt's beginning.
            contextShiftSize: 1,
          },
        );
        return metadata.stopReason;
      } finally {
        completion.dispose({ disposeSequence: false });
      }
    }
    const chat = new LlamaChat({ contextSequence: sequence, chatWrapper: this.#chatWrapper });
    try {
      const { metadata } = await chat.generateResponse(chatHistory(prompt.messages), options);
      return metadata.stopReason;
    } finally {
      chat.dispose({ disposeSequence: false });
    }
  }

  #countPrompt({ prompt }: GenerateRequest): number {
    if (prompt.kind === 'completion')
      return (
        this.#completionTokens(prompt.prompt).length + (this.#model.tokens.shouldPrependBosToken ? 1 : 0)
      );
    const { contextText } = this.#chatWrapper.generateContextState({
      chatHistory: chatHistory(prompt.messages),
    });
    return contextText.tokenize(this.#model.tokenizer).length;
  }

  /** Without the token of beginning, which the library puts before them where the model has one. */
  #completionTokens(text: string): Token[] {
    const startsText = this.#model.tokens.shouldPrependBosToken;
    return this.#model.tokenize(text, false, startsText ? 'trimLeadingSpace' : undefined);
  }

  #takeSequence(): Promise<LlamaContextSequence> {
    const sequence = this.#idle.pop();
    if (sequence) return Promise.resolve(sequence);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #giveSequence(sequence: LlamaContextSequence): void {
    const next = this.#waiting.shift();
    if (next) next(sequence);
    else this.#idle.push(sequence);
  }

  async memory(): Promise<{ ramBytes: number; gpuBytes: number }> {
    const gpuBytes = this.llama.gpu === false ? 0 : (await this.llama.getLlamaMemoryUsage()).gpuVram;
    return { ramBytes: process.memoryUsage.rss(), gpuBytes };
  }

  async dispose(): Promise<void> {
    await this.#context.dispose();
    await this.#model.dispose();
    await this.llama.dispose();
  }
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
