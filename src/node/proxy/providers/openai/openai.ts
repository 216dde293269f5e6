import type { Feature } from '../../../inference/runtime.ts';
import type { OpenProvider, ProviderCall, ProviderOptions } from '../provider.ts';
import { type WholeAnswer, wholeAnswer } from './answer.ts';
import { openAiError } from './error.ts';
import { LeanClient } from './lean-client.ts';
import { chatBody, textBody } from './request.ts';
import { asksResponses, responsesAnswer, responsesBody, streamedResponses } from './responses.ts';
import { streamedAnswer } from './stream.ts';
import { openAiUsage } from './usage.ts';

type Streaming = { stream: boolean; stream_options?: { include_usage: boolean } };

/** OpenAI's API with its official SDK. `extended`: any server that speaks it, which mostly knows more sampling fields. */
function open(provider: string, { baseUrl, apiKey, fetch }: ProviderOptions, extended: boolean) {
  const client = new LeanClient({
    apiKey: apiKey ?? 'none',
    ...(baseUrl === null ? {} : { baseURL: withVersion(baseUrl) }),
    fetch,
    maxRetries: 0,
    // It would log what people ask.
    logLevel: 'off',
    // Variables of the process are not the operator's settings.
    organization: null,
    project: null,
  });
  const typed = async <T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (thrown) {
      throw openAiError(provider, thrown, signal);
    }
  };

  /** The raw response: bodies are read here, as cheaply as may be. */
  const ask = ({ model, request, signal }: ProviderCall, streaming: Streaming): Promise<Response> =>
    request.prompt.kind === 'chat'
      ? client.chat.completions
          .create({ ...chatBody(model, request, extended), ...streaming }, { signal })
          .asResponse()
      : client.completions
          .create({ ...textBody(model, request, extended), ...streaming }, { signal })
          .asResponse();

  async function respond({ model, request, isStreamed, signal, onText }: ProviderCall) {
    const body = responsesBody(model, request);
    const { responses } = client;
    if (!isStreamed)
      return responsesAnswer(
        provider,
        await responses.create({ ...body, stream: false }, { signal }),
        onText,
      );
    const response = await responses.create({ ...body, stream: true }, { signal }).asResponse();
    return streamedResponses(provider, response, onText);
  }

  async function generate(call: ProviderCall) {
    if (!extended && asksResponses(call.request)) return respond(call);
    if (call.isStreamed) {
      const usage = { stream_options: { include_usage: true } };
      return streamedAnswer(provider, await ask(call, { stream: true, ...usage }), call.onText);
    }
    const response = await ask(call, { stream: false });
    return wholeAnswer(provider, (await response.json()) as WholeAnswer, call.onText);
  }

  return {
    lacks: new Set<Feature>(),
    drops: new Set<Feature>(extended ? [] : ['top-k', 'min-p']),
    generate: (call: ProviderCall) => typed(call.signal, () => generate(call)),
    embed: (model: string, input: string[], signal: AbortSignal) =>
      typed(signal, async () => {
        const { data, usage } = await client.embeddings.create(
          { model, input, encoding_format: 'float' },
          { signal },
        );
        return { vectors: data.map(({ embedding }) => embedding), usage: openAiUsage(usage) };
      }),
    models: (signal: AbortSignal) =>
      typed(signal, async () => (await client.models.list({ signal })).data.map(({ id }) => id)),
  };
}

/** Operators give the address with or without its `/v1`. */
function withVersion(baseUrl: string): string {
  const url = baseUrl.replace(/\/+$/, '');
  return /\/v\d+\w*$/.test(url) ? url : `${url}/v1`;
}

export const openOpenAi: OpenProvider = (options) => open('OpenAI', options, false);
export const openOpenAiCompatible: OpenProvider = (options) => open('The server', options, true);
