import { randomUUID } from 'node:crypto';
import { AppError } from '#contract/errors.ts';
import type { ModelPrice, Provider, ProxyConfig } from '#contract/provider.ts';
import { costPicoUsd, type ProxyQuote, type TokenUsage } from '#contract/proxy-price.ts';
import { toAppError } from '#contract/result.ts';
import type { Clock } from '../clock.ts';
import type { JobRequest } from '../inference/job-request.ts';
import type { Feature, Proxied } from '../inference/runtime.ts';
import type { Budget } from './budget.ts';
import { Health } from './health.ts';
import { type Target, targetName } from './mapping.ts';
import type { ProviderClient } from './providers/provider.ts';
import { isProviderFault, mayFallBack } from './providers/provider-error.ts';
import { isOfProvider, mostWaitMs, pauseOf, retryPause } from './retry.ts';
import { type Candidate, nobody, plan, secondsUntil } from './router.ts';
import { Throttle, type ThrottleLimits } from './throttle.ts';

const mostRetries = 2;
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

export interface Attempt<T> {
  value: T;
  usage: TokenUsage | null;
}
/** What a request needs of its provider, whatever it asks for. */
export interface Wish {
  features: Feature[];
  promptTokens: number;
  mostAnswerTokens: number;
  signal: AbortSignal;
}

export interface Dispatcher {
  /** Rejects with `provider/*`, `proxy/*`, `queue/cancelled`, or `ledger/*` and `disk/full` where a cost could not be written down. */
  send<T>(
    job: JobRequest,
    wish: Wish,
    attempt: (client: ProviderClient, target: Target, onFirst: () => void) => Promise<Attempt<T>>,
    /** What an answer is taken to have used, where nobody told. */
    estimate: () => TokenUsage,
    /** By which the job is charged; null: nobody is. */
    quote: ProxyQuote | null,
  ): Promise<{ value: T; proxied: Proxied }>;
}

const noLimits: ThrottleLimits = { requestsPerMinute: null, tokensPerMinute: null, concurrent: null };

/**
 * Sends requests to providers: the best target first, the same one again where that may help, then the next. After the first text
 * nothing is tried again. Every answer's cost is written down once, estimated where the provider told none.
 */
export function createDispatcher(parts: DispatcherParts): Dispatcher {
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
    (Object.hasOwn(config.modelLimits, model) && config.modelLimits[model]) || noLimits;

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
    attempt: (client: ProviderClient, target: Target, onFirst: () => void) => Promise<Attempt<T>>,
    estimate: () => TokenUsage,
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
      for (const [place, target] of planned.order.entries()) {
        const isLast = place === planned.order.length - 1;
        for (let retry = 0; ; retry += 1) {
          const outcome = await tryOnce(job, wish, target, isLast, attempt, estimate, quote);
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
    attempt: (client: ProviderClient, target: Target, onFirst: () => void) => Promise<Attempt<T>>,
    estimate: () => TokenUsage,
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
      // A client may use a request's id twice: each answer costs.
      const key = randomUUID();
      await parts.spend({ key, requestId: job.requestId, target, usage, costPicoUsd: spent, isEstimate });
      return { target: targetName(target), usage, costPicoUsd: spent, isEstimate, quote };
    };
    try {
      const done = await attempt(opened.client, target, () => {
        firstAt ??= clock.now();
      }).catch((thrown: unknown) => toAppError(thrown, 'provider/failed'));
      if (!(done instanceof AppError)) {
        const latencyMs = (firstAt ?? clock.now()) - now;
        for (const one of health) one.succeeded(latencyMs);
        const { value, usage } = done;
        return { value, proxied: await settle(usage ?? estimate(), usage === null) };
      }
      const isFault = isProviderFault(done) && !wish.signal.aborted;
      if (isFault) parts.onFault(target.provider, done);
      const [ofProvider, ofTarget] = health as [Health, Health];
      const isWhole = isOfProvider(done);
      if (isFault && isWhole) ofProvider.failed(clock.now(), pauseOf(done));
      else ofProvider.ended();
      if (isFault && !isWhole) ofTarget.failed(clock.now(), pauseOf(done));
      else ofTarget.ended();
      // What has begun has cost something, although nobody told how much.
      if (firstAt !== null) await settle(estimate(), true);
      const isFinal = firstAt !== null || wish.signal.aborted || !mayFallBack(done);
      return { error: done, isFinal, isSent: true };
    } finally {
      for (const giveBack of promises) giveBack();
      for (const leave of places) leave(counted);
      parts.onChange();
    }
  }

  return { send };
}

/** The most that a request can cost. */
function mostCost(price: ModelPrice, { promptTokens, mostAnswerTokens }: Wish): bigint {
  const input = Math.max(price.input, price.cacheWrite ?? 0);
  return BigInt(promptTokens) * BigInt(input) + BigInt(mostAnswerTokens) * BigInt(price.output);
}
