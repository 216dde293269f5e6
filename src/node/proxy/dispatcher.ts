import { AppError } from '#contract/errors.ts';
import type { ModelPrice, Provider, ProxyConfig } from '#contract/provider.ts';
import { costPicoUsd, type ProxyQuote, type TokenUsage } from '#contract/proxy-price.ts';
import { toAppError } from '#contract/result.ts';
import type { Clock } from '../clock.ts';
import type { JobRequest } from '../inference/job-request.ts';
import { type WorkRuntime, wantedFeatures } from '../inference/job-work.ts';
import type { Feature, GenerateRequest, Proxied } from '../inference/runtime.ts';
import type { Budget } from './budget.ts';
import { Health } from './health.ts';
import { type Target, targetName } from './mapping.ts';
import type { ProviderClient } from './providers/provider.ts';
import { isProviderFault, isRetryable, mayFallBack } from './providers/provider-error.ts';
import { estimateImages, estimateTokens } from './providers/usage.ts';
import { type Candidate, nobody, plan, secondsUntil } from './router.ts';
import { Throttle, type ThrottleLimits } from './throttle.ts';

const mostRetries = 2;
const firstBackoffMs = 250;
/** A provider that asks for a longer pause is left for the next one. */
const mostWaitMs = 5000;
/** After a wrong key or an empty account a provider is left alone for so long. */
const uselessMs = 300_000;
/** What an answer is taken to have at most where neither the request nor the model says so. */
const guessedAnswerTokens = 4096;

/** A provider at work. */
export interface OpenedProvider {
  config: Provider;
  client: ProviderClient;
  hasKey: boolean;
  health: Health;
  throttle: Throttle;
  budget: Budget;
  /** Of its single models. */
  modelHealth: Map<string, Health>;
  modelThrottles: Map<string, Throttle>;
}

/** One answer's cost, for the one place where spend is written down. */
export interface Spending {
  key: string;
  requestId: string;
  target: Target;
  usage: TokenUsage;
  costPicoUsd: bigint;
  isEstimate: boolean;
}

export interface DispatcherParts {
  clock: Clock;
  config(): ProxyConfig;
  provider(id: string): OpenedProvider | undefined;
  targets(name: string): Target[];
  price(target: Target): ModelPrice | null;
  allBudget: Budget;
  /** Resolves when it is written down. */
  spend(spending: Spending): Promise<void>;
  onChange(): void;
  onFault(provider: string, error: AppError): void;
  random(): number;
}

interface Attempt<T> {
  value: T;
  usage: TokenUsage | null;
}
/** What a request needs of its provider, whatever it asks for. */
interface Wish {
  features: Feature[];
  promptTokens: number;
  mostAnswerTokens: number;
  signal: AbortSignal;
}

const noLimits: ThrottleLimits = { requestsPerMinute: null, tokensPerMinute: null, concurrent: null };

/**
 * Sends requests to providers: the best target first, the same one again where that may help, then the next. After the first text
 * nothing is tried again. Every answer's cost is written down once, estimated where the provider told none.
 */
export function createDispatcher(parts: DispatcherParts) {
  const { clock } = parts;
  const clientThrottles = new Map<string, Throttle>();
  const kept = <T>(map: Map<string, T>, key: string, make: () => T): T => {
    const known = map.get(key);
    if (known !== undefined) return known;
    const made = make();
    map.set(key, made);
    return made;
  };
  const healthOf = ({ modelHealth }: OpenedProvider, { model }: Target) =>
    kept(modelHealth, model, () => new Health());
  const throttleOf = ({ modelThrottles }: OpenedProvider, { model }: Target) =>
    kept(modelThrottles, model, () => new Throttle());

  const limitsOf = ({ config }: OpenedProvider, { model }: Target): ThrottleLimits =>
    config.modelLimits[model] ?? noLimits;

  function candidate(target: Target, wish: Wish, quote: ProxyQuote | null): Candidate | null {
    const opened = parts.provider(target.provider);
    if (!opened) return null;
    const { config, client, health } = opened;
    const now = clock.now();
    // Who pays by a quote is sent nowhere that it has no price for.
    const isQuoted = quote === null || Object.hasOwn(quote.prices, targetName(target));
    const price = isQuoted ? parts.price(target) : null;
    const ownHealth = healthOf(opened, target);
    const cost = price ? mostCost(price, wish) : 0n;
    return {
      ...target,
      price,
      hasKey: opened.hasKey,
      lacking: wish.features.filter((feature) => client.lacks.has(feature)),
      mayTry: health.mayTry(now) && ownHealth.mayTry(now),
      coolingUntil: health.coolingUntil(now) ?? ownHealth.coolingUntil(now),
      freeAt: freeAt(opened, target, wish),
      budget:
        opened.budget.exceeded(now, cost, config) ?? parts.allBudget.exceeded(now, cost, parts.config()),
      contextTokens: price?.contextTokens ?? null,
      latencyMs: ownHealth.latencyMs ?? health.latencyMs,
      running: health.running,
    };
  }

  function freeAt(opened: OpenedProvider, target: Target, wish: Wish): number {
    const { config, throttle } = opened;
    const tokens = wish.promptTokens + wish.mostAnswerTokens;
    const now = clock.now();
    return Math.max(
      throttle.freeAt(now, tokens, config),
      throttleOf(opened, target).freeAt(now, tokens, limitsOf(opened, target)),
    );
  }

  /** A client's own limits; what is returned gives its place back. */
  function enterClient(job: JobRequest, wish: Wish): (tokens: number | null) => void {
    const { clientTokensPerMinute, clientConcurrent } = parts.config();
    const client = job.source.kind === 'gateway' ? job.source.payer : job.source.client;
    const throttle = kept(clientThrottles, client, () => new Throttle());
    const tokens = wish.promptTokens + wish.mostAnswerTokens;
    const limits = {
      requestsPerMinute: null,
      tokensPerMinute: clientTokensPerMinute,
      concurrent: clientConcurrent,
    };
    const free = throttle.freeAt(clock.now(), tokens, limits);
    if (free > clock.now())
      throw new AppError('proxy/throttled', 'This client has its share of requests or tokens for now.', {
        retryAfterSeconds: secondsUntil(free, clock.now()),
      });
    const leave = throttle.take(clock.now(), tokens, limits);
    return (counted) => {
      leave(counted);
      if (throttle.running === 0 && clientThrottles.size > 10_000) clientThrottles.delete(client);
    };
  }

  async function send<T>(
    job: JobRequest,
    wish: Wish,
    attempt: (client: ProviderClient, target: Candidate, onFirst: () => void) => Promise<Attempt<T>>,
    estimate: (target: Candidate) => TokenUsage,
    quote: ProxyQuote | null,
  ): Promise<{ value: T; proxied: Proxied }> {
    const leaveClient = enterClient(job, wish);
    let counted: number | null = null;
    try {
      const candidates = parts
        .targets(job.model)
        .map((target) => candidate(target, wish, quote))
        .filter((one) => one !== null);
      const planned = plan({
        candidates,
        strategy: parts.config().strategy,
        preferences: job.route ?? {},
        promptTokens: wish.promptTokens,
        nowMs: clock.now(),
        random: parts.random,
      });
      let failure: AppError | null = null;
      let attempts = 0;
      for (const [place, target] of planned.order.entries()) {
        const isLast = place === planned.order.length - 1;
        for (let retry = 0; ; retry += 1) {
          attempts += 1;
          const outcome = await tryOnce(job, wish, target, isLast, `${attempts}`, attempt, estimate, quote);
          if ('value' in outcome) {
            counted = outcome.proxied.usage.prompt + outcome.proxied.usage.completion;
            return outcome;
          }
          failure = outcome.error;
          if (outcome.isFinal) throw failure;
          const waitMs = retryPause(failure, retry, parts.random());
          if (waitMs === null || retry >= mostRetries || !outcome.isSent) break;
          await clock.sleep(waitMs, wish.signal);
        }
      }
      throw failure ?? nobody(job.model, planned);
    } catch (thrown) {
      if (wish.signal.aborted)
        throw new AppError('queue/cancelled', 'The request was cancelled.', { cause: thrown });
      throw thrown;
    } finally {
      leaveClient(counted);
    }
  }

  async function tryOnce<T>(
    job: JobRequest,
    wish: Wish,
    target: Candidate,
    isLast: boolean,
    suffix: string,
    attempt: (client: ProviderClient, target: Candidate, onFirst: () => void) => Promise<Attempt<T>>,
    estimate: (target: Candidate) => TokenUsage,
    quote: ProxyQuote | null,
  ): Promise<{ value: T; proxied: Proxied } | { error: AppError; isFinal: boolean; isSent: boolean }> {
    const refused = (error: AppError) => ({ error, isFinal: false, isSent: false });
    const opened = parts.provider(target.provider);
    const price = opened && parts.price(target);
    if (!opened || !price) return refused(new AppError('proxy/no-provider', `${target.provider} is gone.`));
    // Limits and budgets are asked again here: since the plan was made others have gone ahead.
    const free = freeAt(opened, target, wish);
    const wait = free - clock.now();
    if (wait > 0) {
      const error = new AppError('proxy/throttled', `The limits of ${target.provider} are reached for now.`, {
        retryAfterSeconds: secondsUntil(free, clock.now()),
      });
      if (!isLast || wait > mostWaitMs) return refused(error);
      await clock.sleep(wait, wish.signal);
    }
    const cost = mostCost(price, wish);
    const now = clock.now();
    const over =
      opened.budget.exceeded(now, cost, opened.config) ?? parts.allBudget.exceeded(now, cost, parts.config());
    if (over)
      return refused(
        new AppError('proxy/budget', `The budget for this ${over} would be passed.`, {
          retryAfterSeconds: 3600,
        }),
      );

    const health = [opened.health, healthOf(opened, target)];
    const promises = [opened.budget.promise(cost), parts.allBudget.promise(cost)];
    const tokens = wish.promptTokens + wish.mostAnswerTokens;
    const places = [
      opened.throttle.take(now, tokens, opened.config),
      throttleOf(opened, target).take(now, tokens, limitsOf(opened, target)),
    ];
    for (const one of health) one.started();
    parts.onChange();
    let firstAt: number | null = null;
    let counted: number | null = null;
    const settle = async (usage: TokenUsage, isEstimate: boolean): Promise<Proxied> => {
      counted = usage.prompt + usage.completion;
      const spent = costPicoUsd(price, usage);
      const key = `${job.source.kind === 'gateway' ? job.source.gatewayKey : 'local'}/${job.requestId}/${suffix}`;
      await parts.spend({ key, requestId: job.requestId, target, usage, costPicoUsd: spent, isEstimate });
      return { target: targetName(target), usage, costPicoUsd: spent, isEstimate, quote };
    };
    try {
      const { value, usage } = await attempt(opened.client, target, () => {
        firstAt ??= clock.now();
      });
      const latencyMs = (firstAt ?? clock.now()) - now;
      for (const one of health) one.succeeded(latencyMs);
      return { value, proxied: await settle(usage ?? estimate(target), usage === null) };
    } catch (thrown) {
      const error = toAppError(thrown, 'provider/failed');
      const isFault = isProviderFault(error) && !wish.signal.aborted;
      if (isFault) parts.onFault(target.provider, error);
      const [ofProvider, ofTarget] = health as [Health, Health];
      const isWhole = isOfProvider(error);
      if (isFault && isWhole) ofProvider.failed(clock.now(), pauseOf(error));
      else ofProvider.ended();
      if (isFault && !isWhole) ofTarget.failed(clock.now(), pauseOf(error));
      else ofTarget.ended();
      // What has begun has cost something, although nobody told how much.
      if (firstAt !== null) await settle(estimate(target), true);
      return { error, isFinal: firstAt !== null || wish.signal.aborted || !mayFallBack(error), isSent: true };
    } finally {
      for (const giveBack of promises) giveBack();
      for (const leave of places) leave(counted);
      parts.onChange();
    }
  }

  return {
    /** The way of one job to its provider, charged by the given quote; null: nobody is charged. */
    open(job: JobRequest, quote: ProxyQuote | null): WorkRuntime {
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
          const { value, proxied } = await send(
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
          const { value, proxied } = await send(
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
    },
  };
}

/** The most that a request can cost. */
function mostCost(price: ModelPrice, { promptTokens, mostAnswerTokens }: Wish): bigint {
  const input = Math.max(price.input, price.cacheWrite ?? 0);
  return BigInt(promptTokens) * BigInt(input) + BigInt(mostAnswerTokens) * BigInt(price.output);
}

/** Milliseconds until the same provider is asked again; null: it is not. */
function retryPause(error: AppError, retry: number, random: number): number | null {
  if (!isRetryable(error)) return null;
  const { retryAfterSeconds } = error;
  if (retryAfterSeconds !== undefined)
    return retryAfterSeconds * 1000 <= mostWaitMs ? retryAfterSeconds * 1000 : null;
  // Without a time a full provider is not pressed.
  if (error.code === 'provider/rate-limited') return null;
  return firstBackoffMs * 2 ** retry * (0.5 + random);
}

/** Whether a failure says something of all of a provider's models. */
const isOfProvider = ({ code }: AppError): boolean =>
  code === 'provider/auth' || code === 'provider/quota' || code === 'provider/unreachable';

function pauseOf({ code, retryAfterSeconds }: AppError): number | null {
  if (code === 'provider/auth' || code === 'provider/quota' || code === 'provider/no-model') return uselessMs;
  if (code === 'provider/rate-limited' && retryAfterSeconds !== undefined) return retryAfterSeconds * 1000;
  return null;
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
