import { randomBytes } from 'node:crypto';
import { AppError } from '#contract/errors.ts';
import { failure, ok, type Result, toAppError } from '#contract/result.ts';
import {
  type WalletAnswer,
  type WalletPageQuestion,
  type WalletQuestion,
  walletPageReplySchema,
} from '#contract/wallet.ts';
import { checkAnswer } from './answer-check.ts';
import type { PageFiles } from './page-files.ts';
import { openPageServer } from './page-server.ts';

export const walletPageTimeoutMs = 5 * 60_000;

export interface WalletPageParts {
  /** Read when the first question is asked. */
  files(): PageFiles;
  /** Opens the link in the system's browser. Where that fails the link can still be copied. */
  open(url: string): Promise<void>;
  timeoutMs?: number;
  ports?: readonly number[];
}

export interface WalletPage {
  /**
   * Asks the wallet in the browser, one question at a time: a new one takes the place of one that waits. Resolves with an answer that
   * was verified. Rejects with `wallet/timed-out`, `wallet/cancelled`, `wallet/no-port`, what the page tells, or what is wrong with it.
   */
  ask(question: WalletQuestion): Promise<WalletAnswer>;
  /** Of the question that waits. */
  link(): { url: string; expiresAt: number } | null;
  cancel(): void;
}

interface Waiting {
  url: string;
  expiresAt: number;
  fail(error: AppError): void;
}

export function createWalletPage(parts: WalletPageParts): WalletPage {
  let waiting: Waiting | null = null;
  let turn = 0;

  async function ask(question: WalletQuestion): Promise<WalletAnswer> {
    turn += 1;
    const mine = turn;
    waiting?.fail(new AppError('wallet/cancelled', 'The app has asked the wallet something else since.'));
    const id = randomBytes(12).toString('base64url');
    const token = randomBytes(32).toString('base64url');
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
    const server = await openPageServer(parts.files(), { id, token, told, take }, parts.ports);
    if (mine !== turn) {
      server.close();
      throw new AppError('wallet/cancelled', 'The app has asked the wallet something else since.');
    }
    const url = `http://${server.host}/w/${id}#t=${token}`;
    const late = new AppError('wallet/timed-out', `Nobody has answered for ${spanOf(timeoutMs)}.`);
    const timer = setTimeout(() => outcome.reject(late), timeoutMs);
    const own: Waiting = { url, expiresAt, fail: outcome.reject };
    waiting = own;
    parts.open(url).catch(() => {});
    try {
      return await outcome.promise;
    } finally {
      clearTimeout(timer);
      server.close();
      if (waiting === own) waiting = null;
    }
  }

  return {
    ask,
    link: () => waiting && { url: waiting.url, expiresAt: waiting.expiresAt },
    cancel() {
      turn += 1;
      waiting?.fail(new AppError('wallet/cancelled', 'The question was taken back in the app.'));
    },
  };
}

const spanOf = (ms: number) => (ms >= 60_000 ? `${Math.round(ms / 60_000)} minutes` : `${ms / 1000} s`);

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
