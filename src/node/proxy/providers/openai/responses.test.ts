import { afterAll, beforeEach, expect, test } from 'vitest';
import { type Reply, startProviderServer } from '#testing/provider-server.ts';
import type { GenerateRequest } from '../../../inference/runtime.ts';
import { createProviderFetch } from '../provider-fetch.ts';
import { openOpenAi, openOpenAiCompatible } from './openai.ts';

const server = await startProviderServer('openai');
const { fetch, close } = createProviderFetch('openai', () => {}, { idleMs: 400, mostBytes: 50_000 });
const options = { baseUrl: server.url, apiKey: 'sk-test-0123456789abcd', fetch };
const client = openOpenAi(options);
beforeEach(() => {
  server.requests.length = 0;
});
afterAll(async () => {
  await close();
  await server.close();
});

const weather = {
  name: 'get_weather',
  description: 'The weather of a city',
  parameters: { type: 'object', properties: {} },
};
const request = (more: Partial<GenerateRequest> = {}): GenerateRequest => ({
  prompt: {
    kind: 'chat',
    messages: [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'What is the capital of France?' },
    ],
  },
  sampling: { temperature: 0.2, topP: 0.9 },
  maxTokens: 40,
  stop: [],
  isResponses: true,
  ...more,
});

async function ask(reply: string | Reply | null, isStreamed = false, more: Partial<GenerateRequest> = {}) {
  if (reply !== null) server.queue(reply);
  const texts: string[] = [];
  const answer = await client.generate({
    model: 'gpt-4o-mini',
    request: request(more),
    isStreamed,
    signal: new AbortController().signal,
    onText: (text) => void texts.push(text),
  });
  return { ...answer, texts, text: texts.join('') };
}
const sent = () => server.requests.at(-1);

test('a whole answer and a stream say the same and count the same, however the stream is cut into pieces', async () => {
  const whole = await ask('responses');
  expect(whole).toMatchObject({
    text: 'The capital of France is Paris.',
    finishReason: 'stop',
    usage: { prompt: 14, cached: 0, completion: 8 },
  });
  for (const pieceBytes of [1_000_000, 97, 7]) {
    const streamed = await ask({ fixture: 'responses-stream', pieceBytes }, true);
    expect(streamed.texts).toHaveLength(7);
    expect(streamed).toMatchObject({ text: whole.text, finishReason: 'stop', usage: whole.usage });
  }
  expect(server.requests.every(({ path }) => path === '/v1/responses')).toBe(true);
});

test('what was asked arrives as the API has it, and nothing is kept there', async () => {
  await ask('responses', false, {
    prompt: {
      kind: 'chat',
      tools: [weather],
      toolChoice: { name: 'get_weather' },
      messages: [
        { role: 'developer', content: 'Be brief.' },
        {
          role: 'user',
          content: 'What is this?',
          parts: [
            { kind: 'text', text: 'What is this?' },
            { kind: 'image', url: 'data:image/png;base64,iVBORw0KGgo=' },
          ],
        },
        {
          role: 'assistant',
          content: 'Well.',
          toolCalls: [{ id: 'c1', name: 'get_weather', arguments: '{}' }],
        },
        { role: 'tool', toolCallId: 'c1', content: 'rain' },
      ],
    },
    format: { kind: 'json-schema', schema: { type: 'object' } },
  });
  expect(sent()?.body).toEqual({
    model: 'gpt-4o-mini',
    store: false,
    stream: false,
    temperature: 0.2,
    top_p: 0.9,
    max_output_tokens: 40,
    input: [
      { role: 'system', content: 'Be brief.' },
      {
        role: 'user',
        content: [
          { type: 'input_text', text: 'What is this?' },
          { type: 'input_image', image_url: 'data:image/png;base64,iVBORw0KGgo=', detail: 'auto' },
        ],
      },
      { role: 'assistant', content: 'Well.' },
      { type: 'function_call', call_id: 'c1', name: 'get_weather', arguments: '{}' },
      { type: 'function_call_output', call_id: 'c1', output: 'rain' },
    ],
    tools: [{ type: 'function', strict: false, ...weather }],
    tool_choice: { type: 'function', name: 'get_weather' },
    text: { format: { type: 'json_schema', name: 'answer', schema: { type: 'object' }, strict: false } },
  });
});

test('calls of tools come whole, in one piece and in a stream', async () => {
  for (const isStreamed of [false, true])
    expect(await ask(isStreamed ? 'responses-stream-tools' : 'responses-tools', isStreamed)).toMatchObject({
      text: '',
      finishReason: 'tool_calls',
      toolCalls: [{ id: 'call_Ab1', name: 'get_weather', arguments: '{"city":"Paris"}' }],
      usage: { prompt: 82, completion: 17 },
    });
});

test('cached and reasoning tokens are told apart; a count that is missing is none', async () => {
  expect((await ask('responses-cached-and-reasoning')).usage).toEqual({
    prompt: 2006,
    cached: 1920,
    cacheWrite: 0,
    completion: 300,
    reasoning: 256,
  });
  expect((await ask('responses-usage-missing')).usage).toBeNull();
});

test('an answer that was cut short says so; a refusal in words is one', async () => {
  expect(await ask('responses-incomplete')).toMatchObject({ text: 'The capital of', finishReason: 'length' });
  expect(await ask('responses-refusal')).toMatchObject({
    text: 'I can’t help with that.',
    finishReason: 'stop',
  });
});

test.each<[string, boolean, string]>([
  ['responses-failed', false, 'provider/failed'],
  ['responses-rate-limited', false, 'provider/rate-limited'],
  ['responses-filtered', false, 'provider/content-refused'],
  ['responses-stream-failed', true, 'provider/failed'],
  ['responses-stream-error', true, 'provider/failed'],
  ['responses-stream-cut', true, 'provider/unreachable'],
  ['wrong-key', false, 'provider/auth'],
  ['wrong-key', true, 'provider/auth'],
  ['quota', false, 'provider/quota'],
  ['rate-limited', true, 'provider/rate-limited'],
  ['context-too-long', false, 'inference/context-too-long'],
  ['web-page', true, 'provider/bad-answer'],
  ['not-json', false, 'provider/bad-answer'],
  ['chat', false, 'provider/bad-answer'],
])('%s (streamed: %s) is %s', async (fixture, isStreamed, code) => {
  await expect(ask(fixture, isStreamed)).rejects.toMatchObject({ code });
});

test('a stream that falls silent is given up', async () => {
  await expect(ask({ fixture: 'responses-stream', hangsAfterBytes: 2500 }, true)).rejects.toMatchObject({
    code: 'provider/stalled',
  });
});

test('a limit that this API does not take, a chat, and a server that is not OpenAI’s go the usual way', async () => {
  expect((await ask(null, false, { maxTokens: 15 })).text).toContain('Paris');
  expect(sent()?.path).toBe('/v1/chat/completions');
  const { isResponses: _, ...chat } = request();
  const call = { model: 'm', isStreamed: false, signal: new AbortController().signal, onText() {} };
  await client.generate({ ...call, request: chat });
  expect(sent()?.path).toBe('/v1/chat/completions');
  await openOpenAiCompatible(options).generate({ ...call, request: request() });
  expect(sent()?.path).toBe('/v1/chat/completions');
});

test('reasoning models get no sampling, which they do not take', async () => {
  await client.generate({
    model: 'gpt-5-mini',
    request: request(),
    isStreamed: false,
    signal: new AbortController().signal,
    onText() {},
  });
  expect(sent()?.body).not.toHaveProperty('temperature');
  expect(sent()?.body).not.toHaveProperty('top_p');
});
