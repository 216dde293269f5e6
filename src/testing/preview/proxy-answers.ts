import { AppError } from '#contract/errors.ts';
import {
  type ProxyStatus,
  providerSchema,
  proxyConfigSchema,
  type ShownProvider,
} from '#contract/provider.ts';
import type { MemoryAnswers } from '../memory-transport.ts';
import { untried } from '../sample-provider.ts';

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Calls of the Providers page, which change the sample. A key that begins with `wrong` is refused. */
export function proxyAnswers(first: ProxyStatus, publish: (status: ProxyStatus) => void): MemoryAnswers {
  let status = first;
  const keys = new Map(first.providers.map(({ id, lastError }) => [id, lastError ? 'wrong' : 'right']));
  const put = (next: Partial<ProxyStatus>) => {
    status = { ...status, ...next };
    publish(status);
  };
  const change = (id: string, part: Partial<ShownProvider>) =>
    put({ providers: status.providers.map((one) => (one.id === id ? { ...one, ...part } : one)) });
  return {
    'providers.set': ({ provider, key }) => {
      const before = status.providers.find(({ id }) => id === provider.id);
      if (key) keys.set(provider.id, key);
      const shown: ShownProvider = {
        ...untried,
        ...before,
        ...providerSchema.parse(provider),
        ...(key ? { keyEnd: key.slice(-4), keyPlace: 'keychain' as const } : {}),
        ...(key === null ? { keyEnd: null, keyPlace: 'none' as const } : {}),
      };
      if (before) change(provider.id, shown);
      else put({ providers: [...status.providers, shown] });
      return null;
    },
    'providers.remove': ({ id }) => {
      put({ providers: status.providers.filter((one) => one.id !== id) });
      return null;
    },
    'providers.test': async ({ id }) => {
      await wait(600);
      if (keys.get(id)?.startsWith('wrong')) {
        const error = new AppError('provider/auth', `${id} answers 401: the key is not valid.`);
        change(id, { health: 'failing', lastError: { code: error.code, message: error.message } });
        throw error;
      }
      const models = status.providers.find((one) => one.id === id)?.models ?? [
        { id: 'sample-large', price: null },
        { id: 'sample-small', price: { input: 100_000, output: 400_000 } },
      ];
      change(id, { health: 'good', coolingUntil: null, lastError: null, models });
      return models.map((model) => model.id);
    },
    'providers.configure': (patch) => {
      const config = proxyConfigSchema.omit({ providers: true }).parse({ ...status.config, ...patch });
      const providers = status.providers.map((one) => ({
        ...one,
        models:
          one.models?.map((model) => ({
            ...model,
            price: config.prices[`${one.id}/${model.id}`] ?? config.prices[`${one.id}/*`] ?? model.price,
          })) ?? null,
      }));
      const { solPrice } = config;
      put({
        config,
        providers,
        ...(solPrice?.kind === 'fixed'
          ? { solPrice: { microUsd: solPrice.microUsd, at: Date.now(), isStale: false } }
          : {}),
      });
      return null;
    },
    'providers.try': async ({ model, prompt }) => {
      await wait(900);
      if (model === 'none') throw new AppError('proxy/no-provider', 'No provider for “none” is switched on.');
      return {
        text: `You asked: “${prompt}”. A provider would answer here, in as many lines as it takes.`,
        target: 'openai/gpt-4o-mini',
        costMicroUsd: 143,
        promptTokens: 31,
        generatedTokens: 230,
        latencyMs: 1834,
      };
    },
  };
}
