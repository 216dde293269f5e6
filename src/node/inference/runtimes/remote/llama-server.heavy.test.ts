import { type ChildProcess, spawn } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { GenerateRequest } from '../../runtime.ts';
import { createRemoteRuntime } from './remote-runtime.ts';

const program = process.env.LLAMA_SERVER;
const port = 18_095;
const path = new URL('../../../../../resources/models/tiny-chat-Q8_0.gguf', import.meta.url).pathname;
const never = new AbortController().signal;

/** Where LLAMA_SERVER names llama.cpp's own server. */
describe.skipIf(!program)('a real llama-server', () => {
  let child: ChildProcess;
  const runtime = createRemoteRuntime({ kind: 'openai', url: `http://127.0.0.1:${port}`, model: 'tiny' });
  const chat = (content: string, more: Partial<GenerateRequest> = {}): GenerateRequest => ({
    prompt: { kind: 'chat', messages: [{ role: 'user', content }] },
    sampling: { temperature: 0 },
    maxTokens: 60,
    stop: [],
    ...more,
  });
  const ask = async (request: GenerateRequest, signal = never, onText?: (text: string) => void) => {
    let text = '';
    const onPiece = (piece: string) => {
      text += piece;
      onText?.(text);
    };
    const result = await runtime.generate(request, { onText: onPiece }, signal);
    return { text, result };
  };

  beforeAll(async () => {
    const args = ['-m', path, '-a', 'tiny', '-t', '1', '--host', '127.0.0.1', '--port', `${port}`];
    child = spawn(program ?? '', [...args, '-c', '2048', '-np', '2', '--no-webui'], { stdio: 'ignore' });
    await runtime.load({
      modelId: 'served',
      path: 'tiny',
      contextSize: 'auto',
      parallelRequests: 'auto',
      threads: 'auto',
      gpu: 'auto',
    });
  });
  afterAll(async () => {
    await runtime.dispose();
    child.kill('SIGKILL');
  });

  test('tells its slots and their context', () => {
    expect(runtime.engine.get()).toMatchObject({ backend: 'llama-server', parallelRequests: 2 });
  });

  test('answers with its usage', async () => {
    const { text, result } = await ask(chat('What is the capital of France?'));
    expect(text).toBe('The capital of France is Paris.');
    expect(result).toMatchObject({ finishReason: 'stop' });
    expect(result.promptTokens).toBeGreaterThan(5);
    expect(result.generatedTokens).toBeGreaterThan(3);
  });

  test('ends at stop strings and limits, and keeps to a schema', async () => {
    expect((await ask(chat('Count to 9.', { stop: [' 5'] }))).text).toBe('1 2 3 4');
    expect((await ask(chat('Count to 9.', { maxTokens: 3 }))).result.finishReason).toBe('length');
    const schema = { type: 'object', properties: { age: { type: 'integer' } }, required: ['age'] };
    const { text } = await ask(
      chat('Give JSON for Anna, age 31.', { format: { kind: 'json-schema', schema } }),
    );
    expect(JSON.parse(text)).toEqual({ age: expect.any(Number) });
  });

  test('refuses what is too long, with figures', async () => {
    await expect(ask(chat('word '.repeat(3000)))).rejects.toMatchObject({
      code: 'inference/context-too-long',
    });
  });

  test('stops when the client leaves', async () => {
    const abort = new AbortController();
    const { result } = await ask(
      chat('Tell me a story about Lily.', { maxTokens: 400 }),
      abort.signal,
      (text) => text.length > 20 && abort.abort(),
    );
    expect(result.finishReason).toBe('cancelled');
  });

  test('its end in the middle of an answer is an error', async () => {
    const asked = ask(chat('Tell me a story about Max.', { maxTokens: 400 }), never, () =>
      child.kill('SIGKILL'),
    );
    await expect(asked).rejects.toMatchObject({ code: 'inference/crashed' });
  });
});
