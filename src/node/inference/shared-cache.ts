import { createKeyvNonBlocking } from '@keyv/redis';
import { z } from 'zod';
import type { WorkResult } from './job-work.ts';

/** A cache that does not answer within this is no help. */
const patienceMs = 100;
const namespace = 'solanalm';

const count = z.int().min(0);
/** An answer as it lies there; whoever wrote it, it is checked. */
const storedSchema = z.strictObject({
  choices: z.array(
    z.strictObject({
      text: z.string(),
      finishReason: z.enum(['stop', 'length', 'tool_calls']),
      toolCalls: z
        .array(z.strictObject({ id: z.string(), name: z.string(), arguments: z.string() }))
        .optional(),
    }),
  ),
  vectors: z.array(z.array(z.number())),
  text: z.string(),
  result: z.strictObject({
    promptTokens: count,
    cachedTokens: count,
    generatedTokens: count,
    finishReason: z.enum(['stop', 'length', 'tool_calls']),
    toolCalls: z
      .array(z.strictObject({ id: z.string(), name: z.string(), arguments: z.string() }))
      .optional(),
    proxied: z
      .strictObject({
        target: z.string(),
        usage: z.strictObject({
          prompt: count,
          cached: count,
          cacheWrite: count,
          completion: count,
          reasoning: count,
        }),
        costPicoUsd: z.string().regex(/^\d+$/).transform(BigInt),
        isEstimate: z.boolean(),
      })
      // Each node charges by a quote of its own.
      .transform((proxied) => ({ ...proxied, quote: null }))
      .optional(),
  }),
});

/** Answers that several nodes share, in Redis. */
export interface SharedCache {
  /** Undefined where there is none, where it cannot be read, and where Redis does not answer soon. */
  get(key: string): Promise<WorkResult | undefined>;
  put(key: string, result: WorkResult, ttlMs: number): void;
  close(): Promise<void>;
}

export function openSharedCache(url: string, onError: (thrown: unknown) => void): SharedCache {
  const keyv = createKeyvNonBlocking({ url }, { namespace });
  keyv.on('error', onError);
  return {
    async get(key) {
      try {
        const late = new Promise<undefined>((resolve) => {
          setTimeout(() => resolve(undefined), patienceMs).unref();
        });
        const stored = await Promise.race([keyv.get<string>(key), late]);
        if (stored === undefined) return undefined;
        return storedSchema.parse(JSON.parse(stored)) as WorkResult;
      } catch (thrown) {
        onError(thrown);
        return undefined;
      }
    },
    put(key, result, ttlMs) {
      const { proxied, ...plain } = result.result;
      const stored = JSON.stringify({
        ...result,
        result: {
          ...plain,
          ...(proxied
            ? {
                proxied: {
                  target: proxied.target,
                  usage: proxied.usage,
                  costPicoUsd: `${proxied.costPicoUsd}`,
                  isEstimate: proxied.isEstimate,
                },
              }
            : {}),
        },
      });
      keyv.set(key, stored, ttlMs).catch(onError);
    },
    close: () => keyv.disconnect().catch(() => {}),
  };
}

/** The cache at the address that is set now: opened when it is first asked for, closed when another one is set. */
export function followSharedCache(
  url: () => string | null,
  onError: (thrown: unknown) => void,
): { current(): SharedCache | null; dispose(): void } {
  let opened: { url: string; cache: SharedCache } | null = null;
  const close = () => {
    void opened?.cache.close();
    opened = null;
  };
  return {
    current() {
      const wanted = url();
      if (opened && opened.url !== wanted) close();
      if (wanted === null) return null;
      opened ??= { url: wanted, cache: openSharedCache(wanted, onError) };
      return opened.cache;
    },
    dispose: close,
  };
}
