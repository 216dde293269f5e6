import { createHash, randomUUID } from 'node:crypto';
import { AppError } from '#contract/errors.ts';
import { microUsdOf } from '#contract/proxy-price.ts';
import type { GenerateRequest } from '../inference/runtime.ts';
import { unknownModel } from '../inference/unknown-model.ts';
import type { ProxyNode } from './proxy-node.ts';

const limitMs = 60_000;
const mostTokens = 500;

/** Sends one prompt to a model as its providers answer it. What it costs is written down like every other request. */
export async function tryModel(proxy: ProxyNode, { model, prompt }: { model: string; prompt: string }) {
  await proxy.ready();
  if (!proxy.serves(model)) throw unknownModel(model, proxy.offered());
  const request: GenerateRequest = {
    prompt: { kind: 'chat', messages: [{ role: 'user', content: prompt }] },
    sampling: { temperature: 0.7 },
    maxTokens: mostTokens,
    stop: [],
    isStreamed: true,
  };
  const startedAt = performance.now();
  let text = '';
  const { proxied, promptTokens, generatedTokens } = await proxy
    .open({
      requestId: `try-${randomUUID()}`,
      source: { kind: 'local', client: 'Try panel' },
      model,
      work: { kind: 'generate', request, choices: 1 },
      tipLamports: 0n,
      inputSha256: createHash('sha256').update(prompt).digest('hex'),
      deadlineMs: Date.now() + limitMs,
    })
    .generate(
      request,
      {
        onText: (piece) => {
          text += piece;
        },
      },
      AbortSignal.timeout(limitMs),
    );
  if (!proxied) throw new AppError('provider/bad-answer', 'The answer came from nobody.');
  return {
    text,
    target: proxied.target,
    costMicroUsd: microUsdOf(proxied.costPicoUsd),
    promptTokens,
    generatedTokens,
    latencyMs: Math.round(performance.now() - startedAt),
  };
}
