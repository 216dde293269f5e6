const questions = [
  'What is the capital of France?',
  'What is 3 + 4?',
  'Count to 7.',
  'What does a cow say?',
  'Give JSON for Anna, age 31.',
  'What is the capital of Italy?',
  'What is 6 + 2?',
  'Tell me a story about Lily.',
];

/** Sends chat requests to the gateway's own front, as a client of the test network would. Paid in test credits. */
export function createTestRequests(options: { url: string; models(): string[] }) {
  let perMinute = 0;
  let timer: NodeJS.Timeout | null = null;
  let sent = 0;

  async function send(): Promise<void> {
    const model = options.models()[0];
    if (model === undefined) return;
    const content = questions[sent++ % questions.length] ?? '';
    const response = await fetch(`${options.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: 'Bearer sk-test-network', 'content-type': 'application/json' },
      body: JSON.stringify({
        model,
        messages: [{ role: 'user', content }],
        max_tokens: 80,
        temperature: 0,
        stream: sent % 2 === 0,
      }),
      signal: AbortSignal.timeout(60_000),
    });
    await response.arrayBuffer();
  }

  function plan(): void {
    if (timer) clearInterval(timer);
    timer = perMinute > 0 ? setInterval(() => void send().catch(() => {}), 60_000 / perMinute) : null;
  }

  return {
    setPerMinute(value: number): void {
      perMinute = value;
      plan();
    },
    /** A node has come: the first request goes out at once. */
    nodeCame(): void {
      if (perMinute > 0) void send().catch(() => {});
    },
    stop(): void {
      if (timer) clearInterval(timer);
      timer = null;
      perMinute = 0;
    },
  };
}
