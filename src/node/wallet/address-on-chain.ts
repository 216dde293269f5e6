import { AppError } from '#contract/errors.ts';
import { tokenPrograms } from '#contract/settlement/token-accounts.ts';
import { type AddressCheck, isUnpayable } from '#contract/wallet.ts';
import { checkAddress } from './address.ts';
import type { ChainAccess } from './chain.ts';

const systemProgram = '11111111111111111111111111111111';
const mintBytes = 82;
/** As far as it is looked back: who has fewer transactions is no exchange's hot wallet. */
const manyTransactions = 1000;
const busySeconds = 3600;

/** An address as it is written, to which somebody can be paid. Throws `wallet/invalid-address`. */
export async function payableAddress(chain: ChainAccess | null, text: string): Promise<string> {
  const { address, warning } = await checkWith(chain, text);
  if (isUnpayable(warning))
    throw new AppError('wallet/invalid-address', `${address} is no wallet: nobody gets what is paid there.`, {
      data: { warning },
    });
  return address;
}

/** All that can be told of an address; where the chain is away, what can be told without it. Throws `wallet/invalid-address`. */
export async function checkWith(chain: ChainAccess | null, text: string): Promise<AddressCheck> {
  const known = await checkAddress(text);
  return chain ? checkOnChain(chain, known).catch(() => known) : known;
}

/**
 * What the chain adds to the check of an address: whether it is a token account, a program or a mint, or was never used. A deposit
 * address of an exchange looks like any wallet; only one with a thousand transactions within the last hour is taken for an exchange's.
 * Throws `chain/*`.
 */
export async function checkOnChain(chain: ChainAccess, known: AddressCheck): Promise<AddressCheck> {
  if (known.warning !== null && known.warning !== 'program-address') return known;
  const { PublicKey } = await import('@solana/web3.js');
  const key = new PublicKey(known.address);
  return chain.ask(async (connection) => {
    const account = await connection.getAccountInfo(key, 'confirmed');
    const as = (warning: NonNullable<AddressCheck['warning']>): AddressCheck => ({
      ...known,
      kind: warning,
      warning,
    });
    if (!account) return known.warning === null ? as('new') : known;
    if (account.executable) return as('program');
    const owner = account.owner.toBase58();
    if (tokenPrograms.includes(owner))
      return as(account.data.length === mintBytes ? 'program' : 'token-account');
    if (owner !== systemProgram) return as('program-address');
    if (known.warning !== null) return known;
    const listed = await connection.getSignaturesForAddress(key, { limit: manyTransactions }, 'confirmed');
    const oldest = listed.at(-1)?.blockTime ?? 0;
    const isBusy = listed.length === manyTransactions && oldest > Date.now() / 1000 - busySeconds;
    return isBusy ? as('exchange-deposit') : known;
  });
}
