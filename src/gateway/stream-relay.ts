import { createParser } from 'eventsource-parser';
import { z } from 'zod';
import { AppError } from '#contract/errors.ts';
import { openAiError } from '#contract/wire/error-answers.ts';
import { finishReasonSchema, usageSchema } from '#contract/wire/openai.ts';

/** What an answer is known by: its text, its token counts, why it ended. Usage is null when the node broke off. */
export interface RelayedAnswer {
  text: string;
  usage: z.infer<typeof usageSchema> | null;
  reason: string;
}

const choiceSchema = z.object({
  text: z.string().optional(),
  message: z.object({ content: z.string() }).optional(),
  delta: z.object({ content: z.string().optional() }).optional(),
  finish_reason: finishReasonSchema.nullish(),
});
const answerSchema = z.object({ choices: z.array(choiceSchema), usage: usageSchema.nullish() });

/** A whole answer of a node; null when it is not what OpenAI's shape says. */
export function readAnswer(body: unknown): RelayedAnswer | null {
  const parsed = answerSchema.safeParse(body);
  if (!parsed.success) return null;
  const first = parsed.data.choices[0];
  return {
    text: first?.message?.content ?? first?.text ?? '',
    usage: parsed.data.usage ?? null,
    reason: first?.finish_reason ?? 'stop',
  };
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
  const answer: RelayedAnswer = { text: '', usage: null, reason: 'stop' };
  let out = '';
  const parser = createParser({
    onComment: () => {
      out += ': waiting\n\n';
    },
    onEvent({ data }) {
      if (data === '[DONE]') return;
      const chunk = answerSchema.safeParse(parseJson(data));
      const first = chunk.success ? chunk.data.choices[0] : undefined;
      answer.text += first?.delta?.content ?? first?.text ?? '';
      if (first?.finish_reason) answer.reason = first.finish_reason;
      if (chunk.success && chunk.data.usage) {
        answer.usage = chunk.data.usage;
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
    finish(answer);
  }
  const broken = new AppError('gateway/node-failed', 'The node broke off its answer.');
  const end = answer.usage ? '' : `data: ${JSON.stringify(openAiError(broken))}\n\n`;
  yield encoder.encode(`${out}${end}data: [DONE]\n\n`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
