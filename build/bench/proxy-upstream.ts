import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A provider with OpenAI's API that answers at once: chats of ten tokens, streams of as many frames as `max_tokens`. */
const usage = (completion: number) => ({
  prompt_tokens: 14,
  completion_tokens: completion,
  total_tokens: 14 + completion,
});
const head = { id: 'chatcmpl-1', created: 1, model: 'gpt-4o-mini' };
const whole = JSON.stringify({
  ...head,
  object: 'chat.completion',
  choices: [
    {
      index: 0,
      message: { role: 'assistant', content: 'The capital of France is Paris, as it always was.' },
      finish_reason: 'stop',
    },
  ],
  usage: usage(10),
});
const frame = (choice: object, more: object = {}) =>
  `data: ${JSON.stringify({ ...head, object: 'chat.completion.chunk', choices: [choice], ...more })}\n\n`;
/** Not one word again and again: LiteLLM takes that for a model gone astray, and stops. */
const tokens = Array.from({ length: 10 }, (_, index) =>
  frame({ index: 0, delta: { content: ` word${index}` }, finish_reason: null }),
);
const end = (tokens: number) =>
  `${frame({ index: 0, delta: {}, finish_reason: 'stop' })}data: ${JSON.stringify({ ...head, object: 'chat.completion.chunk', choices: [], usage: usage(tokens) })}\n\ndata: [DONE]\n\n`;

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.once('end', () => {
    if (request.method === 'GET') {
      response.setHeader('content-type', 'application/json');
      response.end('{"object":"list","data":[{"id":"gpt-4o-mini","object":"model"}]}');
      return;
    }
    const body = JSON.parse(Buffer.concat(chunks).toString());
    if (!body.stream) {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': whole.length });
      response.end(whole);
      return;
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    let left: number = body.max_completion_tokens ?? body.max_tokens;
    const all = left;
    const more = () => {
      // A frame a write, as providers send them.
      for (; left > 0; left -= 1) {
        if (!response.write(tokens[left % 10])) {
          left -= 1;
          response.once('drain', more);
          return;
        }
      }
      response.end(end(all));
    };
    more();
  });
});
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
process.on('disconnect', () => process.exit(0));
