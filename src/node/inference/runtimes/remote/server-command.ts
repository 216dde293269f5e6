import { AppError } from '#contract/errors.ts';
import type { RemoteServer } from '#contract/remote-server.ts';
import type { LoadOptions } from '../../runtime.ts';

/** Share of the GPU that a server of ours takes: the rest is for the screen and other programs. */
const gpuMemoryShare = 0.8;

/** The command that starts a server for a model, listening on loopback. Throws `request/unsupported` for a kind that is not started. */
export function serverCommand(
  server: RemoteServer,
  options: Pick<LoadOptions, 'contextSize' | 'parallelRequests'>,
): { program: string; args: string[] } {
  const port = new URL(server.url).port;
  const { contextSize, parallelRequests } = options;
  const place = ['--host', '127.0.0.1', '--port', port];
  if (server.kind === 'vllm')
    return {
      program: 'vllm',
      args: [
        'serve',
        server.model,
        ...place,
        '--gpu-memory-utilization',
        `${gpuMemoryShare}`,
        '--enable-prefix-caching',
        ...(contextSize === 'auto' ? [] : ['--max-model-len', `${contextSize}`]),
        ...(parallelRequests === 'auto' ? [] : ['--max-num-seqs', `${parallelRequests}`]),
      ],
    };
  if (server.kind === 'tensorrt-llm')
    return {
      program: 'trtllm-serve',
      args: [
        'serve',
        server.model,
        ...place,
        '--kv_cache_free_gpu_memory_fraction',
        `${gpuMemoryShare}`,
        ...(contextSize === 'auto' ? [] : ['--max_seq_len', `${contextSize}`]),
        ...(parallelRequests === 'auto' ? [] : ['--max_batch_size', `${parallelRequests}`]),
      ],
    };
  throw new AppError(
    'request/unsupported',
    'The node starts vLLM and TensorRT-LLM servers; others you start yourself.',
  );
}
