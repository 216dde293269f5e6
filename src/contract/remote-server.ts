import { z } from 'zod';

/** Inference servers whose dialect is known. `openai`: llama-server, Ollama, LM Studio and others that speak OpenAI's API. */
export const remoteServerKinds = ['vllm', 'tensorrt-llm', 'triton', 'openai'] as const;

/** A model that another program serves. */
export const remoteServerSchema = z.strictObject({
  kind: z.enum(remoteServerKinds),
  /** Origin, and path where the server has one before `/v1`. */
  url: z.url({ protocol: /^https?$/ }),
  /** What the server calls the model. */
  model: z.string().min(1).max(256),
  apiKey: z.string().min(1).max(4096).optional(),
  /** The node starts the server itself, on the URL's port, and ends it when the model is unloaded; vLLM and TensorRT-LLM only. */
  managed: z.boolean().optional(),
});
export type RemoteServer = z.infer<typeof remoteServerSchema>;

/** A server as the pages show it: its key stays with the node. */
export const shownServerSchema = remoteServerSchema
  .omit({ apiKey: true })
  .extend({ /** The id under which its model is offered. */ id: z.string(), hasKey: z.boolean() });
export type ShownServer = z.infer<typeof shownServerSchema>;

/** A server that was found on this computer, and what it serves. */
export const foundServerSchema = z.object({
  kind: z.enum(remoteServerKinds),
  url: z.string(),
  models: z.array(z.string()),
});
export type FoundServer = z.infer<typeof foundServerSchema>;
