import type { ChatCompletionRequest, CompletionRequest, Usage } from '#contract/wire/openai.ts';
import type { GenerateRequest, GenerateResult } from '../inference/runtime.ts';

export const defaultTemperature = 0.7;

export function chatRequest(body: ChatCompletionRequest): GenerateRequest {
  return {
    prompt: { kind: 'chat', messages: body.messages },
    ...limits(body),
    maxTokens: body.max_completion_tokens ?? body.max_tokens ?? null,
  };
}

export function completionRequest(body: CompletionRequest): GenerateRequest {
  return {
    prompt: { kind: 'completion', prompt: body.prompt },
    ...limits(body),
    maxTokens: body.max_tokens ?? 16,
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
    },
  };
}

export function usageOf(result: GenerateResult): Usage {
  return {
    prompt_tokens: result.promptTokens,
    completion_tokens: result.generatedTokens,
    total_tokens: result.promptTokens + result.generatedTokens,
  };
}

/** The frames of one stream. Text frames are put together by hand: they are made for each token. */
export function streamFrames(kind: 'chat' | 'completion', id: string, model: string) {
  const created = Math.floor(Date.now() / 1000);
  const object = kind === 'chat' ? 'chat.completion.chunk' : 'text_completion';
  const head = `data: {"id":${JSON.stringify(id)},"object":"${object}","created":${created},"model":${JSON.stringify(model)},`;
  const textHead = `${head}"choices":[{"index":0,${kind === 'chat' ? '"delta":{"content":' : '"text":'}`;
  const textTail = `${kind === 'chat' ? '}' : ''},"finish_reason":null}]}\n\n`;
  const last = kind === 'chat' ? '"delta":{}' : '"text":""';
  return {
    first:
      kind === 'chat'
        ? `${head}"choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}\n\n`
        : '',
    text: (text: string) => textHead + JSON.stringify(text) + textTail,
    finish: (reason: string) => `${head}"choices":[{"index":0,${last},"finish_reason":"${reason}"}]}\n\n`,
    usage: (usage: Usage) => `${head}"choices":[],"usage":${JSON.stringify(usage)}}\n\n`,
    done: 'data: [DONE]\n\n',
    error: (error: object) => `data: ${JSON.stringify(error)}\n\n`,
    keepAlive: ': waiting\n\n',
  };
}

/** A whole answer in OpenAI's shape. */
export function wholeAnswer(
  kind: 'chat' | 'completion',
  id: string,
  model: string,
  text: string,
  result: GenerateResult,
) {
  const common = { index: 0, finish_reason: result.finishReason };
  return {
    id,
    object: kind === 'chat' ? 'chat.completion' : 'text_completion',
    created: Math.floor(Date.now() / 1000),
    model,
    choices: [
      kind === 'chat' ? { ...common, message: { role: 'assistant', content: text } } : { ...common, text },
    ],
    usage: usageOf(result),
  };
}
