import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import OpenAI from 'openai';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { failure, question, startProxiedNode } from '#testing/proxied-node.ts';

/** What a proxied request costs, brings and leaves behind. */
const node = await startProxiedNode();
const { host, gateway, profile, openai, anthropic, client, call, configure, ask } = node;
beforeEach(node.reset);
afterAll(node.close);

test('a gateway’s client pays cost and commission, and both books agree', async () => {
  const payer = new OpenAI({ baseURL: `${gateway}/v1`, apiKey: 'sk-a-payer', maxRetries: 0 });
  const before = host.ledger.totals();
  await payer.chat.completions.create({ model: 'gpt-4o-mini', ...question });
  anthropic.queue('chat-prompt-cache');
  await payer.chat.completions.create({ model: 'claude-haiku-4-5', ...question });
  openai.queue('usage-absurd');
  await payer.chat.completions.create({ model: 'gpt-4o-mini', ...question });
  await expect
    .poll(() => host.ledger.entries({ limit: 3 }).entries.map(({ state }) => state), { timeout: 5000 })
    .toEqual(['vouchered', 'vouchered', 'vouchered']);
  const [estimated, cached, plain] = host.ledger.entries({ limit: 3 }).entries;
  // 14 × 0.15 $ + 8 × 0.60 $ for a million are 6.9 micro-dollars: 46 lamports at 150 $ a SOL, and 5 % upon it.
  expect(plain).toMatchObject({
    priceLamports: '49',
    proxied: { target: 'openai/gpt-4o-mini', costLamports: '46', commissionLamports: '3', isEstimate: false },
  });
  // 21 × 1 $ + 1,800 × 0.10 $ + 240 × 1.25 $ + 4 × 5 $ for a million.
  expect(cached?.proxied).toMatchObject({ costMicroUsd: 521, costLamports: '3474' });
  expect(estimated?.proxied?.isEstimate).toBe(true);
  const after = host.ledger.totals();
  expect(after.jobs - before.jobs).toBe(3);
});

test('an answer from the cache is charged by the prices of the day, whoever asked first', async () => {
  const payer = new OpenAI({ baseURL: `${gateway}/v1`, apiKey: 'sk-a-payer', maxRetries: 0 });
  const exact = { model: 'gpt-4o-mini', ...question, temperature: 0, seed: 5 };
  await call('settings.update', { responseCacheMegabytes: 1 });
  // The operator's own question is kept without a price.
  await client.chat.completions.create(exact);
  await configure({ solPrice: { kind: 'fixed', microUsd: 75_000_000 } });
  await expect
    .poll(async () => {
      await payer.chat.completions.create(exact);
      const [entry] = host.ledger.entries({ limit: 1 }).entries;
      return [entry?.priceLamports, entry?.proxied?.costLamports];
    })
    // Half of what it costs at 75 $ a SOL, and nothing of it for the provider.
    .toEqual(['48', '0']);
  await expect
    .poll(() => host.ledger.entries({ limit: 1 }).entries[0]?.state, { timeout: 5000 })
    .toBe('vouchered');
  expect(host.controller.status.get().state.state).toBe('earning');
  await call('settings.update', { responseCacheMegabytes: 0 });
});

test('the Try panel asks, and says who answered and for how much', async () => {
  expect(await call('providers.try', { model: 'gpt-4o-mini', prompt: 'Hello' })).toMatchObject({
    text: 'The capital of France is Paris.',
    target: 'openai/gpt-4o-mini',
    costMicroUsd: 7,
  });
});

test('keys stay where they are: no file, answer or state holds one but the keys’ own', async () => {
  openai.queue('wrong-key');
  await failure(ask('openai/gpt-4o-mini'));
  const files = readdirSync(profile, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  for (const file of files) {
    if (file.endsWith('provider-keys.json')) expect(statSync(file).mode & 0o777).toBe(0o600);
    else expect(readFileSync(file).includes('a-secret-that'), file).toBe(false);
  }
});
