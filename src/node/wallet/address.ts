import bs58 from 'bs58';
import { AppError } from '#contract/errors.ts';
import type { AddressCheck } from '#contract/wallet.ts';
import { exchangeWallets, programs } from './known-addresses.ts';

const addressBytes = 32;

/**
 * Checks a Solana address without asking the chain. `onCurve` is false for addresses of programs, which no wallet can sign for.
 * Throws `wallet/invalid-address`.
 */
export async function checkAddress(text: string): Promise<AddressCheck> {
  const address = text.trim();
  const wrong = [...address].find((letter) => !/[1-9A-HJ-NP-Za-km-z]/.test(letter));
  if (wrong !== undefined) throw invalid(`An address has no “${wrong}” in it.`);
  if (address.length < 32 || address.length > 44)
    throw invalid(`An address has 32 to 44 characters; this has ${address.length}.`);
  if (bs58.decode(address).length !== addressBytes) throw invalid('This is not the 32 bytes of an address.');
  // Loaded on demand: it would take a fifth of the idle host's memory.
  const { PublicKey } = await import('@solana/web3.js');
  const onCurve = PublicKey.isOnCurve(address);
  const warning = programs.has(address)
    ? 'program'
    : exchangeWallets.has(address)
      ? 'exchange-deposit'
      : onCurve
        ? null
        : 'program-address';
  return { address, onCurve, kind: warning ?? 'wallet', warning };
}

const invalid = (message: string) => new AppError('wallet/invalid-address', message);
