import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { GenerateRequest } from '../../runtime.ts';
import { createWorkerRuntime } from '../worker/worker-runtime.ts';
import { inspectOnnxFolder } from './inspection.ts';

const path = new URL('../../../../testing/models/tiny-chat-onnx', import.meta.url).pathname;
const options = {
  modelId: 'tiny-chat-onnx',
  path,
  contextSize: 'auto',
  parallelRequests: 'auto',
  threads: 1,
  gpu: 'off',
} as const;
const runtime = createWorkerRuntime('transformers', 'transformers-worker');
const never = new AbortController().signal;

const chat = (content: string, more: Partial<GenerateRequest> = {}): GenerateRequest => ({
  prompt: { kind: 'chat', messages: [{ role: 'user', content }] },
  sampling: { temperature: 0 },
  maxTokens: 60,
  stop: [],
  ...more,
});

async function ask(request: GenerateRequest, signal = never, onText?: (text: string) => void) {
  let text = '';
  const result = await runtime.generate(
    request,
    {
      onText: (piece) => {
        text += piece;
        onText?.(text);
      },
    },
    signal,
  );
  return { text, result };
}

beforeAll(async () => {
  const loaded = await runtime.load(options);
  expect(loaded).toMatchObject({ modelId: 'tiny-chat-onnx', backend: 'onnx cpu', parallelRequests: 1 });
});
afterAll(() => runtime.dispose());

test('a real model answers, with its tokens counted', async () => {
  const { text, result } = await ask(chat('What is the capital of France?'));
  expect(text).toBe('The capital of France is Paris.');
  expect(result).toMatchObject({ finishReason: 'stop', cachedTokens: 0 });
  expect(result.promptTokens).toBeGreaterThan(5);
  expect(result.generatedTokens).toBeGreaterThan(3);
});

test('requests at once are answered one after the other', async () => {
  const [first, second] = await Promise.all([ask(chat('What is 3 + 4?')), ask(chat('Count to 7.'))]);
  expect([first.text, second.text]).toEqual(['3 + 4 = 7.', '1 2 3 4 5 6 7']);
});

test('a stop string ends the text before it, a limit of tokens ends with “length”', async () => {
  const stopped = await ask(chat('Count to 9.', { stop: [' 5'] }));
  expect(stopped.text).toBe('1 2 3 4');
  expect(stopped.result.finishReason).toBe('stop');
  const limited = await ask(chat('Count to 9.', { maxTokens: 3 }));
  expect(limited.result).toMatchObject({ finishReason: 'length', generatedTokens: 3 });
});

test('the same seed gives the same story, another seed another', async () => {
  const story = (seed: number) =>
    ask(chat('Tell me a story about Emma.', { sampling: { temperature: 1, topK: 40, seed }, maxTokens: 30 }));
  const [first, again, other] = [await story(1), await story(1), await story(2)];
  expect(again.text).toBe(first.text);
  expect(other.text).not.toBe(first.text);
});

test('a cancelled request ends at once and says what it generated', async () => {
  const abort = new AbortController();
  const { result } = await ask(
    chat('Tell me a story about Lily.', { maxTokens: 200 }),
    abort.signal,
    (text) => text.length > 20 && abort.abort(),
  );
  expect(result.finishReason).toBe('cancelled');
  expect(result.generatedTokens).toBeGreaterThan(0);
  expect(result.generatedTokens).toBeLessThan(150);
});

test('a prompt over the context is refused before anything is generated', async () => {
  await expect(ask(chat('word '.repeat(2000)))).rejects.toMatchObject({ code: 'inference/context-too-long' });
});

test('says what it lacks', async () => {
  expect([...runtime.lacks()]).toEqual(['embeddings', 'images', 'tools', 'json-schema']);
  await expect(runtime.embed(['x'], never)).rejects.toMatchObject({ code: 'request/unsupported' });
});

test('reads a folder without loading it, and names what is wrong with a bad one', async () => {
  expect(await inspectOnnxFolder(path, 'tiny')).toMatchObject({
    name: 'tiny',
    architecture: 'llama',
    quantization: 'FP32',
    hasChatTemplate: true,
  });
  const bad = async (spoil: (folder: string) => void) => {
    const folder = mkdtempSync(join(tmpdir(), 'onnx-'));
    cpSync(path, folder, { recursive: true });
    spoil(folder);
    const code = await inspectOnnxFolder(folder, 'bad').then(
      () => 'taken',
      (error) => error.code,
    );
    rmSync(folder, { recursive: true });
    return code;
  };
  const model = readFileSync(join(path, 'onnx/model.onnx'));
  expect(await bad((folder) => rmSync(join(folder, 'config.json')))).toBe('models/not-a-model');
  expect(await bad((folder) => rmSync(join(folder, 'onnx'), { recursive: true }))).toBe('models/not-a-model');
  expect(await bad((folder) => writeFileSync(join(folder, 'tokenizer.json'), '{"half'))).toBe(
    'models/not-a-model',
  );
  expect(
    await bad((folder) =>
      writeFileSync(join(folder, 'onnx/model.onnx'), model.subarray(0, model.length / 2)),
    ),
  ).toBe('models/truncated');
  expect(await bad((folder) => writeFileSync(join(folder, 'onnx/model.onnx'), 'Dear model'))).toBe(
    'models/not-a-model',
  );
  expect(await bad((folder) => writeFileSync(join(folder, 'onnx/model.onnx'), ''))).toBe('models/truncated');
  const empty = mkdtempSync(join(tmpdir(), 'onnx-'));
  mkdirSync(join(empty, 'onnx'));
  await expect(inspectOnnxFolder(empty, 'empty')).rejects.toMatchObject({ code: 'models/not-a-model' });
});
