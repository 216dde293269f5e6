import { z } from 'zod';
import { AppError } from '#contract/errors.ts';
import type { RemoteServer } from '#contract/remote-server.ts';
import { toAppError } from '#contract/result.ts';
import type { Feature, GenerateHandlers, GenerateRequest, GenerateResult } from '../../runtime.ts';
import { type Dialect, streamSilenceMs } from './dialect.ts';
import { badAnswer, callServer, eventData, readJson } from './http.ts';

/** What Triton's generate extension, before TensorRT-LLM's backend, has no inputs for. */
const lacking: ReadonlySet<Feature> = new Set<Feature>([
  'chat',
  'embeddings',
  'tools',
  'json-schema',
  'images',
  'logit-bias',
  'min-p',
]);
const frameSchema = z.looseObject({ text_output: z.string().optional(), error: z.string().optional() });
const mostTokensWithoutLimit = 512;

/**
 * Triton Inference Server's generate extension, with the input names of the TensorRT-LLM backend's `ensemble` and `tensorrt_llm_bls`
 * models. It takes plain prompts alone and tells no token counts: a piece of the stream counts as a token, the prompt as none.
 */
export function createTritonDialect(server: RemoteServer, silenceMs = streamSilenceMs): Dialect {
  const at = (path: string) => `/v2/models/${encodeURIComponent(server.model)}${path}`;

  return {
    async facts(signal) {
      await callServer(server, '/v2/health/ready', { signal });
      await callServer(server, at('/ready'), { signal });
      const about = await callServer(server, '/v2', { signal }).then(readJson, () => null);
      const version = z.looseObject({ version: z.string() }).safeParse(about).data?.version ?? '';
      return { backend: `Triton ${version}`.trim(), contextSize: null, parallelRequests: null };
    },
    figures: () => Promise.resolve(null),
    lacks: () => lacking,
    async generate(
      request: GenerateRequest,
      handlers: GenerateHandlers,
      signal: AbortSignal,
    ): Promise<GenerateResult> {
      if (request.prompt.kind !== 'completion')
        throw new AppError('request/unsupported', 'Triton takes plain prompts, no chats.');
      const { sampling, stop } = request;
      const { temperature, topP, topK, seed, frequencyPenalty, presencePenalty } = sampling;
      const maxTokens = request.maxTokens ?? mostTokensWithoutLimit;
      const body = {
        text_input: request.prompt.prompt,
        max_tokens: maxTokens,
        stream: true,
        // Its sampler divides by the temperature: the likeliest token alone is asked for by top_k.
        ...(temperature === 0
          ? { top_k: 1 }
          : { temperature, ...(topK === undefined ? {} : { top_k: topK }) }),
        ...(topP === undefined ? {} : { top_p: topP }),
        ...(seed === undefined ? {} : { random_seed: seed }),
        ...(frequencyPenalty === undefined ? {} : { frequency_penalty: frequencyPenalty }),
        ...(presencePenalty === undefined ? {} : { presence_penalty: presencePenalty }),
        ...(stop.length === 0 ? {} : { stop_words: stop }),
      };
      let generatedTokens = 0;
      try {
        const response = await callServer(server, at('/generate_stream'), { body, signal });
        handlers.onStart?.(0);
        for await (const data of eventData(response, silenceMs)) {
          const frame = frameSchema.safeParse(parse(data)).data;
          if (!frame) throw badAnswer('a frame of its stream is none');
          if (frame.error !== undefined)
            throw new AppError('inference/failed', `The server says: ${frame.error.slice(0, 500)}`);
          if (!frame.text_output) continue;
          generatedTokens += 1;
          handlers.onText?.(frame.text_output, generatedTokens);
        }
      } catch (thrown) {
        if (!signal.aborted) throw toAppError(thrown, 'inference/crashed');
        return { promptTokens: 0, cachedTokens: 0, generatedTokens, finishReason: 'cancelled' };
      }
      const finishReason = generatedTokens >= maxTokens ? 'length' : 'stop';
      return { promptTokens: 0, cachedTokens: 0, generatedTokens, finishReason };
    },
    embed: () => Promise.reject(new AppError('request/unsupported', 'Triton makes no vectors here.')),
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
