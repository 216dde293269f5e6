import { basename, dirname } from 'node:path';
import {
  AutoModelForCausalLM,
  AutoTokenizer,
  env,
  type FeatureExtractionPipeline,
  InterruptableStoppingCriteria,
  LogitsProcessor,
  LogitsProcessorList,
  type PreTrainedModel,
  type PreTrainedTokenizer,
  pipeline,
  StoppingCriteriaList,
  type Tensor,
  TextStreamer,
} from '@huggingface/transformers';
import { AppError } from '#contract/errors.ts';
import type { ChatMessage } from '#contract/wire/openai.ts';
import type {
  EmbedResult,
  Feature,
  GenerateRequest,
  GenerateResult,
  LoadedModel,
  LoadOptions,
} from '../../runtime.ts';
import { readOnnxFolder } from './inspection.ts';
import { createSampler, type Sampler } from './sampler.ts';
import { StopText } from './stop-text.ts';

env.allowRemoteModels = false;

type Encoded = { input_ids: Tensor; attention_mask: Tensor };
type Loaded =
  | { kind: 'causal'; tokenizer: PreTrainedTokenizer; model: PreTrainedModel }
  | { kind: 'encoder'; extract: FeatureExtractionPipeline };

/** Makes the library's greedy choice the one that our sampler took. */
class ChosenToken extends LogitsProcessor {
  readonly #sample: Sampler;
  readonly #promptTokens: number;

  constructor(sample: Sampler, promptTokens: number) {
    super();
    this.#sample = sample;
    this.#promptTokens = promptTokens;
  }

  override _call(inputIds: bigint[][], logits: Tensor): Tensor {
    const data = logits.data as Float32Array;
    const generated = (inputIds[0] ?? []).slice(this.#promptTokens).map(Number);
    const token = this.#sample(data, generated);
    data.fill(Number.NEGATIVE_INFINITY);
    data[token] = 0;
    return logits;
  }
}

/**
 * One ONNX model on ONNX Runtime's CPU, one request at a time; nothing is fetched. Lives in the worker process. A session keeps its
 * threads for life: a change counts from the next load on.
 */
export class TransformersEngine {
  readonly loaded: LoadedModel;
  readonly lacks: Feature[];
  readonly #loaded: Loaded;
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(parts: Loaded, loaded: LoadedModel) {
    this.#loaded = parts;
    this.loaded = loaded;
    this.lacks =
      parts.kind === 'causal'
        ? ['embeddings', 'images', 'tools', 'json-schema']
        : ['chat', 'completion', 'images', 'tools', 'json-schema'];
  }

  static async load(options: LoadOptions, onProgress: (value: number) => void): Promise<TransformersEngine> {
    const folder = await readOnnxFolder(options.path);
    env.localModelPath = `${dirname(options.path)}/`;
    const id = basename(options.path);
    const threads = options.threads === 'auto' ? undefined : options.threads;
    const common = {
      local_files_only: true,
      dtype: folder.precision,
      device: 'cpu',
      ...(threads ? { session_options: { intraOpNumThreads: threads } } : {}),
    } as const;
    onProgress(0.1);
    const parts: Loaded = folder.isCausal
      ? {
          kind: 'causal',
          tokenizer: await AutoTokenizer.from_pretrained(id, { local_files_only: true }),
          model: await AutoModelForCausalLM.from_pretrained(id, common),
        }
      : { kind: 'encoder', extract: await pipeline('feature-extraction', id, common) };
    onProgress(1);
    const wanted = options.contextSize === 'auto' ? folder.contextLength : options.contextSize;
    return new TransformersEngine(parts, {
      modelId: options.modelId,
      backend: 'onnx cpu',
      contextSize: Math.min(wanted, folder.contextLength),
      parallelRequests: 1,
      threads: threads ?? 0,
    });
  }

  generate(
    request: GenerateRequest,
    handlers: { onStart(promptTokens: number): void; onText(text: string, generatedTokens: number): void },
    signal: AbortSignal,
  ): Promise<GenerateResult> {
    const mine = this.#turn.then(() => this.#generate(request, handlers, signal));
    this.#turn = mine.catch(() => {});
    return mine;
  }

  async #generate(
    request: GenerateRequest,
    handlers: { onStart(promptTokens: number): void; onText(text: string, generatedTokens: number): void },
    signal: AbortSignal,
  ): Promise<GenerateResult> {
    if (this.#loaded.kind !== 'causal')
      throw new AppError('request/unsupported', 'This model makes vectors, no text.');
    const { tokenizer, model } = this.#loaded;
    const inputs = encode(tokenizer, request.prompt);
    const promptTokens = inputs.input_ids.dims.at(-1) ?? 0;
    const { contextSize } = this.loaded;
    const room = contextSize - promptTokens;
    if (room < 1)
      throw new AppError(
        'inference/context-too-long',
        `The prompt has ${promptTokens.toLocaleString('en')} tokens; this model’s context holds ${contextSize.toLocaleString('en')}, one of them for the answer.`,
        { data: { promptTokens, contextSize } },
      );
    handlers.onStart(promptTokens);
    const counts = { promptTokens, cachedTokens: 0 };
    if (signal.aborted) return { ...counts, generatedTokens: 0, finishReason: 'cancelled' };

    const stopping = new InterruptableStoppingCriteria();
    const stop = () => stopping.interrupt();
    signal.addEventListener('abort', stop, { once: true });
    const text = new StopText(request.stop);
    let generatedTokens = 0;
    let isEnd = false;
    const say = (piece: string) => {
      if (piece !== '') handlers.onText(piece, generatedTokens);
    };
    const maxTokens = Math.min(request.maxTokens ?? room, room);
    try {
      await model.generate({
        ...inputs,
        max_new_tokens: maxTokens,
        do_sample: false,
        logits_processor: processors(new ChosenToken(createSampler(request.sampling), promptTokens)),
        stopping_criteria: criteria(stopping),
        streamer: new TextStreamer(tokenizer, {
          skip_prompt: true,
          callback_function(piece: string) {
            say(text.feed(piece));
            if (text.isStopped) stop();
          },
          token_callback_function(tokens: bigint[]) {
            const ends = tokenizer.all_special_ids;
            isEnd = tokens.some((token) => ends.includes(Number(token)));
            // The end is no part of the answer, as with the other engines.
            if (!isEnd) generatedTokens += tokens.length;
          },
        }),
      } as never);
    } finally {
      signal.removeEventListener('abort', stop);
    }
    say(text.flush());
    const reason = signal.aborted && !text.isStopped && !isEnd ? 'cancelled' : null;
    const isFull = generatedTokens >= maxTokens && !text.isStopped && !isEnd;
    return { ...counts, generatedTokens, finishReason: reason ?? (isFull ? 'length' : 'stop') };
  }

  /** The mean of the tokens' vectors, at unit length, as the models for it are trained. */
  async embed(inputs: string[], signal: AbortSignal): Promise<EmbedResult> {
    if (this.#loaded.kind !== 'encoder')
      throw new AppError('request/unsupported', 'This model makes text, no vectors.');
    const { extract } = this.#loaded;
    const vectors: number[][] = [];
    let promptTokens = 0;
    for (const input of inputs) {
      if (signal.aborted) throw new AppError('queue/cancelled', 'The request was cancelled.');
      promptTokens += extract.tokenizer(input).input_ids.dims.at(-1) ?? 0;
      const tensor = await extract(input, { pooling: 'mean', normalize: true });
      vectors.push(Array.from(tensor.data as Float32Array));
    }
    return { vectors, promptTokens };
  }

  async memory(): Promise<{ ramBytes: number; gpuBytes: number }> {
    return { ramBytes: process.memoryUsage.rss(), gpuBytes: 0 };
  }

  async dispose(): Promise<void> {
    if (this.#loaded.kind === 'causal') await this.#loaded.model.dispose();
    else await this.#loaded.extract.dispose();
  }
}

function encode(tokenizer: PreTrainedTokenizer, prompt: GenerateRequest['prompt']): Encoded {
  if (prompt.kind === 'completion') return tokenizer(prompt.prompt) as Encoded;
  return tokenizer.apply_chat_template(prompt.messages.map(plain), {
    add_generation_prompt: true,
    return_dict: true,
  }) as unknown as Encoded;
}

/** Templates know the roles system, user and assistant. */
const plain = ({ role, content }: ChatMessage) => ({
  role: role === 'developer' ? 'system' : role === 'tool' ? 'user' : role,
  content,
});

function processors(processor: LogitsProcessor): LogitsProcessorList {
  const list = new LogitsProcessorList();
  list.push(processor);
  return list;
}

function criteria(criterion: InterruptableStoppingCriteria): StoppingCriteriaList {
  const list = new StoppingCriteriaList();
  list.push(criterion);
  return list;
}
