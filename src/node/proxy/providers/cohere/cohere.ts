import { CohereClient, CohereClientV2 } from 'cohere-ai';
import type { Feature } from '../../../inference/runtime.ts';
import type { OpenProvider, ProviderCall } from '../provider.ts';
import { soundUsage } from '../usage.ts';
import { streamedAnswer, wholeAnswer } from './answer.ts';
import { cohereError } from './error.ts';
import { chatBody } from './request.ts';

const lacks: ReadonlySet<Feature> = new Set<Feature>(['completion', 'logit-bias']);
const drops: ReadonlySet<Feature> = new Set<Feature>(['min-p']);

/** Cohere's API, version 2, with its official SDK. */
export const openCohere: OpenProvider = ({ baseUrl, apiKey, fetch }) => {
  const options = {
    token: apiKey ?? '',
    ...(baseUrl === null ? {} : { environment: baseUrl.replace(/\/(v[12]\/?)?$/, '') }),
    fetch,
    maxRetries: 0,
  };
  const client = new CohereClientV2(options);
  const lists = new CohereClient(options);
  const typed = async <T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (thrown) {
      throw cohereError(thrown, signal);
    }
  };
  return {
    lacks,
    drops,
    generate: ({ model, request, isStreamed, signal, onText }: ProviderCall) =>
      typed(signal, async () => {
        const body = chatBody(model, request);
        return isStreamed
          ? streamedAnswer(await client.chatStream(body, { abortSignal: signal }), onText)
          : wholeAnswer(await client.chat(body, { abortSignal: signal }), onText);
      }),
    embed: (model, texts, signal) =>
      typed(signal, async () => {
        const { embeddings, meta } = await client.embed(
          { model, texts, inputType: 'search_document', embeddingTypes: ['float'] },
          { abortSignal: signal },
        );
        return {
          vectors: embeddings.float ?? [],
          usage: soundUsage({ prompt: meta?.billedUnits?.inputTokens, completion: 0 }),
        };
      }),
    models: (signal) =>
      typed(signal, async () =>
        ((await lists.models.list({ pageSize: 1000 }, { abortSignal: signal })).models ?? []).flatMap(
          ({ name }) => (name ? [name] : []),
        ),
      ),
  };
};
