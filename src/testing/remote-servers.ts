import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** What one request of a stream is answered with: bytes to send, a pause in ms, or the end of the connection. */
type Step = string | Buffer | number | 'cut';
type Answer = { status?: number; headers?: Record<string, string>; body: string | Step[] };

export interface RemoteCall {
  method: string;
  path: string;
  headers: IncomingMessage['headers'];
  body: Record<string, unknown>;
}

const json = (body: unknown, status = 200): Answer => ({ status, body: JSON.stringify(body) });
const notFound = json({ detail: 'Not Found' }, 404);

/** A frame as vLLM 0.11 sends it; TensorRT-LLM 1.0 and llama-server send the same with other extras. */
const chatFrame = (delta: object, finish: string | null = null) =>
  `data: ${JSON.stringify({
    id: 'chatcmpl-7d0e2c',
    object: 'chat.completion.chunk',
    created: 1763971200,
    model: 'qwen3',
    choices: [{ index: 0, delta, logprobs: null, finish_reason: finish, token_ids: null }],
  })}\n\n`;
const usageFrame = `data: ${JSON.stringify({
  id: 'chatcmpl-7d0e2c',
  object: 'chat.completion.chunk',
  created: 1763971200,
  model: 'qwen3',
  choices: [],
  usage: {
    prompt_tokens: 11,
    total_tokens: 15,
    completion_tokens: 4,
    prompt_tokens_details: { cached_tokens: 8 },
  },
})}\n\n`;
const done = 'data: [DONE]\n\n';

/** Streams in the shapes that servers were seen to send, whole and broken. */
export const streams = {
  whole: [
    chatFrame({ role: 'assistant', content: '' }),
    chatFrame({ content: 'The ' }),
    chatFrame({ content: 'capital ' }),
    chatFrame({ content: 'is Zürich' }),
    chatFrame({ content: '.' }),
    chatFrame({ content: '' }, 'stop'),
    usageFrame,
    done,
  ],
  /** Two calls, their arguments in pieces. */
  toolCalls: [
    chatFrame({ role: 'assistant', content: null }),
    chatFrame({
      tool_calls: [{ index: 0, id: 'chatcmpl-tool-1', type: 'function', function: { name: 'weather' } }],
    }),
    chatFrame({ tool_calls: [{ index: 0, function: { arguments: '{"city":' } }] }),
    chatFrame({ tool_calls: [{ index: 0, function: { arguments: '"Rome"}' } }] }),
    chatFrame({
      tool_calls: [
        { index: 1, id: 'chatcmpl-tool-2', type: 'function', function: { name: 'time', arguments: '{}' } },
      ],
    }),
    chatFrame({}, 'tool_calls'),
    usageFrame,
    done,
  ],
  withoutUsage: [
    chatFrame({ content: 'One ' }),
    chatFrame({ content: 'two' }),
    chatFrame({}, 'length'),
    done,
  ],
  /** LiteLLM and others between the client and vLLM: comments, CRLF, and no blank line at the end. */
  commented: [
    ': keep-alive\r\n\r\n',
    chatFrame({ content: 'Hello' }).replaceAll('\n', '\r\n'),
    ': keep-alive\r\n\r\n',
    chatFrame({}, 'stop').replaceAll('\n', '\r\n'),
    usageFrame,
    'data: [DONE]',
  ],
  cut: [chatFrame({ content: 'The ' }), chatFrame({ content: 'cap' }), 'cut'],
  endsEarly: [chatFrame({ content: 'The ' })],
  silent: [chatFrame({ content: 'The ' }), 60_000],
  error: [
    chatFrame({ content: 'The ' }),
    'data: {"error": {"object": "error", "message": "EngineCore encountered an issue", "type": "InternalServerError", "code": 500}}\n\n',
    done,
  ],
  noJson: ['data: <html>502 Bad Gateway</html>\n\n'],
  endless: [`data: ${'x'.repeat(1_500_000)}`, 60_000],
} satisfies Record<string, Step[]>;

/** Triton 25.08 with the TensorRT-LLM backend: a frame a token, and no end mark. */
export const tritonStream = ['The', ' capital', ' is', ' Paris.'].map(
  (piece) =>
    `data: {"context_logits":0.0,"cum_log_probs":0.0,"model_name":"ensemble","model_version":"1","sequence_end":false,"sequence_id":0,"text_output":${JSON.stringify(piece)}}\n\n`,
);

const vllmMetrics = (
  running: number,
) => `# HELP vllm:num_requests_running Number of requests in model execution batches.
# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{engine="0",model_name="qwen3"} ${running}.0
vllm:num_requests_running{engine="1",model_name="qwen3"} 1.0
# TYPE vllm:num_requests_waiting gauge
vllm:num_requests_waiting{engine="0",model_name="qwen3"} 7.0
# TYPE vllm:kv_cache_usage_perc gauge
vllm:kv_cache_usage_perc{engine="0",model_name="qwen3"} 0.25
`;

/** Answers of each kind of server to everything but generation. */
const shapes: Record<'vllm' | 'tensorrt-llm' | 'triton' | 'openai', Record<string, Answer>> = {
  vllm: {
    'GET /health': { body: '' },
    'GET /version': json({ version: '0.11.0' }),
    'GET /v1/models': json({
      object: 'list',
      data: [
        {
          id: 'qwen3',
          object: 'model',
          created: 1,
          owned_by: 'vllm',
          root: 'Qwen/Qwen3-8B',
          max_model_len: 32768,
        },
      ],
    }),
    'GET /metrics': { body: vllmMetrics(3) },
    'POST /v1/embeddings': json(
      {
        error: {
          message: 'The model does not support Embeddings API',
          type: 'BadRequestError',
          param: null,
          code: 400,
        },
      },
      400,
    ),
  },
  'tensorrt-llm': {
    'GET /health': { body: '' },
    'GET /v1/models': json({
      object: 'list',
      data: [{ id: 'qwen3', object: 'model', created: 1, owned_by: 'tensorrt_llm' }],
    }),
    'GET /metrics': json([
      {
        iter: 41,
        numActiveRequests: 1,
        numQueuedRequests: 0,
        kvCacheStats: { usedNumBlocks: 1, maxNumBlocks: 100 },
      },
      {
        iter: 42,
        numActiveRequests: 5,
        numQueuedRequests: 2,
        kvCacheStats: { usedNumBlocks: 30, maxNumBlocks: 100 },
      },
    ]),
  },
  triton: {
    'GET /v2/health/ready': { body: '' },
    'GET /v2/models/ensemble/ready': { body: '' },
    'GET /v2': json({ name: 'triton', version: '2.60.0', extensions: ['generate'] }),
  },
  openai: {
    'GET /v1/models': json({ object: 'list', data: [{ id: 'qwen3', object: 'model' }] }),
    'GET /props': json({
      default_generation_settings: { n_ctx: 2048 },
      total_slots: 4,
      model_path: 'qwen3.gguf',
    }),
    'POST /v1/embeddings': json({
      object: 'list',
      data: [
        { object: 'embedding', index: 1, embedding: [0, 1] },
        { object: 'embedding', index: 0, embedding: [1, 0] },
      ],
      usage: { prompt_tokens: 5, total_tokens: 5 },
    }),
  },
};

/** A server that answers over a real socket as one of its kind was seen to. */
export async function startRemoteServer(kind: keyof typeof shapes, port = 0) {
  const calls: RemoteCall[] = [];
  const answers = new Map<string, Answer>(Object.entries(shapes[kind]));
  let generation: Answer = { body: kind === 'triton' ? tritonStream : streams.whole };

  const server = createServer(async (request, response) => {
    const { method = '', url: path = '', headers } = request;
    const body = await text(request).catch(() => '');
    calls.push({ method, path, headers, body: body ? JSON.parse(body) : {} });
    const isGeneration = /completions$|\/generate_stream$/.test(path);
    await send(response, isGeneration ? generation : (answers.get(`${method} ${path}`) ?? notFound));
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    port: (server.address() as AddressInfo).port,
    calls,
    /** Answers every generation so from now on. */
    generate(answer: Answer | Step[]) {
      generation = Array.isArray(answer) ? { body: answer } : answer;
    },
    /** Answers a route, `GET /health`, so from now on. */
    answer: (route: string, answer: Answer) => answers.set(route, answer),
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}

async function send(response: ServerResponse, { status = 200, headers = {}, body }: Answer): Promise<void> {
  if (typeof body === 'string') {
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body);
    return;
  }
  response.writeHead(status, { 'content-type': 'text/event-stream; charset=utf-8', ...headers });
  for (const step of body) {
    if (response.destroyed) return;
    if (step === 'cut') return void response.destroy();
    if (typeof step === 'number') await new Promise((resolve) => setTimeout(resolve, step).unref());
    else await new Promise((resolve) => response.write(step, resolve));
  }
  response.end();
}

/** The same bytes in pieces of `size`, so that frames and characters are cut anywhere. */
export function inPieces(steps: readonly string[], size: number): Step[] {
  const bytes = Buffer.from(steps.join(''));
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) => [
    bytes.subarray(index * size, (index + 1) * size),
    1,
  ]).flat() as Step[];
}
