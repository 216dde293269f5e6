import { connect } from 'node:net';
import Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { failure, question, startProxiedNode } from '#testing/proxied-node.ts';
import { sampleProvider } from '#testing/sample-provider.ts';

/** The API as programs meet it that were written for OpenAI's or Anthropic's. */
const node = await startProxiedNode();
const { host, api, openai, anthropic, client, call, configure, ask } = node;
beforeEach(node.reset);
afterAll(node.close);

test('OpenAI’s client works unchanged: models, chats, streams with usage, tools, embeddings', async () => {
  const models = (await client.models.list()).data.map(({ id }) => id);
  expect(models).toEqual(expect.arrayContaining(['both', 'gpt-4o-mini', 'openai/gpt-4o-mini']));
  expect(models).not.toContain('gpt-nobody-priced');
  const { data, response } = await ask('gpt-4o-mini', { top_k: 5 });
  expect(data.choices[0]?.message.content).toBe('The capital of France is Paris.');
  expect(data.usage).toMatchObject({ prompt_tokens: 14, completion_tokens: 8 });
  expect(response.headers.get('x-solanalm-provider')).toBe('openai/gpt-4o-mini');
  expect(response.headers.get('x-solanalm-dropped')).toBe('top-k');
  const stream = await client.chat.completions.create({
    model: 'gpt-4o-mini',
    ...question,
    stream: true,
    stream_options: { include_usage: true },
  });
  let text = '';
  let usage: unknown;
  for await (const chunk of stream) {
    text += chunk.choices[0]?.delta.content ?? '';
    usage = chunk.usage ?? usage;
  }
  expect(text).toBe('The capital of France is Paris.');
  expect(usage).toMatchObject({ prompt_tokens: 14, completion_tokens: 8 });
  openai.queue('tools');
  const tools = [{ type: 'function' as const, function: { name: 'get_weather', parameters: {} } }];
  expect((await ask('gpt-4o-mini', { tools })).data.choices[0]).toMatchObject({
    finish_reason: 'tool_calls',
    message: { tool_calls: [{ function: { name: 'get_weather', arguments: '{"city":"Paris"}' } }] },
  });
  const embedded = await client.embeddings.create({ model: 'text-embedding-3-small', input: 'Hello' });
  expect(embedded.data[0]?.embedding).toHaveLength(4);
});

test('OpenAI’s Responses API works unchanged, whoever answers', async () => {
  const ask = { instructions: 'Be brief.', input: 'What is the capital of France?', max_output_tokens: 20 };
  for (const model of ['gpt-4o-mini', 'claude-haiku-4-5']) {
    const whole = await client.responses.create({ model, ...ask });
    expect(whole).toMatchObject({ status: 'completed', output_text: 'The capital of France is Paris.' });
    const final = await client.responses.stream({ model, ...ask }).finalResponse();
    expect(final.output_text).toBe('The capital of France is Paris.');
    expect(final.usage).toEqual(whole.usage);
  }
  expect(JSON.stringify(anthropic.requests.at(-1)?.body)).toContain('Be brief.');
  const tools = [{ type: 'function' as const, name: 'get_weather', parameters: {}, strict: false }];
  openai.queue('responses-tools', 'responses-stream-tools');
  const called = { type: 'function_call', name: 'get_weather', arguments: '{"city":"Paris"}' };
  expect((await client.responses.create({ model: 'gpt-4o-mini', ...ask, tools })).output).toMatchObject([
    called,
  ]);
  const streamed = await client.responses.stream({ model: 'gpt-4o-mini', ...ask, tools }).finalResponse();
  expect(streamed.output).toMatchObject([called]);
  await client.responses.create({
    model: 'gpt-4o-mini',
    input: [
      { role: 'user', content: 'Weather?' },
      { type: 'function_call', call_id: 'c1', name: 'get_weather', arguments: '{"city":"Paris"}' },
      { type: 'function_call_output', call_id: 'c1', output: 'rain' },
    ],
  });
  expect(new Set(openai.requests.map(({ path }) => path))).toEqual(new Set(['/v1/models', '/v1/responses']));
  expect(JSON.stringify(openai.requests.at(-1)?.body)).toContain('"call_id":"c1"');
  expect(
    await failure(client.responses.create({ model: 'gpt-4o-mini', input: 'x', previous_response_id: 'r1' })),
  ).toMatchObject({ status: 400, message: expect.stringContaining('previous_response_id') });
});

test('Anthropic’s client works unchanged, whoever answers', async () => {
  const claude = new Anthropic({ baseURL: api, apiKey: host.apiKey(), maxRetries: 0 });
  const body = { max_tokens: 20, system: 'Be brief.', messages: question.messages };
  for (const model of ['claude-haiku-4-5', 'gpt-4o-mini']) {
    const message = await claude.messages.create({ model, ...body });
    expect(message).toMatchObject({ stop_reason: 'end_turn', content: [{ type: 'text' }] });
    const stream = claude.messages.stream({ model, ...body });
    const final = await stream.finalMessage();
    expect(final.content).toEqual([expect.objectContaining({ text: 'The capital of France is Paris.' })]);
    expect(final.usage.output_tokens).toBe(model === 'gpt-4o-mini' ? 8 : 10);
  }
  expect(JSON.stringify(openai.requests.at(-1)?.body)).toContain('Be brief.');
  openai.queue('chat-stream-tools');
  const called = await claude.messages
    .stream({
      model: 'gpt-4o-mini',
      ...body,
      tools: [{ name: 'get_weather', input_schema: { type: 'object' } }],
    })
    .finalMessage();
  expect(called).toMatchObject({
    stop_reason: 'tool_use',
    content: [{ type: 'tool_use', name: 'get_weather', input: { city: 'Paris' } }],
  });
  const refused = await claude.messages.create({ model: 'nothing', ...body }).then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(refused).toBeInstanceOf(Anthropic.NotFoundError);
});

test('an unknown model is a 404 that names near ones', async () => {
  expect(await failure(ask('gpt-4o-mimi'))).toMatchObject({
    status: 404,
    message: expect.stringContaining('“gpt-4o-mini”'),
  });
});

test('a client that does not read slows its provider down instead of filling the memory', async () => {
  const { createServer } = await import('node:http');
  let written = 0;
  const endless = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const frame = `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: 'x'.repeat(1000) } }] })}\n\n`;
    const more = () => {
      while (response.write(frame)) written += frame.length;
      response.once('drain', more);
    };
    more();
  });
  await new Promise<void>((resolve) => endless.listen(0, '127.0.0.1', resolve));
  const { port } = endless.address() as { port: number };
  await call('providers.set', {
    provider: sampleProvider('openai-compatible', { id: 'flood', baseUrl: `http://127.0.0.1:${port}` }),
  });
  await configure({ prices: { 'flood/m': { input: 1, output: 1 } } });
  const body = JSON.stringify({ model: 'flood/m', ...question, stream: true });
  const socket = connect(Number(new URL(api).port), '127.0.0.1');
  socket.pause();
  socket.write(
    `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${host.apiKey()}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  );
  await new Promise((resolve) => setTimeout(resolve, 1500));
  const settled = written;
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(settled).toBeGreaterThan(0);
  expect(written).toBe(settled);
  socket.destroy();
  await call('providers.remove', { id: 'flood' });
  endless.closeAllConnections();
  endless.close();
});
