import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import OpenAI from 'openai';
import { unwrap } from '#contract/result.ts';
import { createGateway } from '#gateway/gateway.ts';
import { createHost } from '#node/host.ts';
import { newByteKey } from '#testing/byte-key.ts';

let flags = { json: false, backend: 'llama.cpp', url: undefined as string | undefined };
const say = (line: string) => (flags.json ? undefined : console.log(line));

const questions = [
  'What is the capital of France?',
  'What is 3 + 4?',
  'What is the capital of Italy?',
  'Count to 7.',
  'What does a cow say?',
  'Give JSON for Anna, age 31.',
  'What is the capital of Spain?',
  'What is 5 + 2?',
  'Count to 9.',
  'What is the capital of Germany?',
  'What is 8 + 1?',
  'What does a dog say?',
  'Give JSON for Ben, age 25.',
  'What is the capital of Japan?',
  'Tell me a story about Lily.',
  'What is 6 + 3?',
  'Count to 5.',
  'What is the capital of Portugal?',
];
const onnxModel = fileURLToPath(new URL('../../src/testing/models/tiny-chat-onnx', import.meta.url));

/** The id of the model that the flags ask for. */
async function chooseModel(call: (name: string, input: unknown) => Promise<unknown>): Promise<string> {
  if (flags.backend === 'llama.cpp') return 'tiny-chat-Q8_0';
  if (flags.backend === 'transformers')
    return ((await call('models.add', { path: onnxModel })) as { id: string }).id;
  if (flags.backend !== 'openai' || !flags.url)
    throw new Error('--backend is llama.cpp, transformers, or openai with --url <server>');
  const listed = (await (await fetch(new URL('/v1/models', flags.url))).json()) as { data: { id: string }[] };
  const [first] = listed.data;
  if (!first) throw new Error(`the server at ${flags.url} has no model`);
  const server = { kind: 'openai', url: flags.url, model: first.id };
  return ((await call('servers.add', server)) as { id: string }).id;
}

const story = 'Tell me a story about Max.';
const overLong = 'word '.repeat(6000);

/**
 * The whole path once: gateway, node and a model, 20 chat requests through the gateway's OpenAI API, half of them streamed, one
 * cancelled, one too long. Ends 0 when both sides agree on every lamport. The model is the shipped one on llama.cpp; with
 * `--backend transformers` the same as ONNX; with `--backend openai --url <server>` the first that the server has.
 */
export async function demoInference(wanted: typeof flags): Promise<void> {
  flags = wanted;
  const dir = mkdtempSync(join(tmpdir(), 'solanalm-demo-'));
  const gateway = await createGateway({ port: 0, host: '127.0.0.1', dataDir: join(dir, 'gateway') });
  const host = await createHost({ profileDir: join(dir, 'node'), logLevel: 'silent' });
  const counts = { requests: 0, completed: 0, cancelled: 0, refused: 0, tokens: 0 };

  try {
    const call = async (name: string, input: unknown = {}) =>
      unwrap(await host.contract.request(name, input));
    const model = await chooseModel(call);
    await call('settings.update', {
      onboarded: true,
      apiPort: 0,
      servedModels: [model],
      network: { kind: 'gateway', url: gateway.url },
      // Nobody holds its key: the credits of this gateway are test credits.
      payoutAddress: newByteKey().publicKey,
    });
    await call('node.start');
    say(`Node ${host.nodeId} serves through ${gateway.url}`);

    const client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: 'sk-demo-wallet', maxRetries: 0 });
    const ask = (content: string) => ({
      model,
      messages: [{ role: 'user' as const, content }],
      max_tokens: 60,
      temperature: 0,
    });

    const plain = async (question: string) => {
      const answer = await client.chat.completions.create(ask(question));
      counts.completed += 1;
      counts.tokens += answer.usage?.completion_tokens ?? 0;
      say(`${question} → ${answer.choices[0]?.message.content?.trim()}`);
    };
    const streamed = async (question: string) => {
      const stream = await client.chat.completions.create({
        ...ask(question),
        stream: true,
        stream_options: { include_usage: true },
      });
      let text = '';
      for await (const chunk of stream) {
        text += chunk.choices[0]?.delta.content ?? '';
        counts.tokens += chunk.usage?.completion_tokens ?? 0;
      }
      counts.completed += 1;
      say(`${question} ⇢ ${text.trim()}`);
    };
    const cancelled = async () => {
      const stream = await client.chat.completions.create({ ...ask(story), max_tokens: 200, stream: true });
      let chunks = 0;
      for await (const chunk of stream) {
        if (chunk.choices[0]?.delta.content) chunks += 1;
        if (chunks === 3) {
          stream.controller.abort();
          break;
        }
      }
      counts.cancelled += 1;
      say(`${story} ⇢ cancelled after ${chunks} pieces`);
    };
    const refused = async () => {
      const error = await client.chat.completions.create(ask(overLong)).then(
        () => null,
        (thrown: unknown) => thrown,
      );
      if (!(error instanceof OpenAI.APIError) || error.status !== 400)
        throw new Error('the over-long prompt was not refused');
      counts.refused += 1;
      say(`6,000 words → refused: ${error.message}`);
    };

    const requests = [
      ...questions.map((question, index) => () => (index % 2 === 0 ? plain(question) : streamed(question))),
      cancelled,
      refused,
    ];
    counts.requests = requests.length;
    await Promise.all(requests.map((request) => request()));
    await call('node.stop');

    const books = host.ledger.totals();
    const account = gateway.account(host.nodeId);
    const reconciled =
      books.netLamports === account.owedLamports &&
      account.receiptsAccepted === counts.completed + counts.cancelled &&
      account.receiptsDisputed === 0;
    const line = {
      ...counts,
      earned_lamports: Number(books.netLamports),
      gateway_owed_lamports: Number(account.owedLamports),
      receipts_verified: account.receiptsAccepted,
      reconciled,
    };
    console.log(JSON.stringify(line));
    if (!reconciled) process.exitCode = 1;
  } finally {
    await host.dispose();
    await gateway.close();
    rmSync(dir, { recursive: true, force: true });
  }
}
