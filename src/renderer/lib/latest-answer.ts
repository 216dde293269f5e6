/**
 * Asks for the newest wish only: at once when nothing was asked for `intervalMs`, else when that has passed. An answer to an
 * older question than the last answered one is dropped.
 */
export function latestAnswer<I, O>(
  intervalMs: number,
  ask: (input: I) => Promise<O>,
  onAnswer: (answer: O, input: I) => void,
): { want(input: I): void; end(): void } {
  let wish: { input: I } | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let asked = 0;
  let answered = 0;
  let isEnded = false;
  const send = () => {
    timer = undefined;
    if (!wish) return;
    const { input } = wish;
    wish = null;
    timer = setTimeout(send, intervalMs);
    asked += 1;
    const number = asked;
    void ask(input).then((answer) => {
      if (isEnded || number < answered) return;
      answered = number;
      onAnswer(answer, input);
    });
  };
  return {
    want(input) {
      wish = { input };
      if (timer === undefined) send();
    },
    end() {
      isEnded = true;
      clearTimeout(timer);
    },
  };
}
