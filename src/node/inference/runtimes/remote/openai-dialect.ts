import { z } from 'zod';
import { AppError } from '#contract/errors.ts';
import type { RemoteServer } from '#contract/remote-server.ts';
import { toAppError } from '#contract/result.ts';
import type { Feature, GenerateHandlers, GenerateRequest, GenerateResult } from '../../runtime.ts';
import { type Dialect, type ServerFacts, streamSilenceMs } from './dialect.ts';
import { badAnswer, brokenOff, callServer, eventData, readJson } from './http.ts';
import { embeddingsSchema, frameSchema, requestBody, ToolCallPieces } from './openai-wire.ts';
import { tensorRtFigures, vllmFigures } from './server-figures.ts';

const modelsSchema = z.object({
  data: z.array(z.looseObject({ id: z.string(), max_model_len: z.int().nullish() })),
});
const propsSchema = z.object({
  total_slots: z.int().nullish(),
  default_generation_settings: z.object({ n_ctx: z.int().nullish() }).nullish(),
});

/** vLLM, TensorRT-LLM's `trtllm-serve`, and every other server that speaks OpenAI's API. */
export function createOpenAiDialect(server: RemoteServer, silenceMs = streamSilenceMs): Dialect {
  const lacks = new Set<Feature>(['images']);

  async function facts(signal: AbortSignal): Promise<ServerFacts> {
    if (server.kind !== 'openai') await callServer(server, '/health', { signal });
    const listed = modelsSchema.safeParse(await readJson(await callServer(server, '/v1/models', { signal })));
    if (!listed.success) throw badAnswer('its list of models is none');
    const model = listed.data.data.find(({ id }) => id === server.model);
    if (!model)
      throw new AppError(
        'inference/unknown-model',
        `The server at ${server.url} has no model “${server.model}”; it has ${listed.data.data.map(({ id }) => `“${id}”`).join(', ') || 'none'}.`,
      );
    if (server.kind === 'vllm')
      return {
        backend: `vLLM ${await version(signal)}`.trim(),
        contextSize: model.max_model_len ?? null,
        parallelRequests: null,
      };
    if (server.kind === 'tensorrt-llm')
      return { backend: 'TensorRT-LLM', contextSize: model.max_model_len ?? null, parallelRequests: null };
    return ofOther(signal);
  }

  const version = async (signal: AbortSignal): Promise<string> => {
    const body = await optional('/version', z.object({ version: z.string() }), signal);
    return body?.version ?? '';
  };

  /** llama-server tells its slots and their context; others nothing. */
  async function ofOther(signal: AbortSignal): Promise<ServerFacts> {
    const props = await optional('/props', propsSchema, signal);
    if (!props?.total_slots) return { backend: 'OpenAI API', contextSize: null, parallelRequests: null };
    return {
      backend: 'llama-server',
      contextSize: props.default_generation_settings?.n_ctx ?? null,
      parallelRequests: props.total_slots,
    };
  }

  async function optional<S extends z.ZodType>(path: string, schema: S, signal: AbortSignal) {
    const body = await callServer(server, path, { signal }).then(readJson, () => null);
    return schema.safeParse(body).data;
  }

  async function generate(
    request: GenerateRequest,
    handlers: GenerateHandlers,
    signal: AbortSignal,
  ): Promise<GenerateResult> {
    const isChat = request.prompt.kind === 'chat';
    const result = { promptTokens: 0, cachedTokens: 0, generatedTokens: 0 };
    const calls = new ToolCallPieces();
    let reason: string | null = null;
    let pieces = 0;
    try {
      const response = await callServer(server, isChat ? '/v1/chat/completions' : '/v1/completions', {
        body: requestBody(server.model, request),
        signal,
      });
      let isStarted = false;
      for await (const data of eventData(response, silenceMs)) {
        if (data === '[DONE]') break;
        const frame = frameSchema.safeParse(parse(data));
        if (!frame.success) throw badAnswer('a frame of its stream is none');
        const { choices, usage, error } = frame.data;
        if (error) throw new AppError('inference/failed', `The server says: ${messageOf(error)}`);
        if (usage) {
          result.promptTokens = usage.prompt_tokens;
          result.generatedTokens = usage.completion_tokens;
          result.cachedTokens = usage.prompt_tokens_details?.cached_tokens ?? 0;
        }
        const choice = choices[0];
        if (!choice) continue;
        if (!isStarted) handlers.onStart?.(result.promptTokens);
        isStarted = true;
        calls.add(choice.delta?.tool_calls ?? []);
        const text = choice.delta?.content ?? choice.text ?? '';
        if (text !== '' || choice.delta?.tool_calls) pieces += 1;
        if (text !== '') handlers.onText?.(text, Math.max(pieces, result.generatedTokens));
        reason = choice.finish_reason ?? reason;
      }
      // A stream that ends without a reason was cut: nobody pays for half an answer.
      if (reason === null) throw brokenOff();
    } catch (thrown) {
      if (!signal.aborted) throw toAppError(thrown, 'inference/crashed');
      reason = 'cancelled';
    }
    // Without usage, as in a cancelled stream or from servers that give none, a piece counts as a token: they send one at a time.
    if (result.generatedTokens === 0) result.generatedTokens = pieces;
    const toolCalls = calls.calls;
    if (reason !== 'cancelled' && toolCalls.length > 0)
      return { ...result, finishReason: 'tool_calls', toolCalls };
    return { ...result, finishReason: reason === 'length' || reason === 'cancelled' ? reason : 'stop' };
  }

  return {
    facts,
    lacks: () => lacks,
    figures(signal) {
      if (server.kind === 'vllm') return vllmFigures(server, signal);
      if (server.kind === 'tensorrt-llm') return tensorRtFigures(server, signal);
      return Promise.resolve(null);
    },
    generate,
    async embed(inputs, signal) {
      const body = { model: server.model, input: inputs, encoding_format: 'float' };
      const response = await callServer(server, '/v1/embeddings', { body, signal }).catch(
        (thrown: unknown) => {
          const { code } = toAppError(thrown);
          // Servers say in many ways that they make no vectors.
          if (['request/invalid', 'request/unsupported', 'inference/unknown-model'].includes(code))
            lacks.add('embeddings');
          throw thrown;
        },
      );
      const parsed = embeddingsSchema.safeParse(await readJson(response));
      if (!parsed.success || parsed.data.data.length !== inputs.length)
        throw badAnswer('its vectors are none');
      const vectors = [...parsed.data.data]
        .sort((a, b) => a.index - b.index)
        .map(({ embedding }) => embedding);
      return { vectors, promptTokens: parsed.data.usage?.prompt_tokens ?? 0 };
    },
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

const messageOf = (error: string | { message?: string | undefined }) =>
  (typeof error === 'string' ? error : (error.message ?? 'an error')).slice(0, 500);
