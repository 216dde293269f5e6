import { AppError } from '#contract/errors.ts';
import type { ProxyQuote } from '#contract/proxy-price.ts';
import type { JobRequest } from '../inference/job-request.ts';
import { type WorkRuntime, wantedFeatures } from '../inference/job-work.ts';
import type { GenerateRequest } from '../inference/runtime.ts';
import type { Dispatcher } from './dispatcher.ts';
import { targetName } from './mapping.ts';
import { estimateImages, estimateTokens } from './providers/usage.ts';

/** What an answer is taken to have at most where neither the request nor the model says so. */
const guessedAnswerTokens = 4096;

/** The way of one job to its provider, charged by the given quote; null: nobody is charged. */
export function proxiedRuntime(
  dispatcher: Dispatcher,
  job: JobRequest,
  quote: ProxyQuote | null,
): WorkRuntime {
  const features = wantedFeatures(job.work);
  return {
    name: 'a provider',
    // Which provider lacks what is for the router to weigh.
    lacks: () => new Set(),
    async generate(request, handlers, signal) {
      const promptTokens = promptEstimate(request);
      const wish = {
        features,
        promptTokens,
        mostAnswerTokens: request.maxTokens ?? guessedAnswerTokens,
        signal,
      };
      let text = '';
      let pieces = 0;
      const estimate = () => ({
        prompt: promptTokens,
        cached: 0,
        cacheWrite: 0,
        completion: estimateTokens(text),
        reasoning: 0,
      });
      const { value, proxied } = await dispatcher.send(
        job,
        // A hint that is left out keeps nobody away.
        wish,
        async (client, target, onFirst) => {
          const dropped = features.filter((feature) => client.drops.has(feature));
          handlers.onRoute?.({ target: targetName(target), dropped });
          try {
            const answer = await client.generate({
              model: target.model,
              request,
              isStreamed: request.isStreamed === true,
              signal,
              onText(piece) {
                if (pieces === 0) {
                  onFirst();
                  handlers.onStart?.(promptTokens);
                }
                text += piece;
                pieces += 1;
                return handlers.onText?.(piece, pieces);
              },
            });
            if (pieces === 0) handlers.onStart?.(answer.usage?.prompt ?? promptTokens);
            return { value: answer, usage: answer.usage };
          } catch (thrown) {
            // Who left is charged for what he got.
            if (!signal.aborted || pieces === 0) throw thrown;
            return { value: null, usage: null };
          }
        },
        estimate,
        quote,
      );
      const { usage } = proxied;
      return {
        promptTokens: usage.prompt,
        cachedTokens: usage.cached,
        generatedTokens: usage.completion,
        finishReason: value?.finishReason ?? 'cancelled',
        ...(value?.toolCalls ? { toolCalls: value.toolCalls } : {}),
        proxied,
      };
    },
    async embed(inputs, signal) {
      const promptTokens = inputs.reduce((sum, input) => sum + estimateTokens(input), 0);
      const wish = { features, promptTokens, mostAnswerTokens: 0, signal };
      const { value, proxied } = await dispatcher.send(
        job,
        wish,
        async (client, target) => {
          const { vectors, usage } = await client.embed(target.model, inputs, signal);
          if (vectors.length !== inputs.length)
            throw new AppError(
              'provider/bad-answer',
              `${target.provider} made ${vectors.length} vectors of ${inputs.length} texts.`,
            );
          return { value: vectors, usage };
        },
        () => ({ prompt: promptTokens, cached: 0, cacheWrite: 0, completion: 0, reasoning: 0 }),
        quote,
      );
      return { vectors: value, promptTokens: proxied.usage.prompt, proxied };
    },
  };
}

function promptEstimate({ prompt }: GenerateRequest): number {
  if (prompt.kind === 'completion') return estimateTokens(prompt.prompt);
  const text = prompt.messages.reduce((sum, { content }) => sum + estimateTokens(content) + 4, 0);
  const images = prompt.messages
    .flatMap((message) => (message.role === 'user' ? (message.parts ?? []) : []))
    .filter(({ kind }) => kind === 'image').length;
  const tools = prompt.tools ? estimateTokens(JSON.stringify(prompt.tools)) : 0;
  return text + tools + estimateImages(images);
}
