import { AppError } from '#contract/errors.ts';
import {
  type BudgetWarning,
  type ModelPrice,
  type Provider,
  type ProxyConfig,
  type ProxyStatus,
  providerSchema,
  type ShownProvider,
} from '#contract/provider.ts';
import { microUsdOf, type ProxyQuote } from '#contract/proxy-price.ts';
import { type ErrorBody, errorBody, toAppError } from '#contract/result.ts';
import type { Clock } from '../clock.ts';
import type { ProxiedModels } from '../inference/served-models.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { createSignal, type Signal } from '../signal.ts';
import { Budget, periodStarts } from './budget.ts';
import { budgetWarnings, createBudgetWatch } from './budget-warnings.ts';
import { createDispatcher, type OpenedProvider } from './dispatcher.ts';
import { Health } from './health.ts';
import { type KnownProvider, publicNames, resolve, type Target, targetName } from './mapping.ts';
import { findPrice, type PriceTable, undated } from './prices.ts';
import type { ProviderKeys } from './provider-keys.ts';
import { openProvider } from './providers/open-provider.ts';
import { needsKey, type ProviderClient } from './providers/provider.ts';
import { createProviderFetch } from './providers/provider-fetch.ts';
import { proxiedRuntime } from './proxied-runtime.ts';
import type { ProxyConfigStore } from './proxy-config.ts';
import { isStale, priceObstacle, priceOfPay, type SolPrice, watchSolPrice } from './sol-price.ts';
import { Throttle } from './throttle.ts';

const showEveryMs = 500;
const listLimitMs = 15_000;
/** A quote is made anew when the price of a SOL has moved by more than this share. */
const quoteDrift = 0.005;

export interface ProxyNode extends ProxiedModels {
  status: Signal<ProxyStatus>;
  /** What is to be charged from now on; null while nothing can be sold. */
  quote: Signal<ProxyQuote | null>;
  /** `SOL`, or the mint that the gateway pays with: prices are worked out in it. */
  paidWith(asset: string): void;
  /** The gateway knows of a quote: jobs of its payers are charged by it. */
  announced(quote: ProxyQuote | null): void;
  /** Adds a provider or changes it; `key` undefined leaves its key. Its models are asked for. */
  setProvider(provider: Provider, key?: string | null): Promise<void>;
  removeProvider(id: string): void;
  /** Asks a provider for its models: a call that costs nothing. Rejects with `provider/*`. */
  test(id: string): Promise<string[]>;
  configure(patch: Partial<Omit<ProxyConfig, 'providers'>>): void;
  /** Resolves when the providers that are switched on have been opened. */
  ready(): Promise<void>;
  dispose(): Promise<void>;
}

interface Opened extends OpenedProvider {
  models: string[] | null;
  lastError: ErrorBody | null;
  close(): Promise<void>;
}

/** The providers of this node: what they sell for it, what it costs and how they are. */
export function createProxyNode(parts: {
  store: ProxyConfigStore;
  keys: ProviderKeys;
  prices: PriceTable;
  ledger: Pick<Ledger, 'appendSpend' | 'spentSince'>;
  clock: Clock;
  /** A budget comes to its end; told once for each day or month. */
  onBudgetWarning(warning: BudgetWarning): void;
}): ProxyNode {
  const { store, keys, clock, ledger } = parts;
  const ended = new AbortController();
  const solPrice = watchSolPrice({ clock, signal: ended.signal });
  let asset = 'SOL';
  const payPrice = () => priceOfPay(asset, solPrice.current.get(), clock.now());
  const opened = new Map<string, Opened>();
  const budgets = readBudgets();
  const listeners = new Set<() => void>();
  const config = () => store.current.get();
  let opening: Promise<void> = Promise.resolve();

  /** Made anew with each change, and not with each request. */
  let known: KnownProvider[] = [];
  const price = (target: Pick<Target, 'provider' | 'model'>): ModelPrice | null => {
    const { provider, model } = target;
    const kind = opened.get(provider)?.config.kind;
    return kind ? findPrice(parts.prices, config().prices, { provider, kind, model }) : null;
  };
  const targets = (name: string) => resolve(name, config().routes, known);

  /** Models that a provider was found to have, or while that is not known those that the tables know. */
  function pricedModels({ config: { id, kind }, models }: Opened): string[] {
    // A provider lists a model with its date and takes its name without one too.
    const names = (models && [...new Set(models.flatMap((model) => [model, undated(model)]))]) ?? [
      ...Object.keys(parts.prices.prices[kind] ?? {}),
      ...Object.keys(config().prices)
        .filter((name) => name.startsWith(`${id}/`) && !name.endsWith('/*'))
        .map((name) => name.slice(id.length + 1)),
    ];
    return names.filter((model) => price({ provider: id, model }) !== null);
  }

  const dispatcher = createDispatcher({
    clock,
    config,
    provider: (id) => opened.get(id),
    targets,
    price,
    allBudget: budgets.all,
    async spend({ target, ...row }) {
      const now = clock.now();
      if (!(await ledger.appendSpend({ ...row, at: now, provider: target.provider, model: target.model })))
        return;
      budgets.all.spend(now, row.costPicoUsd);
      opened.get(target.provider)?.budget.spend(now, row.costPicoUsd);
    },
    onChange: refresh,
    onFault(provider, error) {
      const one = opened.get(provider);
      if (one) one.lastError = errorBody(error);
    },
    random: Math.random,
  });

  function readBudgets() {
    const now = clock.now();
    const starts = periodStarts(now);
    const [day, month] = [ledger.spentSince(starts.day), ledger.spentSince(starts.month)];
    const sum = (spent: Record<string, bigint>) =>
      Object.values(spent).reduce((total, one) => total + one, 0n);
    return {
      all: new Budget({ day: sum(day), month: sum(month) }, now),
      of: (id: string) => new Budget({ day: day[id] ?? 0n, month: month[id] ?? 0n }, now),
    };
  }

  /** Opens what is switched on and has changed, closes what is not. Counters of a provider outlive its changes. */
  function reopen(): void {
    opening = opening.then(async () => {
      const wanted = config().providers.filter(({ enabled }) => enabled);
      for (const [id, one] of opened)
        if (!wanted.some((provider) => provider.id === id)) {
          opened.delete(id);
          void one.close();
        }
      for (const provider of wanted) await open(provider);
      changed();
    });
    opening.catch(() => {});
  }

  async function open(provider: Provider): Promise<void> {
    const before = opened.get(provider.id);
    const apiKey = keys.get(provider.id);
    const throttle = before?.throttle ?? new Throttle();
    const { fetch, close } = createProviderFetch(provider.id, (headroom) => throttle.heard(headroom));
    const client: ProviderClient = await openProvider(provider.kind, {
      baseUrl: provider.baseUrl,
      apiKey,
      fetch,
    });
    const isSame = before?.config.kind === provider.kind && before.config.baseUrl === provider.baseUrl;
    opened.set(provider.id, {
      config: provider,
      client,
      hasKey: apiKey !== null || !needsKey(provider.kind),
      health: new Health(),
      throttle,
      budget: before?.budget ?? budgets.of(provider.id),
      modelHealth: new Map(),
      modelThrottles: before?.modelThrottles ?? new Map(),
      models: isSame ? before.models : null,
      lastError: null,
      close,
    });
    // Answers under way go on over the old connections for a while.
    if (before) clock.sleep(60_000, ended.signal).then(before.close, before.close);
  }

  async function askModels(one: Opened): Promise<string[]> {
    try {
      const models = await one.client.models(
        AbortSignal.any([ended.signal, AbortSignal.timeout(listLimitMs)]),
      );
      one.models = models;
      one.lastError = null;
      return models;
    } catch (thrown) {
      const error = toAppError(thrown, 'provider/failed');
      one.lastError = errorBody(error);
      throw error;
    } finally {
      changed();
    }
  }

  const status = createSignal(readStatus());
  const quote = createSignal<ProxyQuote | null>(null);
  let charged: ProxyQuote | null = null;
  let isDue = false;
  function refresh(): void {
    if (isDue) return;
    isDue = true;
    clock.sleep(showEveryMs, ended.signal).then(
      () => {
        isDue = false;
        status.set(readStatus());
      },
      () => {},
    );
  }

  /** The names that were told of. */
  let told = '';
  /** What is sold, or for how much, may have changed. */
  function changed(): void {
    known = [...opened.values()].map((one) => ({ id: one.config.id, models: pricedModels(one) }));
    renewQuote();
    status.set(readStatus());
    const names = publicNames(config().routes, known).join('\n');
    if (names === told) return;
    told = names;
    for (const listener of listeners) listener();
  }

  function renewQuote(): void {
    const sol = payPrice();
    if (!sol || isStale(sol, clock.now())) {
      quote.set(null);
      return;
    }
    const sold = new Map<string, ModelPrice>();
    const add = (target: Target) => {
      const known = price(target);
      if (known) sold.set(targetName(target), known);
    };
    for (const { id, models } of known) for (const model of models) add({ provider: id, model, weight: 1 });
    for (const { name } of config().routes) for (const target of targets(name)) add(target);
    const before = quote.get();
    const isClose = before && Math.abs(sol.microUsd / before.sol_micro_usd - 1) < quoteDrift;
    const next = {
      sol_micro_usd: isClose ? before.sol_micro_usd : sol.microUsd,
      commission_basis_points: config().commissionBasisPoints,
      prices: Object.fromEntries(sold),
    };
    const { version = 0, ...last } = before ?? {};
    if (JSON.stringify(next) === JSON.stringify(last)) return;
    quote.set({ version: Math.max(clock.now(), version + 1), ...next });
  }

  function obstacle(): AppError | null {
    return opened.size === 0 ? null : priceObstacle(asset, payPrice(), clock.now());
  }

  function readStatus(): ProxyStatus {
    const { providers, ...rest } = config();
    const sol = solPrice.current.get();
    const blocked = obstacle();
    const spent = spentOf(budgets.all);
    const shownProviders = providers.map(shown);
    return {
      providers: shownProviders,
      config: rest,
      spent,
      solPrice: sol && shownSol(sol),
      obstacle: blocked && errorBody(blocked),
      budgetWarnings: budgetWarnings({ ...rest, spent }, shownProviders),
      pricesDate: parts.prices.date,
    };
  }

  function shownSol(sol: SolPrice) {
    return { microUsd: sol.microUsd, at: sol.at, isStale: isStale(sol, clock.now()) };
  }

  function spentOf(budget: Budget) {
    const { day, month } = budget.spent(clock.now());
    return { dayMicroUsd: microUsdOf(day), monthMicroUsd: microUsdOf(month) };
  }

  function shown(provider: Provider): ShownProvider {
    const one = opened.get(provider.id);
    const now = clock.now();
    const coolingUntil = one?.health.coolingUntil(now) ?? null;
    return {
      ...provider,
      ...keys.shown(provider.id),
      models: one?.models?.map((id) => ({ id, price: price({ provider: provider.id, model: id }) })) ?? null,
      health: healthWord(one, coolingUntil),
      coolingUntil,
      lastError: one?.lastError ?? null,
      latencyMs: one?.health.latencyMs ?? null,
      running: one?.health.running ?? 0,
      spent: one ? spentOf(one.budget) : { dayMicroUsd: 0, monthMicroUsd: 0 },
    };
  }

  function healthWord(one: Opened | undefined, coolingUntil: number | null): ShownProvider['health'] {
    if (coolingUntil !== null) return 'cooling-down';
    if (one?.lastError) return 'failing';
    return one && (one.health.latencyMs !== null || one.models !== null) ? 'good' : 'unknown';
  }

  function find(id: string): Opened {
    const one = opened.get(id);
    if (!one) throw new AppError('proxy/not-found', `There is no provider “${id}” that is switched on.`);
    return one;
  }

  const watchBudgets = createBudgetWatch(parts.onBudgetWarning);
  status.subscribe(({ budgetWarnings }) => watchBudgets(clock.now(), budgetWarnings));
  store.current.subscribe(reopen);
  let followed = '';
  store.current.subscribe(({ solPrice: source }) => {
    // Other settings that change do not make a price younger.
    if (JSON.stringify(source) === followed) return;
    followed = JSON.stringify(source);
    solPrice.follow(source);
  });
  solPrice.current.subscribe(changed);
  const eachMinute = async () => {
    for (;;) {
      await clock.sleep(60_000, ended.signal);
      changed();
    }
  };
  eachMinute().catch(() => {});
  opening = opening.then(async () => {
    for (const one of opened.values()) if (one.hasKey) void askModels(one).catch(() => {});
  });

  return {
    status,
    quote,
    paidWith(next) {
      if (next === asset) return;
      asset = next;
      quote.set(null);
      changed();
    },
    announced(known) {
      charged = known;
    },
    offered: () => (quote.get() ? publicNames(config().routes, known) : []),
    serves: (name) => targets(name).length > 0,
    quoteFor({ source }, target) {
      if (source.kind === 'local') return null;
      const isChargeable = source.gatewayKey !== null && !obstacle() && charged;
      return isChargeable && Object.hasOwn(isChargeable.prices, target) ? isChargeable : undefined;
    },
    onChange: (listener) => listeners.add(listener),
    open(job) {
      if (job.source.kind === 'local') return proxiedRuntime(dispatcher, job, null);
      if (job.source.gatewayKey === null)
        throw new AppError(
          'proxy/cannot-bill',
          'This gateway pays one price for all requests; what a provider costs cannot be billed to it.',
        );
      const blocked = obstacle();
      if (blocked) throw blocked;
      if (!charged)
        throw new AppError('proxy/price-stale', 'The gateway has not heard the prices yet.', {
          retryAfterSeconds: 5,
        });
      return proxiedRuntime(dispatcher, job, charged);
    },
    async setProvider(provider, key) {
      const parsed = providerSchema.parse(provider);
      if (key !== undefined) keys.set(parsed.id, key);
      const others = config().providers.filter(({ id }) => id !== parsed.id);
      const index = config().providers.findIndex(({ id }) => id === parsed.id);
      store.update({
        providers: index < 0 ? [...others, parsed] : config().providers.with(index, parsed),
      });
      await opening;
      const one = opened.get(parsed.id);
      if (one?.hasKey) await askModels(one).catch(() => {});
    },
    removeProvider(id) {
      keys.set(id, null);
      store.update({ providers: config().providers.filter((provider) => provider.id !== id) });
    },
    test: async (id) => {
      await opening;
      return askModels(find(id));
    },
    configure: (patch) => store.update(patch),
    ready: () => opening,
    async dispose() {
      ended.abort();
      await opening.catch(() => {});
      await Promise.all([...opened.values()].map(({ close }) => close()));
    },
  };
}
