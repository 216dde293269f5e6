import { createHash, randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '#contract/errors.ts';
import { phoneMail, phonePageUrl } from '#contract/settlement/phone-mail.ts';
import type { Channel, OpenQuestion } from './wallet-page.ts';

const lookEveryMs = 1000;
const requestLimitMs = 10_000;
const mostAnswerBytes = 32 * 1024;
const verdictTries = 5;

/**
 * Lays the question in a mailbox at the relay and looks for the answer. Throws `wallet/relay-unreachable`; later faults, and
 * `wallet/relay-altered`, go to `question.fail`. A relay that is away for a while is asked again until the question is over.
 */
export async function openPhoneMailbox(relayUrl: string, question: OpenQuestion): Promise<Channel> {
  const { origin, host, pathname } = new URL(relayUrl);
  const id = randomBytes(16).toString('base64url');
  const secret = randomBytes(32).toString('base64url');
  const ownToken = randomBytes(32).toString('base64url');
  const mail = await phoneMail(id, secret);
  const over = new AbortController();
  const headers = { authorization: `Bearer ${ownToken}` };
  const call = (method: string, path: string, body?: Uint8Array<ArrayBuffer>, more = {}) =>
    fetch(`${origin}/mail/${id}${path}`, {
      method,
      headers: { ...headers, ...more },
      redirect: 'error',
      signal: AbortSignal.timeout(requestLimitMs),
      ...(body ? { body } : {}),
    });

  const more = {
    'x-relay-key': pathname.slice(1),
    'x-phone-token-sha256': createHash('sha256').update(mail.token).digest('hex'),
  };
  const told = await mail.seal('question', JSON.stringify(question.told));
  const opened = await call('PUT', '', told, more).catch((fault: Error) => fault);
  if (opened instanceof Error) throw unreachable(origin, `does not answer (${reasonOf(opened)})`);
  if (opened.status === 401)
    throw unreachable(origin, 'does not take the key that stands behind its address under Settings');
  if (opened.status !== 201) throw unreachable(origin, `refused the question with status ${opened.status}`);

  async function look(): Promise<void> {
    while (!over.signal.aborted) {
      await sleep(lookEveryMs, undefined, { signal: over.signal });
      const answer = await call('GET', '/answer').catch(() => null);
      if (answer === null || answer.status === 204 || answer.status === 429 || answer.status >= 500) continue;
      if (answer.status !== 200) throw unreachable(origin, 'no longer has the question');
      const sealed = await bytesOf(answer).catch(() => null);
      if (sealed === null) continue;
      const text = await mail.open('answer', sealed);
      if (over.signal.aborted) return;
      if (text === null)
        throw new AppError('wallet/relay-altered', `What came over ${origin} is not what the phone sent.`);
      isAnswered = true;
      return tell(question.take(text, host));
    }
  }
  /** The phone says how it ended; where it cannot be told, the app still does. */
  async function tell(verdict: unknown): Promise<void> {
    const sealed = await mail.seal('verdict', JSON.stringify(verdict));
    for (let tried = 0; tried < verdictTries; tried += 1) {
      const put = await call('PUT', '/verdict', sealed).catch(() => null);
      if (put?.status === 201 || put?.status === 404) return;
      await sleep(lookEveryMs);
    }
  }
  let isAnswered = false;
  look().catch((thrown) => {
    if (!over.signal.aborted) question.fail(thrown);
  });

  return {
    url: phonePageUrl(origin, id, secret),
    code: mail.code,
    close() {
      over.abort();
      if (!isAnswered) call('DELETE', '').catch(() => {});
    },
  };
}

/** The body; what is longer than any answer is cut off, and then cannot be opened. */
async function bytesOf({ body }: Response): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of body ?? []) {
    parts.push(part);
    size += part.length;
    if (size > mostAnswerBytes) break;
  }
  return new Uint8Array(Buffer.concat(parts));
}

const unreachable = (origin: string, what: string) =>
  new AppError('wallet/relay-unreachable', `The relay ${origin} ${what}.`);

/** fetch says only that it failed; behind it stands why, as ECONNREFUSED or CERT_HAS_EXPIRED. */
const reasonOf = ({ message, cause }: Error) => (cause as { code?: string } | undefined)?.code ?? message;
