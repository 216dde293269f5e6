import { errorCodeSchema } from '#contract/errors.ts';
import type { ErrorBody } from '#contract/result.ts';
import { WrongAccount } from './ask-wallet.ts';

/** What a wallet threw, as an error of the app's: its own where it has one, else the wallet's no in the wallet's words. */
export function walletErrorOf(thrown: unknown): ErrorBody {
  const { code, message } = thrown as { code?: unknown; message?: unknown };
  const known = errorCodeSchema.safeParse(code);
  const text = typeof message === 'string' && message ? message : 'The wallet gave no reason.';
  if (known.success) return { code: known.data, message: text };
  return { code: thrown instanceof WrongAccount ? 'wallet/wrong-account' : 'wallet/rejected', message: text };
}
