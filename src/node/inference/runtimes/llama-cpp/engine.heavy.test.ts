import { LlamaContextSequence } from 'node-llama-cpp';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { Prompt } from '../../runtime.ts';
import { LlamaEngine } from './engine.ts';

const path = new URL('../../../../../resources/models/tiny-chat-Q8_0.gguf', import.meta.url).pathname;
let engine: LlamaEngine;
beforeAll(async () => {
  engine = await LlamaEngine.load(
    { modelId: 'tiny', path, contextSize: 256, parallelRequests: 1, threads: 'auto', gpu: 'off' },
    () => {},
  );
});
afterAll(() => engine.dispose());

const asked = (kind: 'chat' | 'completion', text: string): Prompt =>
  kind === 'chat'
    ? { kind, messages: [{ role: 'user', content: text }] }
    : { kind: 'completion', prompt: text };

test.each(['chat', 'completion'] as const)(
  'a %s prompt goes into the model whole, as counted, up to the end of the context, or is refused',
  async (kind) => {
    const evaluate = vi.spyOn(LlamaContextSequence.prototype, 'evaluate');
    let whole = 0;
    let refused = 0;
    for (let words = 68; words <= 86; words += 1)
      for (const rest of ['', ' a', ' a b']) {
        evaluate.mockClear();
        const request = {
          prompt: asked(kind, 'word '.repeat(words) + rest),
          sampling: { temperature: 0 },
          maxTokens: 1,
          stop: [],
        };
        const outcome = await engine
          .generate(request, { onStart() {}, onText() {} }, new AbortController().signal)
          .catch((error) => error.code);
        if (outcome === 'inference/context-too-long') {
          refused += 1;
          expect(evaluate).not.toHaveBeenCalled();
        } else {
          whole += 1;
          const evaluated = evaluate.mock.calls.map(([tokens]) => tokens.length);
          expect(evaluated).toEqual([outcome.promptTokens - outcome.cachedTokens]);
          if (whole > 1) expect(outcome.cachedTokens).toBeGreaterThan(0);
        }
      }
    evaluate.mockRestore();
    expect(Math.min(whole, refused)).toBeGreaterThan(0);
  },
);
