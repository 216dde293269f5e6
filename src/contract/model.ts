import { z } from 'zod';
import { remoteServerKinds } from './remote-server.ts';
import { errorBodySchema } from './result.ts';

/** What runs a model: an engine of ours for what is on the disk, or a server's kind. */
export const modelRuntimeSchema = z.enum(['llama.cpp', 'transformers', ...remoteServerKinds]);

/** A model in the store. `id` is its file's name without `.gguf`, its folder's name, or its name and its server's host. */
export const modelSchema = z.object({
  id: z.string(),
  /** Name that the file gives itself. */
  name: z.string(),
  /** Where it lies; what its server calls it. */
  path: z.string(),
  runtime: modelRuntimeSchema,
  sizeBytes: z.number(),
  /** Shipped with the app: there from the start, cannot be removed. */
  shipped: z.boolean(),
  architecture: z.string(),
  /** In parameters; null where the file does not tell. */
  parameters: z.number().nullable(),
  quantization: z.string().nullable(),
  /** Tokens of context the model was trained for. */
  contextLength: z.int(),
  /** Whether the file says how a chat is written; without it prompts are continued as they are. */
  hasChatTemplate: z.boolean(),
  /** Memory the model takes with the context and parallel requests that are set, in bytes (estimated from the file). */
  needsBytes: z.number(),
  /** Of these, on the GPU. */
  needsGpuBytes: z.number(),
  fits: z.boolean(),
  served: z.boolean(),
  /** Set when the file is there but cannot be served. */
  problem: errorBodySchema.nullable(),
});
export type Model = z.infer<typeof modelSchema>;

/** What an engine says of the memory of the GPUs that it runs on, all of them together; `usedBytes` by every program. */
export const engineVramSchema = z.object({
  names: z.array(z.string()),
  totalBytes: z.number(),
  usedBytes: z.number().nullable(),
  isUnified: z.boolean(),
});
export type EngineVram = z.infer<typeof engineVramSchema>;

/** The engine and what it has loaded. `memory` in bytes: resident memory of the worker, GPU memory it uses. */
export const engineSchema = z.object({
  state: z.enum(['off', 'starting', 'loading', 'ready', 'restarting', 'failed']),
  /** `cpu`, `cuda`, `vulkan`, `metal`, or a server's kind and version; null until known. */
  backend: z.string().nullable(),
  modelId: z.string().nullable(),
  loadProgress: z.number().nullable(),
  contextSize: z.int().nullable(),
  parallelRequests: z.int().nullable(),
  threads: z.int().nullable(),
  memory: z
    .object({ ramBytes: z.number(), gpuBytes: z.number(), vram: engineVramSchema.nullable().optional() })
    .nullable(),
  /** A server's own figures, where it has them: requests running and waiting, and its cache's use from 0 to 1. */
  server: z
    .object({ running: z.int().nullable(), waiting: z.int().nullable(), cacheUse: z.number().nullable() })
    .nullable(),
  restarts: z.int(),
  error: errorBodySchema.nullable(),
});
export type Engine = z.infer<typeof engineSchema>;
