import { createParser } from 'eventsource-parser';
import { AppError } from '#contract/errors.ts';

/**
 * Gives each frame's data to `take`, all frames of one read in one go: the SDK's own reader takes several times as long. A promise that
 * `take` returns is waited for before more is read.
 */
export async function readFrames(
  body: Response['body'],
  take: (data: string) => void | Promise<void>,
): Promise<void> {
  let wait: Promise<void> | undefined;
  const parser = createParser({
    onEvent({ data }) {
      const slow = take(data);
      if (slow) wait = slow;
    },
  });
  const decoder = new TextDecoder();
  for await (const bytes of (body ?? []) as AsyncIterable<Uint8Array>) {
    parser.feed(decoder.decode(bytes, { stream: true }));
    if (wait) await wait;
    wait = undefined;
  }
  // Some servers leave out the blank line after the last frame.
  parser.feed('\n\n');
}

/** A frame's JSON object. Throws `provider/bad-answer`. */
export function parseFrame(provider: string, data: string): object {
  let frame: unknown;
  try {
    frame = JSON.parse(data);
  } catch {
    throw new AppError('provider/bad-answer', `${provider} answers with a frame that is no JSON.`);
  }
  if (typeof frame !== 'object' || frame === null)
    throw new AppError('provider/bad-answer', `${provider} answers with a frame that is no answer.`);
  return frame;
}
