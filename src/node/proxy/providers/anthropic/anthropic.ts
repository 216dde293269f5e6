import Anthropic from '@anthropic-ai/sdk';
import { AppError } from '#contract/errors.ts';
import type { Feature } from '../../../inference/runtime.ts';
import type { OpenProvider, ProviderCall } from '../provider.ts';
import { streamedAnswer, wholeAnswer } from './answer.ts';
import { anthropicError } from './error.ts';
import { messagesBody } from './request.ts';

const lacks: ReadonlySet<Feature> = new Set<Feature>(['embeddings', 'completion', 'json', 'logit-bias']);
const drops: ReadonlySet<Feature> = new Set<Feature>(['seed', 'penalties', 'min-p']);

/** Anthropic's Messages API with its official SDK. */
export const openAnthropic: OpenProvider = ({ baseUrl, apiKey, fetch }) => {
  const client = new Anthropic({
    apiKey,
    // A token in the environment is not the operator's setting.
    authToken: null,
    ...(baseUrl === null ? {} : { baseURL: baseUrl.replace(/\/(v1\/?)?$/, '') }),
    fetch,
    maxRetries: 0,
    // It would log what people ask.
    logLevel: 'off',
  });
  const typed = async <T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (thrown) {
      throw anthropicError(thrown, signal);
    }
  };
  return {
    lacks,
    drops,
    generate: ({ model, request, isStreamed, signal, onText }: ProviderCall) =>
      typed(signal, async () => {
        const body = messagesBody(model, request);
        return isStreamed
          ? streamedAnswer(await client.messages.create({ ...body, stream: true }, { signal }), onText)
          : wholeAnswer(await client.messages.create(body, { signal }), onText);
      }),
    embed: () =>
      Promise.reject(new AppError('request/unsupported', 'Anthropic has no model that makes embeddings.')),
    models: (signal) =>
      typed(signal, async () =>
        (await client.models.list({ limit: 1000 }, { signal })).data.map(({ id }) => id),
      ),
  };
};
