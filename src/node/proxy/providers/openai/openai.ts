import OpenAI from 'openai';
import type { Feature } from '../../../inference/runtime.ts';
import type { OpenProvider, ProviderCall, ProviderOptions } from '../provider.ts';
import { wholeAnswer } from './answer.ts';
import { openAiError } from './error.ts';
import { chatBody, textBody } from './request.ts';
import { asksResponses, responsesAnswer, responsesBody, streamedResponses } from './responses.ts';
import { streamedAnswer } from './stream.ts';
import { openAiUsage } from './usage.ts';

/** OpenAI's API with its official SDK. `extended`: any server that speaks it, which mostly knows more sampling fields. */
function open(provider: string, { baseUrl, apiKey, fetch }: ProviderOptions, extended: boolean) {
  const client = new OpenAI({
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

  async function generate({ model, request, isStreamed, signal, onText }: ProviderCall) {
    const streaming = { stream: true, stream_options: { include_usage: true } } as const;
    if (!extended && asksResponses(request)) {
      const body = responsesBody(model, request);
      const { responses } = client;
      return isStreamed
        ? streamedResponses(
            provider,
            await responses.create({ ...body, stream: true }, { signal }).asResponse(),
            onText,
          )
        : responsesAnswer(provider, await responses.create({ ...body, stream: false }, { signal }), onText);
    }
    if (request.prompt.kind === 'chat') {
      const body = chatBody(model, request, extended);
      const { completions } = client.chat;
      return isStreamed
        ? streamedAnswer(
            provider,
            await completions.create({ ...body, ...streaming }, { signal }).asResponse(),
            onText,
          )
        : wholeAnswer(provider, await completions.create({ ...body, stream: false }, { signal }), onText);
    }
    const body = textBody(model, request, extended);
    const { completions } = client;
    return isStreamed
      ? streamedAnswer(
          provider,
          await completions.create({ ...body, ...streaming }, { signal }).asResponse(),
          onText,
        )
      : wholeAnswer(provider, await completions.create({ ...body, stream: false }, { signal }), onText);
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
