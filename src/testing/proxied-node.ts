import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import OpenAI from 'openai';
import type { Provider, ProxyConfig } from '#contract/provider.ts';
import { unwrap } from '#contract/result.ts';
import { createHost } from '#node/host.ts';
import { besideOthers } from './beside-others.ts';
import { type ProviderServer, startProviderServer } from './provider-server.ts';
import { sampleProvider } from './sample-provider.ts';

export const question = {
  messages: [{ role: 'user' as const, content: 'What is the capital of France?' }],
  max_tokens: 20,
};

/** Requests for work that a provider saw. */
export const posts = (server: ProviderServer) =>
  server.requests.filter(({ method }) => method === 'POST').length;

/** What a call of an OpenAI client failed with; null: it did not. */
export const failure = (promise: PromiseLike<unknown>) =>
  Promise.resolve(promise).then(
    () => null,
    (thrown: unknown) => thrown as InstanceType<typeof OpenAI.APIError>,
  );

/**
 * A proxy node as its clients meet it: official SDKs in front, recorded replies of two providers behind, real sockets between. The route
 * `both` leads to OpenAI first, then to Anthropic.
 */
export async function startProxiedNode() {
  const profile = mkdtempSync(join(tmpdir(), 'solanalm-proxy-'));
  const openai = await startProviderServer('openai');
  const anthropic = await startProviderServer('anthropic');
  const host = await createHost({ profileDir: profile, logLevel: 'silent' });
  host.settings.update(besideOthers);
  const call = async (name: string, input: unknown = {}) => unwrap(await host.contract.request(name, input));
  const configure = (patch: Partial<ProxyConfig>) => call('providers.configure', patch);
  const set = (id: 'openai' | 'anthropic', more: Partial<Provider> = {}, key?: string) =>
    call('providers.set', {
      provider: sampleProvider(id, { baseUrl: (id === 'openai' ? openai : anthropic).url, ...more }),
      ...(key === undefined ? {} : { key }),
    });
  await set('openai', {}, 'sk-proj-a-secret-that-must-not-leak-1234');
  await set('anthropic', {}, 'sk-ant-0123456789ab');
  await configure({
    solPrice: { kind: 'fixed', microUsd: 150_000_000 },
    routes: [
      {
        name: 'both',
        targets: [
          { provider: 'openai', model: 'gpt-4o-mini', weight: 1 },
          { provider: 'anthropic', model: 'claude-haiku-4-5', weight: 1 },
        ],
      },
    ],
  });
  await call('settings.update', {
    onboarded: true,
    apiPort: 0,
    serveOwnModels: false,
    testRequestsPerMinute: 0,
    requestsPerMinutePerKey: 100_000,
  });
  await call('node.start');
  const { apiUrl: api, link } = host.controller.status.get();
  if (api === null || link.state !== 'registered') throw new Error('the node did not start');
  const client = new OpenAI({ baseURL: `${api}/v1`, apiKey: host.apiKey(), maxRetries: 0 });
  const ask = (model: string, more: object = {}) =>
    client.chat.completions.create({ model, ...question, ...more }).withResponse();

  return {
    profile,
    host,
    api,
    gateway: link.url,
    openai,
    anthropic,
    client,
    call,
    configure,
    set,
    ask,
    /** The target that answered. */
    answerer: async (model: string, more: object = {}) =>
      (await ask(model, more)).response.headers.get('x-solanalm-provider'),
    /** As it was at first: a provider that is set anew has no failures behind it. */
    async reset() {
      openai.requests.length = 0;
      anthropic.requests.length = 0;
      await set('openai');
      await set('anthropic');
      await configure({ dayBudgetMicroUsd: null, clientTokensPerMinute: null, strategy: 'order' });
    },
    async close() {
      await host.dispose();
      await openai.close();
      await anthropic.close();
      rmSync(profile, { recursive: true, force: true });
    },
  };
}
