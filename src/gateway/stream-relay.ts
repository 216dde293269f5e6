import { createParser } from 'eventsource-parser';
import { z } from 'zod';
import { AppError } from '#contract/errors.ts';
import { proxiedUsageSchema } from '#contract/proxy-price.ts';
import { openAiError } from '#contract/wire/error-answers.ts';
import { finishReasonSchema, type ToolCall, usageSchema } from '#contract/wire/openai.ts';
import { answerText, vectorsText } from '#contract/wire/receipt.ts';

/** What an answer is known by: its text, its token counts, why it ended. Usage is null when the node broke off. */
export interface RelayedAnswer {
  text: string;
  usage: z.infer<typeof usageSchema> | null;
  reason: string;
}

/** Calls as they stand in a whole answer, or, piece by piece, in the frames of a stream. */
const toolCallsSchema = z.array(
  z.object({
    index: z.int().min(0).max(127).optional(),
    function: z.object({ name: z.string().optional(), arguments: z.string().optional() }),
  }),
);
const messageSchema = z.object({ content: z.string().nullish(), tool_calls: toolCallsSchema.nullish() });
const choiceSchema = z.object({
  index: z.int().min(0).max(127).default(0),
  text: z.string().optional(),
  message: messageSchema.optional(),
  delta: messageSchema.optional(),
  finish_reason: finishReasonSchema.nullish(),
});
const answerSchema = z.object({ choices: z.array(choiceSchema), usage: usageSchema.nullish() });
const embeddingsSchema = z.object({
  data: z.array(z.object({ embedding: z.union([z.string(), z.array(z.number())]) })),
  usage: z.object({ prompt_tokens: z.int().min(0), proxied: proxiedUsageSchema.optional() }),
});

/** What was read of an answer so far. */
class Choices {
  readonly #choices: { text: string; toolCalls: ToolCall[] }[] = [];
  reason = 'stop';

  add(choices: z.infer<typeof choiceSchema>[]): void {
    for (const { index, text, message, delta, finish_reason } of choices) {
      this.#choices[index] ??= { text: '', toolCalls: [] };
      const choice = this.#choices[index];
      const part = delta ?? message;
      choice.text += part?.content ?? text ?? '';
      (part?.tool_calls ?? []).forEach((call, position) => {
        const at = call.index ?? position;
        choice.toolCalls[at] ??= { id: '', name: '', arguments: '' };
        choice.toolCalls[at].name += call.function.name ?? '';
        choice.toolCalls[at].arguments += call.function.arguments ?? '';
      });
      if (finish_reason && this.reason !== 'cancelled') this.reason = finish_reason;
    }
  }

  get text(): string {
    return answerText(this.#choices);
  }
}

/** A whole answer of a node; null when it is not what OpenAI's shape says. */
export function readAnswer(body: unknown): RelayedAnswer | null {
  const embeddings = embeddingsSchema.safeParse(body);
  if (embeddings.success) {
    const { data, usage } = embeddings.data;
    const counts = {
      prompt_tokens: usage.prompt_tokens,
      completion_tokens: 0,
      total_tokens: usage.prompt_tokens,
      ...(usage.proxied ? { proxied: usage.proxied } : {}),
    };
    return { text: vectorsText(data.map(({ embedding }) => embedding)), usage: counts, reason: 'stop' };
  }
  const parsed = answerSchema.safeParse(body);
  if (!parsed.success) return null;
  const choices = new Choices();
  choices.add(parsed.data.choices);
  return { text: choices.text, usage: parsed.data.usage ?? null, reason: choices.reason };
}

/**
 * A node's frames as the client gets them. When the client leaves, what the node still sends is read to its usage frame, so that
 * both sides know what was generated. `finish` is called once; the usage frame, not `[DONE]`, is the node's last word.
 */
export async function* relayFrames(
  response: Response,
  wantsUsage: boolean,
  finish: (answer: RelayedAnswer) => void,
): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  const decoder = new TextDecoder();
  const choices = new Choices();
  let usage: RelayedAnswer['usage'] = null;
  let out = '';
  const parser = createParser({
    onComment: () => {
      out += ': waiting\n\n';
    },
    onEvent({ data }) {
      if (data === '[DONE]') return;
      const chunk = answerSchema.safeParse(parseJson(data));
      if (chunk.success) choices.add(chunk.data.choices);
      if (chunk.success && chunk.data.usage) {
        usage = chunk.data.usage;
        if (!wantsUsage && chunk.data.choices.length === 0) return;
      }
      out += `data: ${data}\n\n`;
    },
  });
  const reader = (response.body ?? new ReadableStream<Uint8Array>()).getReader();
  /** Reads one chunk; false at the end, also where the node breaks off. */
  const pull = async (): Promise<boolean> => {
    const { value, done } = await reader.read().catch(() => ({ value: undefined, done: true }));
    if (value) parser.feed(decoder.decode(value, { stream: true }));
    return !done;
  };
  try {
    while (await pull()) {
      if (out === '') continue;
      const ready = out;
      out = '';
      yield encoder.encode(ready);
    }
  } finally {
    while (await pull());
    finish({ text: choices.text, usage, reason: choices.reason });
  }
  const broken = new AppError('gateway/node-failed', 'The node broke off its answer.');
  const end = usage ? '' : `data: ${JSON.stringify(openAiError(broken))}\n\n`;
  yield encoder.encode(`${out}${end}data: [DONE]\n\n`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
