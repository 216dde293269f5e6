import type {
  ChatCompletionRequest,
  CompletionRequest,
  EmbeddingRequest,
  ToolCall,
  Usage,
} from '#contract/wire/openai.ts';
import type { Choice, JobOutcome } from '../inference/job-request.ts';
import type { AnswerFormat, GenerateRequest, GenerateResult } from '../inference/runtime.ts';

export const defaultTemperature = 0.7;

export function chatRequest(body: ChatCompletionRequest): GenerateRequest {
  const format = formatOf(body.response_format);
  return {
    prompt: {
      kind: 'chat',
      messages: body.messages,
      ...(body.tools ? { tools: body.tools } : {}),
      ...(body.tool_choice ? { toolChoice: body.tool_choice } : {}),
    },
    ...limits(body),
    maxTokens: body.max_completion_tokens ?? body.max_tokens ?? null,
    ...(body.stream ? { isStreamed: true } : {}),
    ...(format ? { format } : {}),
  };
}

function formatOf(format: ChatCompletionRequest['response_format']): AnswerFormat | null {
  if (format?.type === 'json_object') return { kind: 'json' };
  return format?.type === 'json_schema' ? { kind: 'json-schema', schema: format.json_schema.schema } : null;
}

export function completionRequest(body: CompletionRequest): GenerateRequest {
  return {
    prompt: { kind: 'completion', prompt: body.prompt },
    ...limits(body),
    maxTokens: body.max_tokens ?? 16,
    ...(body.stream ? { isStreamed: true } : {}),
  };
}

function limits(body: ChatCompletionRequest | CompletionRequest): Pick<GenerateRequest, 'sampling' | 'stop'> {
  return {
    stop: body.stop,
    sampling: {
      temperature: body.temperature ?? defaultTemperature,
      ...(body.top_p == null ? {} : { topP: body.top_p }),
      ...(body.top_k == null ? {} : { topK: body.top_k }),
      ...(body.min_p == null ? {} : { minP: body.min_p }),
      ...(body.seed == null ? {} : { seed: body.seed }),
      ...(body.frequency_penalty == null ? {} : { frequencyPenalty: body.frequency_penalty }),
      ...(body.presence_penalty == null ? {} : { presencePenalty: body.presence_penalty }),
      ...(body.logit_bias == null ? {} : { logitBias: body.logit_bias }),
    },
  };
}

export function usageOf(result: GenerateResult): Usage {
  const { proxied } = result;
  return {
    prompt_tokens: result.promptTokens,
    completion_tokens: result.generatedTokens,
    total_tokens: result.promptTokens + result.generatedTokens,
    prompt_tokens_details: {
      cached_tokens: result.cachedTokens,
      ...(proxied?.usage.cacheWrite ? { cache_write_tokens: proxied.usage.cacheWrite } : {}),
    },
    ...(proxied?.usage.reasoning
      ? { completion_tokens_details: { reasoning_tokens: proxied.usage.reasoning } }
      : {}),
    ...(proxied?.quote
      ? { proxied: { target: proxied.target, quote: proxied.quote.version, ...proxied.usage } }
      : {}),
  };
}

const wireCalls = (calls: ToolCall[]) =>
  calls.map(({ id, name, arguments: args }) => ({
    id,
    type: 'function',
    function: { name, arguments: args },
  }));

/** How a stream is put into words: OpenAI's or Anthropic's. */
export interface Frames {
  first(choices: number, promptTokens: number): string;
  text(text: string, choice: number): string;
  finish(choices: Choice[]): string;
  usage(usage: Usage, choices: Choice[]): string;
  readonly done: string;
  error(error: object): string;
  readonly keepAlive: string;
}

/** The frames of one stream. Text frames are put together by hand: they are made for each token. */
export function streamFrames(kind: 'chat' | 'completion', id: string, model: string): Frames {
  const created = Math.floor(Date.now() / 1000);
  const object = kind === 'chat' ? 'chat.completion.chunk' : 'text_completion';
  const head = `data: {"id":${JSON.stringify(id)},"object":"${object}","created":${created},"model":${JSON.stringify(model)},`;
  const textHead = kind === 'chat' ? '"delta":{"content":' : '"text":';
  const textTail = `${kind === 'chat' ? '}' : ''},"finish_reason":null}]}\n\n`;
  const empty = kind === 'chat' ? '"delta":{}' : '"text":""';
  const choice = (index: number, rest: string) => `${head}"choices":[{"index":${index},${rest}}]}\n\n`;
  return {
    /** Says of each choice who speaks. */
    first: (choices: number) =>
      kind === 'completion'
        ? ''
        : Array.from({ length: choices }, (_, index) =>
            choice(index, '"delta":{"role":"assistant","content":""},"finish_reason":null'),
          ).join(''),
    text: (text: string, index: number) =>
      `${head}"choices":[{"index":${index},${textHead}${JSON.stringify(text)}${textTail}`,
    /** The calls a choice ends with, and why each choice ended. */
    finish: (choices: Choice[]) =>
      choices
        .map(({ finishReason, toolCalls }, index) => {
          const calls = wireCalls(toolCalls ?? []).map((call, position) => ({ index: position, ...call }));
          const delta = `"delta":{"tool_calls":${JSON.stringify(calls)}},"finish_reason":null`;
          return (
            (calls.length > 0 ? choice(index, delta) : '') +
            choice(index, `${empty},"finish_reason":"${finishReason}"`)
          );
        })
        .join(''),
    usage: (usage: Usage) => `${head}"choices":[],"usage":${JSON.stringify(usage)}}\n\n`,
    done: 'data: [DONE]\n\n',
    error: (error: object) => `data: ${JSON.stringify(error)}\n\n`,
    keepAlive: ': waiting\n\n',
  };
}

/** A whole answer in OpenAI's shape. */
export function wholeAnswer(
  kind: 'chat' | 'completion',
  { request, choices, result }: Pick<JobOutcome, 'request' | 'choices' | 'result'>,
) {
  return {
    id: request.requestId,
    object: kind === 'chat' ? 'chat.completion' : 'text_completion',
    created: Math.floor(Date.now() / 1000),
    model: request.model,
    choices: choices.map(({ text, finishReason, toolCalls }, index) => {
      const common = { index, finish_reason: finishReason };
      if (kind === 'completion') return { ...common, text };
      const content = toolCalls && text === '' ? null : text;
      const calls = toolCalls ? { tool_calls: wireCalls(toolCalls) } : {};
      return { ...common, message: { role: 'assistant', content, ...calls } };
    }),
    usage: usageOf(result),
  };
}

/** Vectors in OpenAI's shape; in base64 as little-endian float32, as its clients ask for them. */
export function embeddingsAnswer(
  { request, vectors, result }: Pick<JobOutcome, 'request' | 'vectors' | 'result'>,
  format: EmbeddingRequest['encoding_format'],
) {
  return {
    object: 'list',
    data: vectors.map((vector, index) => ({
      object: 'embedding',
      index,
      embedding:
        format === 'base64' ? Buffer.from(new Float32Array(vector).buffer).toString('base64') : vector,
    })),
    model: request.model,
    usage: {
      prompt_tokens: result.promptTokens,
      total_tokens: result.promptTokens,
      ...(result.proxied?.quote ? { proxied: usageOf(result).proxied } : {}),
    },
  };
}
