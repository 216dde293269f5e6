import { AppError } from '#contract/errors.ts';
import type { Engine } from '#contract/model.ts';
import type { ToolCall } from '#contract/wire/openai.ts';
import type { ServedModels } from '#node/inference/model-pool.ts';
import type { Feature, Runtime } from '#node/inference/runtime.ts';
import { createSignal } from '#node/signal.ts';

/** One loaded model as the job service wants its models. */
export function onlyModel(runtime: Pick<Runtime, 'engine' | 'generate' | 'embed'>): ServedModels {
  const { modelId, parallelRequests } = runtime.engine.get();
  return {
    offered: () => [modelId ?? ''],
    check(id) {
      if (id !== modelId)
        throw new AppError('inference/unknown-model', `“${id}” is not served here.`, {
          data: { field: 'model' },
        });
    },
    slots: () => parallelRequests ?? 1,
    acquire: async () => ({ runtime: runtime as Runtime, release() {} }),
    reuse: (known) => known,
    onChange() {},
  };
}

/** A runtime that says the given words, one each time `next` is called; or all at once when `pace` is `free`. */
export function createScriptedRuntime(
  options: {
    words?: string[];
    parallel?: number;
    pace?: 'free' | 'stepped';
    toolCalls?: ToolCall[];
    lacking?: Feature[];
  } = {},
) {
  const {
    words = ['The ', 'capital ', 'is ', 'Paris.'],
    parallel = 1,
    pace = 'free',
    toolCalls,
    lacking = [],
  } = options;
  const engine = createSignal<Engine>({
    state: 'ready',
    backend: 'cpu',
    modelId: 'scripted',
    loadProgress: null,
    contextSize: 100,
    parallelRequests: parallel,
    threads: 1,
    memory: null,
    server: null,
    restarts: 0,
    error: null,
  });
  const started: string[] = [];
  const steps: (() => void)[] = [];
  const runtime: Pick<Runtime, 'name' | 'engine' | 'lacks' | 'generate' | 'embed'> = {
    name: 'scripted',
    engine,
    lacks: () => new Set(lacking),
    embed: async (inputs) => ({
      vectors: inputs.map((input) => [input.length, 1]),
      promptTokens: inputs.join(' ').split(' ').length,
    }),
    async generate(request, handlers, signal) {
      const { prompt } = request;
      const text =
        prompt.kind === 'chat' ? prompt.messages.map(({ content }) => content).join(' ') : prompt.prompt;
      const promptTokens = text.split(' ').length;
      if (promptTokens > 100)
        throw new AppError(
          'inference/context-too-long',
          `The prompt has ${promptTokens} tokens; this model’s context holds 100.`,
        );
      started.push(text);
      handlers.onStart?.(promptTokens);
      let generatedTokens = 0;
      for (const word of words.slice(0, request.maxTokens ?? words.length)) {
        if (pace === 'stepped')
          await new Promise<void>((resolve) => {
            steps.push(resolve);
            signal.addEventListener('abort', () => resolve(), { once: true });
          });
        if (signal.aborted)
          return { promptTokens, cachedTokens: 0, generatedTokens, finishReason: 'cancelled' };
        generatedTokens += 1;
        handlers.onText?.(word, generatedTokens);
      }
      return {
        promptTokens,
        cachedTokens: 0,
        generatedTokens,
        finishReason: generatedTokens < words.length ? 'length' : toolCalls ? 'tool_calls' : 'stop',
        ...(toolCalls ? { toolCalls } : {}),
      };
    },
  };
  return {
    runtime,
    /** Prompts that reached the model, in order. */
    started,
    /** Lets every generation that waits say its next word. */
    next: () =>
      steps.splice(0).forEach((step) => {
        step();
      }),
  };
}
