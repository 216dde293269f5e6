import { randomUUID } from 'node:crypto';
import { type ChatResponse, type GenerateResponse, Ollama } from 'ollama';
import { AppError } from '#contract/errors.ts';
import type { Feature } from '../../../inference/runtime.ts';
import type { OnText, OpenProvider, ProviderAnswer, ProviderCall } from '../provider.ts';
import { soundUsage } from '../usage.ts';
import { ollamaError } from './error.ts';
import { jsonLines } from './json-lines.ts';
import { chatParts, common } from './request.ts';
import { ollamaUsage } from './usage.ts';

const defaultHost = 'http://127.0.0.1:11434';
const lacks: ReadonlySet<Feature> = new Set<Feature>(['logit-bias', 'tool-choice']);

/** Ollama's own API with its official client; on this computer or another one. */
export const openOllama: OpenProvider = ({ baseUrl, apiKey, fetch }) => {
  // The client can only end all of its requests at once: each has a client of its own.
  const clientFor = (signal: AbortSignal) =>
    new Ollama({
      host: (baseUrl ?? defaultHost).replace(/\/(v1\/?)?$/, ''),
      async fetch(url, init) {
        const response = await fetch(url, { ...init, signal });
        const { body } = response;
        if (body) {
          const open = body.getReader.bind(body);
          Object.assign(body, { getReader: () => jsonLines(open()) });
        }
        return response;
      },
      ...(apiKey ? { headers: { authorization: `Bearer ${apiKey}` } } : {}),
    });
  const typed = async <T>(signal: AbortSignal, work: (client: Ollama) => Promise<T>): Promise<T> => {
    try {
      return await work(clientFor(signal));
    } catch (thrown) {
      throw ollamaError(thrown, signal);
    }
  };

  async function generate(client: Ollama, { model, request, isStreamed, onText }: ProviderCall) {
    const { prompt } = request;
    const shared = common(model, request);
    if (prompt.kind === 'chat') {
      const body = { ...shared, ...chatParts(prompt) };
      return isStreamed
        ? lastOf(await client.chat({ ...body, stream: true }), onText)
        : answerOf([await client.chat({ ...body, stream: false })], onText);
    }
    const body = { ...shared, prompt: prompt.prompt, raw: true };
    return isStreamed
      ? lastOf(await client.generate({ ...body, stream: true }), onText)
      : answerOf([await client.generate({ ...body, stream: false })], onText);
  }

  return {
    lacks,
    drops: new Set<Feature>(),
    generate: (call) => typed(call.signal, (client) => generate(client, call)),
    embed: (model, input, signal) =>
      typed(signal, async (client) => {
        const { embeddings, prompt_eval_count: prompt } = await client.embed({ model, input });
        return { vectors: embeddings, usage: soundUsage({ prompt: prompt ?? 0, completion: 0 }) };
      }),
    models: (signal) => typed(signal, async (client) => (await client.list()).models.map(({ name }) => name)),
  };
};

type Piece = ChatResponse | GenerateResponse;

async function lastOf(stream: AsyncIterable<Piece>, onText: OnText): Promise<ProviderAnswer> {
  const pieces: Piece[] = [];
  for await (const piece of stream) {
    await onText(textOf(piece));
    // Only what says more than text is kept.
    if (piece.done || callsOf(piece).length > 0) pieces.push(piece);
  }
  return answerOf(pieces);
}

function answerOf(pieces: Piece[], onText?: OnText): ProviderAnswer {
  const last = pieces.at(-1);
  if (!last?.done) throw new AppError('provider/bad-answer', 'Ollama answers without an answer.');
  if (onText) void onText(textOf(last));
  const toolCalls = pieces.flatMap(callsOf);
  return {
    finishReason: toolCalls.length > 0 ? 'tool_calls' : last.done_reason === 'length' ? 'length' : 'stop',
    ...(toolCalls.length > 0 ? { toolCalls } : {}),
    usage: ollamaUsage(last),
  };
}

const textOf = (piece: Piece): string =>
  'message' in piece ? piece.message.content : (piece.response ?? '');

const callsOf = (piece: Piece) =>
  ('message' in piece ? (piece.message.tool_calls ?? []) : []).map(
    ({ function: { name, arguments: args } }) => ({
      id: `call_${randomUUID()}`,
      name,
      arguments: JSON.stringify(args),
    }),
  );
