import { setTimeout as wait } from 'node:timers/promises';

const questions = [
  'What is the capital of France?',
  'What is 3 + 4?',
  'Count to 7.',
  'What does a cow say?',
  'Tell me a story about Lily.',
  'What is the capital of Spain?',
];
const retryPauseMs = 500;

export interface ClientCounts {
  /** Requests begun; each is asked again while it is refused with a time to come back. */
  requests: number;
  answered: number;
  refusals: number;
  /** Neither answered nor refused in that way: an answer that broke off, or another error. */
  lost: number;
  reasons: string[];
}

/** Clients that always have a request under way, every other one streamed, and count what becomes of each. */
export function startClients(options: { url: string; model: string; clients: number; maxTokens: number }) {
  const counts: ClientCounts = { requests: 0, answered: 0, refusals: 0, lost: 0, reasons: [] };
  let isOver = false;

  /** True when it was answered in full, false when it was refused for now. */
  async function ask(index: number): Promise<boolean> {
    const stream = index % 2 === 0;
    const response = await fetch(`${options.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: 'Bearer sk-steady', 'content-type': 'application/json' },
      body: JSON.stringify({
        model: options.model,
        messages: [{ role: 'user', content: questions[index % questions.length] }],
        max_tokens: options.maxTokens,
        temperature: 0,
        ...(stream ? { stream, stream_options: { include_usage: true } } : {}),
      }),
    });
    const text = await response.text();
    if (response.status === 503 && response.headers.has('retry-after')) return false;
    const isWhole = stream
      ? text.includes('"finish_reason":"') && text.includes('"usage":{') && text.trimEnd().endsWith('[DONE]')
      : text.includes('"usage":{');
    if (!response.ok || !isWhole) throw new Error(`${response.status} ${text.slice(0, 200)}`);
    return true;
  }

  async function client(first: number): Promise<void> {
    for (let index = first; !isOver; index += options.clients) {
      counts.requests += 1;
      try {
        while (!(await ask(index))) {
          counts.refusals += 1;
          await wait(retryPauseMs);
        }
        counts.answered += 1;
      } catch (thrown) {
        counts.lost += 1;
        counts.reasons.push(String(thrown));
      }
    }
  }

  const all = Promise.all(Array.from({ length: options.clients }, (_, index) => client(index)));
  return {
    counts,
    /** Lets what is under way be answered. */
    async stop(): Promise<ClientCounts> {
      isOver = true;
      await all;
      return counts;
    },
  };
}
