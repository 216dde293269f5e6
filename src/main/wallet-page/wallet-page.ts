import { AppError } from '#contract/errors.ts';
import { failure, ok, type Result, toAppError } from '#contract/result.ts';
import {
  type WalletAnswer,
  type WalletPageQuestion,
  type WalletQuestion,
  type WalletWay,
  walletPageReplySchema,
} from '#contract/wallet.ts';
import { checkAnswer } from './answer-check.ts';
import type { PageFiles } from './page-files.ts';
import { openPageServer } from './page-server.ts';
import { openPhoneMailbox } from './phone-mailbox.ts';

export const walletPageTimeoutMs = 5 * 60_000;

/** The question that waits, as those see it who carry it to the page. */
export interface OpenQuestion {
  /** What the page is told, as JSON. */
  told: WalletPageQuestion;
  /** Takes the one answer, and says whether it was good. `host` is the page's. */
  take(body: string, host: string): Result<null>;
  fail(error: AppError): void;
}

/** How a question is reached from the page. */
export interface Channel {
  /** The page's address, with what it needs to ask. */
  url: string;
  /** Four digits that a phone's page shows too. */
  code: string | null;
  close(): void;
}

export interface WalletPageParts {
  /** Read when the first question is asked in the browser. */
  files(): PageFiles;
  /** Origin of the relay that phones are reached over; null where none is set. */
  relayUrl?(): Promise<string | null>;
  /** Opens the link in the system's browser. Where that fails the link can still be copied. */
  open(url: string): Promise<void>;
  timeoutMs?: number;
  ports?: readonly number[];
}

export interface WalletPage {
  /**
   * Asks the wallet in the browser or on the phone, one question at a time: a new one takes the place of one that waits. Resolves with
   * an answer that was verified. Rejects with `wallet/timed-out`, `wallet/cancelled`, `wallet/no-port`, `wallet/relay-unreachable`,
   * `wallet/relay-altered`, what the page tells, or what is wrong with it.
   */
  ask(question: WalletQuestion, via?: WalletWay): Promise<WalletAnswer>;
  /** Of the question that waits. */
  link(): { url: string; via: WalletWay; expiresAt: number; code: string | null } | null;
  cancel(): void;
}

interface Waiting {
  link: NonNullable<ReturnType<WalletPage['link']>>;
  fail(error: AppError): void;
}

export function createWalletPage(parts: WalletPageParts): WalletPage {
  let waiting: Waiting | null = null;
  let turn = 0;
  let endedBy = superseded;

  async function open(via: WalletWay, question: OpenQuestion): Promise<Channel> {
    if (via === 'browser') return openPageServer(parts.files(), question, parts.ports);
    const relayUrl = await parts.relayUrl?.();
    if (!relayUrl)
      throw new AppError('wallet/relay-unreachable', 'No relay for phones is set under Settings.');
    return openPhoneMailbox(relayUrl, question);
  }

  async function ask(question: WalletQuestion, via: WalletWay = 'browser'): Promise<WalletAnswer> {
    turn += 1;
    const mine = turn;
    endedBy = superseded;
    waiting?.fail(endedBy());
    const timeoutMs = parts.timeoutMs ?? walletPageTimeoutMs;
    const expiresAt = Date.now() + timeoutMs;
    const outcome = Promise.withResolvers<WalletAnswer>();
    const told: WalletPageQuestion = { question, expiresAt };
    const take = (body: string, host: string): Result<null> => {
      const { data: reply } = walletPageReplySchema.safeParse(jsonOf(body));
      if (reply?.ok === false) {
        outcome.reject(new AppError(reply.code, reply.message));
        return ok(null);
      }
      try {
        if (!reply)
          throw new AppError('request/invalid', 'The wallet’s page sent something that is no answer.');
        outcome.resolve(checkAnswer(question, reply.answer, host));
        return ok(null);
      } catch (thrown) {
        const error = toAppError(thrown);
        outcome.reject(error);
        return failure(error);
      }
    };
    const channel = await open(via, { told, take, fail: outcome.reject });
    if (mine !== turn) {
      channel.close();
      throw endedBy();
    }
    const late = new AppError('wallet/timed-out', `Nobody has answered for ${spanOf(timeoutMs)}.`);
    const timer = setTimeout(() => outcome.reject(late), Math.max(0, expiresAt - Date.now()));
    const { url, code } = channel;
    const own: Waiting = { link: { url, via, expiresAt, code }, fail: outcome.reject };
    waiting = own;
    if (via === 'browser') parts.open(url).catch(() => {});
    try {
      return await outcome.promise;
    } finally {
      clearTimeout(timer);
      channel.close();
      if (waiting === own) waiting = null;
    }
  }

  return {
    ask,
    link: () => waiting?.link ?? null,
    cancel() {
      turn += 1;
      endedBy = takenBack;
      waiting?.fail(endedBy());
    },
  };
}

const superseded = () =>
  new AppError('wallet/cancelled', 'The app has asked the wallet something else since.');
const takenBack = () => new AppError('wallet/cancelled', 'The question was taken back in the app.');
const spanOf = (ms: number) => (ms >= 60_000 ? `${Math.round(ms / 60_000)} minutes` : `${ms / 1000} s`);

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
