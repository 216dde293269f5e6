import OpenAI from 'openai';
import { expect, test } from 'vitest';
import { LeanClient } from './lean-client.ts';

interface Sent {
  url: string;
  method: string | undefined;
  headers: Record<string, string>;
  body: unknown;
  signal: AbortSignal | null | undefined;
}

/** A fetch that takes down what it was asked. */
function recorder() {
  const sent: Sent[] = [];
  const fetch = async (input: string | URL | Request, init: RequestInit = {}) => {
    const { method, headers, body, signal } = init;
    sent.push({
      url: `${input}`,
      method: method?.toUpperCase(),
      headers: Object.fromEntries(new Headers(headers)),
      body: JSON.parse(`${body ?? 'null'}`),
      signal,
    });
    return Response.json({ object: 'list', data: [], choices: [] });
  };
  return { sent, fetch };
}
const settings = {
  apiKey: 'sk-one',
  baseURL: 'http://127.0.0.1:9/v1',
  maxRetries: 0,
  logLevel: 'off',
} as const;

async function askTwice(client: OpenAI) {
  for (const content of ['one', 'two'])
    await client.chat.completions.create({ model: 'some', messages: [{ role: 'user', content }] });
  await client.embeddings.create({ model: 'some', input: ['three'], encoding_format: 'float' });
  await client.models.list();
}

test('sends what the SDK’s own client sends, the first time and later', async () => {
  const [own, lean] = [recorder(), recorder()];
  await askTwice(new OpenAI({ ...settings, fetch: own.fetch }));
  await askTwice(new LeanClient({ ...settings, fetch: lean.fetch }));
  const shown = (sent: Sent[]) => sent.map(({ signal: _, ...rest }) => rest);
  expect(shown(lean.sent)).toEqual(shown(own.sent));
  expect(lean.sent.map(({ headers }) => headers.authorization)).toEqual(Array(4).fill('Bearer sk-one'));
});

test('a request has its own signal', async () => {
  const { sent, fetch } = recorder();
  const client = new LeanClient({ ...settings, fetch });
  const signals = [new AbortController().signal, new AbortController().signal];
  for (const signal of signals)
    await client.chat.completions.create({ model: 'some', messages: [] }, { signal }).asResponse();
  expect(sent.map(({ signal }) => signals.indexOf(signal as AbortSignal))).toEqual([0, 1]);
});
