import { z } from 'zod';
import type { FoundServer } from '#contract/remote-server.ts';
import { callServer, readJson } from './http.ts';

/** Where such servers listen by their own default: vLLM and TensorRT-LLM, Triton beside them, Ollama, LM Studio, llama-server. */
const usualPorts = [8000, 8001, 11_434, 1234, 8080];
const limitMs = 1000;
const modelsSchema = z.object({
  data: z.array(z.looseObject({ id: z.string(), owned_by: z.string().optional() })),
});
const tritonSchema = z.array(z.looseObject({ name: z.string() }));

/** Asks the usual ports of this computer for inference servers. Never rejects. */
export async function discoverServers(ports: readonly number[] = usualPorts): Promise<FoundServer[]> {
  const found = await Promise.all(ports.map((port) => ask(`http://127.0.0.1:${port}`)));
  return found.filter((server) => server !== null);
}

async function ask(url: string): Promise<FoundServer | null> {
  const server = { kind: 'openai', url, model: '-' } as const;
  const call = (path: string, body?: unknown) =>
    callServer(server, path, { signal: AbortSignal.timeout(limitMs), body }).then(readJson, () => null);
  const listed = modelsSchema.safeParse(await call('/v1/models')).data;
  if (listed) {
    const models = listed.data.map(({ id }) => id);
    const owner = listed.data[0]?.owned_by;
    if (owner === 'tensorrt_llm') return { kind: 'tensorrt-llm', url, models };
    return { kind: owner === 'vllm' ? 'vllm' : 'openai', url, models };
  }
  const triton = tritonSchema.safeParse(await call('/v2/repository/index', {})).data;
  return triton ? { kind: 'triton', url, models: triton.map(({ name }) => name) } : null;
}
