import OpenAI from 'openai';
import { describe, expect, test, vi } from 'vitest';
import { eachWithGateway } from '#testing/gateway-stage.ts';
import { priceOfTokens } from '#testing/network-node.ts';

const stage = eachWithGateway();

describe('relaying', () => {
  test('an answer is passed on and owed', async () => {
    const node = await stage.joinNode();
    const answer = await (await stage.chat()).json();
    expect(answer).toMatchObject({
      choices: [{ message: { content: 'The capital is Paris.' } }],
      usage: { prompt_tokens: 2, completion_tokens: 4 },
    });
    const price = priceOfTokens(4);
    expect(stage.gateway.account(node.key.nodeId)).toMatchObject({
      jobs: 1,
      owedLamports: price - price / 20n,
    });
  });

  test('the official client streams, with and without usage', async () => {
    await stage.joinNode();
    const client = new OpenAI({ baseURL: `${stage.gateway.url}/v1`, apiKey: 'sk-payer' });
    const ask = async (stream_options?: { include_usage: boolean }) => {
      const parts = await client.chat.completions.create({
        model: 'scripted',
        messages: [{ role: 'user', content: 'What is the capital of France?' }],
        stream: true,
        ...(stream_options ? { stream_options } : {}),
      });
      let text = '';
      let tokens: number | undefined;
      for await (const part of parts) {
        text += part.choices[0]?.delta.content ?? '';
        tokens = part.usage?.completion_tokens ?? tokens;
      }
      return { text, tokens };
    };
    expect(await ask()).toEqual({ text: 'The capital is Paris.', tokens: undefined });
    expect(await ask({ include_usage: true })).toEqual({ text: 'The capital is Paris.', tokens: 4 });
    expect((await client.models.list()).data.map(({ id }) => id)).toEqual(['scripted']);
  });

  test.each([true, false])('a client that leaves cancels the work (stream: %s)', async (stream) => {
    const node = await stage.joinNode({ pace: 'stepped' });
    const leaving = new AbortController();
    const answer = stage.chat({ stream }, leaving.signal).then((response) => response.text());
    await vi.waitFor(() => expect(node.started).toHaveLength(1));
    node.next();
    await new Promise((resolve) => setTimeout(resolve, 50));
    leaving.abort();
    await expect(answer).rejects.toThrow();
    await vi.waitFor(() => expect(node.booked).toHaveLength(1));
    expect(node.booked[0]?.result).toMatchObject({ finishReason: 'cancelled', generatedTokens: 1 });
    await vi.waitFor(() => expect(stage.gateway.account(node.key.nodeId).jobs).toBe(1));
    const price = priceOfTokens(1);
    expect(stage.gateway.account(node.key.nodeId).owedLamports).toBe(price - price / 20n);
  });

  test('a node that refuses or dies before the first byte hands the request to the next', async () => {
    const tried: string[] = [];
    await stage.rawNode('a-full', (_request, response) => {
      tried.push('full');
      response.writeHead(503, { 'retry-after': '9' }).end('{}');
    });
    await stage.rawNode('b-dies', (request) => {
      tried.push('dies');
      request.socket.destroy();
    });
    const node = await stage.joinNode();
    expect((await stage.chat()).headers.get('x-node-id')).toBe(node.key.nodeId);
    expect(tried).toContain('full');
  });

  test('a node that dies amid its answer is told so in the stream, and nothing is owed', async () => {
    await stage.rawNode('dies', (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(`data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: 'The ' } }] })}\n\n`);
      setTimeout(() => response.destroy(), 50);
    });
    const text = await (await stage.chat({ stream: true })).text();
    expect(text).toMatch('The ');
    expect(text).toMatch('gateway/node-failed');
    expect(text.endsWith('data: [DONE]\n\n')).toBe(true);
    expect(stage.gateway.account('dies').jobs).toBe(0);
  });

  test('frames that are no JSON break nothing', async () => {
    await stage.rawNode('odd', (_request, response) => response.end('data: {"cho\n\ndata: [DONE]\n\n'));
    expect(await (await stage.chat({ stream: true })).text()).toMatch('gateway/node-failed');
    expect((await stage.chat()).status).toBe(502);
  });

  test('the core route answers under the client’s own request id', async () => {
    await stage.joinNode();
    const request = { request_id: 'r-1', model: 'scripted', prompt: 'Hello', wallet_address: 'payer' };
    const response = await fetch(`${stage.gateway.url}/inference`, {
      method: 'POST',
      body: JSON.stringify(request),
    });
    expect(await response.json()).toMatchObject({ request_id: 'r-1', response: 'The capital is Paris.' });
  });

  test.each([
    ['an unknown model', { model: 'none' }, 404, 'inference/unknown-model'],
    ['no model', { model: 1 }, 400, 'request/invalid'],
    ['the node’s own refusal', { temperature: 'hot' }, 400, 'request/invalid'],
  ])('%s is said', async (_name, body, status, code) => {
    await stage.joinNode();
    const response = await stage.chat(body);
    expect({ status: response.status, ...(await response.json()) }).toMatchObject({
      status,
      error: { code },
    });
  });

  test('a full network says when to come again', async () => {
    await stage.rawNode('full', (_request, response) =>
      response.writeHead(503, { 'retry-after': '9' }).end('{}'),
    );
    const response = await stage.chat();
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '9']);
  });

  test('without a wallet there is no answer, and credits end', async () => {
    await stage.reopen({ creditLimitLamports: 1000n });
    await stage.joinNode();
    const bare = await fetch(`${stage.gateway.url}/v1/chat/completions`, { method: 'POST', body: '{}' });
    expect(bare.status).toBe(401);
    expect((await stage.chat()).status).toBe(200);
    expect((await stage.chat()).status).toBe(402);
  });
});
