import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import OpenAI from 'openai';
import { unwrap } from '#contract/result.ts';
import { createGateway } from '#gateway/gateway.ts';
import { createHost } from '#node/host.ts';
import { newByteKey } from '#testing/byte-key.ts';
import { startProviderServer } from '#testing/provider-server.ts';
import { sampleProvider } from '#testing/sample-provider.ts';

const kinds = ['openai', 'anthropic', 'cohere', 'ollama'] as const;
const solMicroUsd = 150_000_000;

/**
 * A proxy node between a gateway and four providers' APIs that replay recorded replies over real sockets: chats, streams, embeddings, a
 * fallback, an answer from the cache and a budget's end. Prints what each provider cost and brought; ends 0 when both sides agree on
 * every lamport and the spend adds up to what the replies said.
 */
export async function demoProxy(isJson: boolean): Promise<void> {
  const say = (line: string) => (isJson ? undefined : console.log(line));
  const dir = mkdtempSync(join(tmpdir(), 'solanalm-demo-'));
  const servers = await Promise.all(
    kinds.map(async (kind) => [kind, await startProviderServer(kind)] as const),
  );
  const byKind = Object.fromEntries(servers);
  const gateway = await createGateway({ port: 0, host: '127.0.0.1', dataDir: join(dir, 'gateway') });
  const host = await createHost({ profileDir: join(dir, 'node'), logLevel: 'silent' });
  const counts = { chat: 0, stream: 0, embeddings: 0, fallback: 0, cache_hits: 0, budget_stops: 0 };
  try {
    const call = async (name: string, input: unknown = {}) =>
      unwrap(await host.contract.request(name, input));
    for (const [kind, { url }] of servers)
      await call('providers.set', {
        provider: sampleProvider(kind, { baseUrl: url }),
        ...(kind === 'ollama' ? {} : { key: `demo-key-of-${kind}` }),
      });
    await call('providers.configure', {
      solPrice: { kind: 'fixed', microUsd: solMicroUsd },
      // What an operator asks for the power of his own Ollama.
      prices: { 'ollama/*': { input: 20_000, output: 60_000 } },
      routes: [
        {
          name: 'fast',
          targets: [
            { provider: 'openai', model: 'gpt-4o-mini' },
            { provider: 'anthropic', model: 'claude-haiku-4-5-20251001' },
          ],
        },
      ],
    });
    await call('settings.update', {
      onboarded: true,
      apiPort: 0,
      serveOwnModels: false,
      responseCacheMegabytes: 4,
      network: { kind: 'gateway', url: gateway.url },
      payoutAddress: newByteKey().publicKey,
    });
    await call('node.start');
    say(`Proxy node ${host.nodeId} sells through ${gateway.url}`);

    const client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: 'sk-demo-wallet', maxRetries: 0 });
    const ask = (model: string, more: object = {}) => ({
      model,
      messages: [{ role: 'user' as const, content: 'What is the capital of France?' }],
      max_tokens: 40,
      temperature: 0.5,
      ...more,
    });
    const chat = async (model: string, more: object = {}) => {
      const { data, response } = await client.chat.completions.create(ask(model, more)).withResponse();
      const provider = response.headers.get('x-solanalm-provider') ?? 'the cache';
      say(`${model} → ${provider}: ${data.choices[0]?.message.content}`);
      return { provider, isHit: response.headers.get('x-solanalm-cache') === 'hit' };
    };
    const chatModels = ['gpt-4o-mini', 'claude-haiku-4-5-20251001', 'command-r7b-12-2024', 'llama3.2:latest'];
    for (const model of chatModels) {
      await chat(model);
      counts.chat += 1;
      const stream = await client.chat.completions.create({ ...ask(model), stream: true });
      let text = '';
      for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
      say(`${model} ⇢ ${text}`);
      counts.stream += 1;
    }
    for (const model of ['text-embedding-3-small', 'embed-v4.0']) {
      const { data } = await client.embeddings.create({ model, input: 'Hello', encoding_format: 'float' });
      say(`${model} → a vector of ${data[0]?.embedding.length}`);
      counts.embeddings += 1;
    }
    // OpenAI is overloaded on each try: the next of the route answers.
    byKind.openai?.queue('overloaded', 'overloaded', 'overloaded');
    if ((await chat('fast')).provider.startsWith('anthropic/')) counts.fallback += 1;
    const exact = { temperature: 0, seed: 1 };
    await chat('claude-haiku-4-5-20251001', exact);
    if ((await chat('claude-haiku-4-5-20251001', exact)).isHit) counts.cache_hits += 1;
    await call('providers.configure', { dayBudgetMicroUsd: 0 });
    const refusal = await chat('command-r7b-12-2024').then(
      () => null,
      (thrown: unknown) => thrown,
    );
    if (refusal instanceof OpenAI.APIError && refusal.status === 503) counts.budget_stops += 1;
    say(`The budget of the day at 0 → refused: ${(refusal as Error | null)?.message}`);
    await call('node.stop');

    const providers = host.ledger.providerTotals().map((total) => ({
      provider: total.provider,
      answers: total.answers,
      cost_pico_usd: Number(total.costPicoUsd),
      cost_micro_usd: Number(total.costPicoUsd) / 1e6,
      cost_lamports: Number(total.costLamports),
      commission_lamports: Number(total.commissionLamports),
      fee_lamports: Number(total.feeLamports),
      net_lamports: Number(total.netLamports),
      net_less_cost_lamports: Number(total.netLamports - total.costLamports),
    }));
    const books = host.ledger.totals();
    const account = gateway.account(host.nodeId);
    const answered = Object.values(counts).reduce((sum, count) => sum + count, 0) + 1 - counts.budget_stops;
    const reconciled =
      books.netLamports === account.owedLamports &&
      account.receiptsAccepted === answered &&
      account.receiptsDisputed === 0 &&
      books.grossLamports ===
        host.ledger
          .providerTotals()
          .reduce((sum, one) => sum + one.costLamports + one.commissionLamports, 0n);
    for (const one of providers)
      say(
        `${one.provider}: ${one.answers} answers, cost ${one.cost_micro_usd} µ$ = ${one.cost_lamports} lamports, commission ${one.commission_lamports}, fee ${one.fee_lamports}, net ${one.net_lamports}`,
      );
    console.log(
      JSON.stringify({
        ...counts,
        providers,
        earned_lamports: Number(books.netLamports),
        gateway_owed_lamports: Number(account.owedLamports),
        receipts_verified: account.receiptsAccepted,
        reconciled,
      }),
    );
    const isAllSeen = Object.values(counts).every((count) => count > 0);
    if (!reconciled || !isAllSeen) process.exitCode = 1;
  } finally {
    await host.dispose();
    await gateway.close();
    for (const [, server] of servers) await server.close();
    rmSync(dir, { recursive: true, force: true });
  }
}
