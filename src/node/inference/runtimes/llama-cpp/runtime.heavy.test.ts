import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { GenerateRequest } from '../../runtime.ts';
import { workerInspector } from '../worker/worker-inspector.ts';
import { createWorkerRuntime } from '../worker/worker-runtime.ts';

const ggufInspector = workerInspector('llama-worker');
const createLlamaCppRuntime = () => createWorkerRuntime('llama.cpp', 'llama-worker');

const path = new URL('../../../../../resources/models/tiny-chat-Q8_0.gguf', import.meta.url).pathname;
const options = {
  modelId: 'tiny',
  path,
  contextSize: 256,
  parallelRequests: 4,
  threads: 'auto',
  gpu: 'off',
} as const;
const runtime = createLlamaCppRuntime();
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
  let tokens = 0;
  let promptTokens = 0;
  const result = await runtime.generate(
    request,
    {
      onStart: (count) => {
        promptTokens = count;
      },
      onText: (piece, generated) => {
        text += piece;
        tokens = generated;
        onText?.(text);
      },
    },
    signal,
  );
  return { text, tokens, promptTokens, result };
}

beforeAll(async () => {
  await runtime.load(options);
});
afterAll(() => runtime.dispose());

test('a real model answers, with its tokens counted', async () => {
  const { text, tokens, promptTokens, result } = await ask(chat('What is the capital of France?'));
  expect(text).toBe('The capital of France is Paris.');
  expect(result.finishReason).toBe('stop');
  expect(promptTokens).toBe(result.promptTokens);
  expect(promptTokens).toBeGreaterThan(5);
  expect(result.generatedTokens).toBeGreaterThanOrEqual(tokens);
  expect(result.generatedTokens).toBeGreaterThan(3);
});

test('four requests at once give what each gives alone', async () => {
  const questions = ['What is 3 + 4?', 'Count to 7.', 'What does a cow say?', 'Give JSON for Anna, age 31.'];
  const alone: string[] = [];
  for (const question of questions) alone.push((await ask(chat(question))).text);
  const together = await Promise.all(questions.map((question) => ask(chat(question))));
  expect(together.map(({ text }) => text)).toEqual(alone);
});

test('a request that comes while others run is answered among them, not after them', async () => {
  const long = (name: string) =>
    chat(`Tell me a story about ${name}.`, { maxTokens: 180, sampling: { temperature: 1, seed: 5 } });
  // Every sequence holds something that the late prompt has to push out.
  await Promise.all(['Emma', 'Max', 'Lily', 'Tom'].map((name) => ask(long(name))));
  const ended: string[] = [];
  let atLateFirst: string[] | null = null;
  let late: Promise<unknown> | null = null;
  const startLate = () => {
    late ??= ask(chat('What is 3 + 4?'), never, () => {
      atLateFirst ??= [...ended];
    });
  };
  await Promise.all(
    ['Max', 'Emma', 'Tom'].map((name) => ask(long(name), never, startLate).then(() => ended.push(name))),
  );
  await late;
  expect(atLateFirst).toEqual([]);
});

test('a stop string ends the text before it, a limit of tokens ends with “length”', async () => {
  const stopped = await ask(chat('Count to 9.', { stop: [' 5'] }));
  expect(stopped.text).toContain('4');
  expect(stopped.text).not.toContain('5');
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
  const { text, result } = await ask(
    chat('Tell me a story about Lily.', { maxTokens: 200 }),
    abort.signal,
    (sofar) => sofar.length > 20 && abort.abort(),
  );
  expect(result.finishReason).toBe('cancelled');
  expect(result.generatedTokens).toBeGreaterThan(0);
  expect(result.generatedTokens).toBeLessThan(150);
  expect(text.length).toBeGreaterThan(20);
});

test('a prompt over the context is refused before anything is generated', async () => {
  await expect(ask(chat('word '.repeat(600)))).rejects.toMatchObject({
    code: 'inference/context-too-long',
    data: { contextSize: 256 },
  });
});

test('a beginning that a sequence holds is not evaluated again, and the answer stays the same', async () => {
  const rules = 'You answer questions about capitals and sums. '.repeat(4);
  const asked = (content: string): GenerateRequest => ({
    ...chat(content),
    prompt: {
      kind: 'chat',
      messages: [
        { role: 'system', content: rules },
        { role: 'user', content },
      ],
    },
  });
  const first = await ask(asked('What is 3 + 4?'));
  const second = await ask(asked('What is the capital of Italy?'));
  expect(second.result.cachedTokens).toBeGreaterThan(first.promptTokens / 2);
  const again = await ask(asked('What is 3 + 4?'));
  expect(again.text).toBe(first.text);
});

test('an answer under a JSON schema is valid under it', async () => {
  const schema = {
    type: 'object',
    properties: {
      name: { type: 'string', maxLength: 10 },
      age: { type: 'integer' },
      kind: { enum: ['cat', 'dog'] },
    },
    required: ['name', 'age', 'kind'],
  };
  const { text, result } = await ask(
    chat('Give JSON for Anna, age 31.', { format: { kind: 'json-schema', schema }, maxTokens: 120 }),
  );
  expect(result.finishReason).toBe('stop');
  expect(JSON.parse(text)).toEqual({
    name: expect.any(String),
    age: expect.any(Number),
    kind: expect.stringMatching(/^(cat|dog)$/),
  });
});

test('a schema that no grammar holds is refused before anything is generated', async () => {
  await expect(
    ask(chat('Hello', { format: { kind: 'json-schema', schema: { type: 'string', pattern: '^a$' } } })),
  ).rejects.toMatchObject({ code: 'request/unsupported', data: { path: '#' } });
});

const weather = {
  name: 'get_weather',
  description: 'The weather in a city',
  parameters: { type: 'object', properties: { city: { enum: ['Paris', 'Rome'] } }, required: ['city'] },
};

test('a tool that must be called is called, with arguments that its schema allows', async () => {
  const { text, result } = await ask(
    chat('Weather?', {
      prompt: {
        kind: 'chat',
        messages: [{ role: 'user', content: 'Weather in Rome?' }],
        tools: [weather],
        toolChoice: 'required',
      },
      maxTokens: 100,
    }),
  );
  expect(text).toBe('');
  expect(result.finishReason).toBe('tool_calls');
  const [call] = result.toolCalls ?? [];
  expect(call).toMatchObject({ name: 'get_weather', id: expect.stringMatching(/^call_/) });
  expect(JSON.parse(call?.arguments ?? '')).toEqual({ city: expect.stringMatching(/^(Paris|Rome)$/) });
});

test('tools may be offered, and their results be told', async () => {
  const roomy = createLlamaCppRuntime();
  try {
    await roomy.load({ ...options, contextSize: 1024, parallelRequests: 1 });
    const result = await roomy.generate(
      chat('', {
        prompt: {
          kind: 'chat',
          messages: [
            { role: 'user', content: 'Weather?' },
            {
              role: 'assistant',
              content: '',
              toolCalls: [{ id: 'call-1', name: 'get_weather', arguments: '{"city":"Rome"}' }],
            },
            { role: 'tool', toolCallId: 'call-1', content: 'sunny' },
          ],
          tools: [weather],
        },
        maxTokens: 20,
      }),
      {},
      never,
    );
    expect(result.generatedTokens).toBeGreaterThan(0);
  } finally {
    await roomy.dispose();
  }
});

test('a token that is forbidden does not come', async () => {
  const free = await ask(chat('What is 3 + 4?'));
  const biased = await ask(
    chat('What is 3 + 4?', {
      sampling: {
        temperature: 0,
        logitBias: Object.fromEntries(Array.from({ length: 760 }, (_, i) => [i + 3, -100])),
      },
    }),
  );
  expect(biased.text).not.toBe(free.text);
  await expect(
    ask(chat('Hello', { sampling: { temperature: 0, logitBias: { 10000000: 1 } } })),
  ).rejects.toMatchObject({ code: 'request/invalid' });
});

test('embeddings have unit length, and like texts are near', async () => {
  const { vectors, promptTokens } = await runtime.embed(
    ['What is 3 + 4?', 'What is 3 + 5?', 'Once upon a time there was a brave child named Lily.'],
    never,
  );
  const dot = (a: number[] = [], b: number[] = []) =>
    a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);
  const [sum, otherSum, story] = vectors;
  expect(promptTokens).toBeGreaterThan(10);
  expect(dot(sum, sum)).toBeCloseTo(1, 5);
  expect(dot(sum, otherSum)).toBeGreaterThan(dot(sum, story));
});

test('generation ends at the end of the context instead of forgetting its beginning', async () => {
  const { promptTokens, result } = await ask({
    prompt: { kind: 'completion', prompt: 'Once upon a time' },
    sampling: { temperature: 1, seed: 3 },
    maxTokens: null,
    stop: [],
  });
  expect(promptTokens + result.generatedTokens).toBeLessThanOrEqual(256);
});

test('a killed worker costs its job a typed error; it comes back and serves', async () => {
  let killed = false;
  const job = ask(chat('Tell me a story about Max.', { maxTokens: 200 }), never, () => {
    const pid = runtime.workerPid();
    if (!killed && pid) process.kill(pid, 'SIGKILL');
    killed = true;
  });
  await expect(job).rejects.toMatchObject({ code: 'inference/crashed' });
  await expect(ask(chat('Hello'))).rejects.toMatchObject({ code: 'inference/crashed', retryAfterSeconds: 5 });
  await new Promise<void>((resolve) => {
    const end = runtime.engine.subscribe(({ state, restarts }) => {
      if (state === 'ready' && restarts === 1) {
        resolve();
        queueMicrotask(() => end());
      }
    });
  });
  expect((await ask(chat('What is the capital of France?'))).text).toContain('Paris');
});

test('inspects a file without loading it, and names what is wrong with a bad one', async () => {
  const facts = await ggufInspector.inspect(path, options);
  expect(facts).toMatchObject({ architecture: 'llama', contextLength: 1024, hasChatTemplate: true });
  expect(facts.needsRamBytes).toBeGreaterThan(900_000);
  const dir = mkdtempSync(join(tmpdir(), 'gguf-'));
  const whole = readFileSync(path);
  const bad = async (name: string, content: Buffer | string) => {
    writeFileSync(join(dir, name), content);
    return ggufInspector.inspect(join(dir, name), options).then(
      () => 'taken',
      (error) => error.code,
    );
  };
  expect(await bad('half.gguf', whole.subarray(0, whole.length / 2))).toBe('models/truncated');
  expect(await bad('header.gguf', whole.subarray(0, 3000))).toBe('models/truncated');
  expect(await bad('text.gguf', 'Dear model, '.repeat(1000))).toBe('models/not-gguf');
  expect(await bad('empty.gguf', '')).toMatch(/^models\//);
  const renamed = Buffer.from(whole);
  renamed.write('zzzzz', whole.indexOf('llama', whole.indexOf('general.architecture')));
  expect(await bad('unknown.gguf', renamed)).toBe('models/unknown-architecture');
});
