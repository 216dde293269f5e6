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
});
export type RemoteServer = z.infer<typeof remoteServerSchema>;
