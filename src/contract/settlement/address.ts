import bs58 from 'bs58';
import { AppError } from '../errors.ts';
import type { AddressCheck, AddressWarning } from '../wallet.ts';
import { exchangeWallets, programs, systemProgram, tokenPrograms } from './known-addresses.ts';
import { isOnCurve } from './on-curve.ts';

const addressBytes = 32;
const mintBytes = 82;

/**
 * Checks a Solana address without asking the chain. `onCurve` is false for addresses of programs, which no wallet can sign for.
 * Throws `wallet/invalid-address`.
 */
export function checkAddress(text: string): AddressCheck {
  const address = text.trim();
  const wrong = [...address].find((letter) => !/[1-9A-HJ-NP-Za-km-z]/.test(letter));
  if (wrong !== undefined) throw invalid(`An address has no “${wrong}” in it.`);
  if (address.length < 32 || address.length > 44)
    throw invalid(`An address has 32 to 44 characters; this has ${address.length}.`);
  const bytes = bs58.decode(address);
  if (bytes.length !== addressBytes) throw invalid('This is not the 32 bytes of an address.');
  const onCurve = isOnCurve(bytes);
  const warning = programs.has(address)
    ? 'program'
    : exchangeWallets.has(address)
      ? 'exchange-deposit'
      : onCurve
        ? null
        : 'program-address';
  return { address, onCurve, kind: warning ?? 'wallet', warning };
}

/** What an account on the chain is, if it is no wallet's. */
export function accountWarning(account: {
  executable: boolean;
  /** The program that it belongs to, base58. */
  owner: string;
  bytes: number;
}): AddressWarning | null {
  if (account.executable) return 'program';
  if (tokenPrograms.includes(account.owner)) return account.bytes === mintBytes ? 'program' : 'token-account';
  return account.owner === systemProgram ? null : 'program-address';
}

/** What is said of an address at which nobody is paid. */
export function unpayable(address: string, warning: AddressWarning | null): AppError {
  if (warning === 'token-account')
    return invalid(
      `${address} is a token account, not a wallet: give the address of the wallet that owns it.`,
    );
  return warning === 'program-address'
    ? invalid(`${address} belongs to a program: no wallet’s key can sign for it.`)
    : invalid(`${address} is a program or a token, not a wallet: what is paid there is lost.`);
}

const invalid = (message: string) => new AppError('wallet/invalid-address', message);
