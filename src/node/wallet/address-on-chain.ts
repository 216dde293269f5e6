import { accountWarning } from '#contract/settlement/address.ts';
import type { AddressCheck } from '#contract/wallet.ts';
import type { ChainAccess } from './chain.ts';

/** As far as it is looked back: who has fewer transactions is no exchange's hot wallet. */
const manyTransactions = 1000;
const busySeconds = 3600;

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
    const { executable, owner, data } = account;
    const other = accountWarning({ executable, owner: owner.toBase58(), bytes: data.length });
    if (other !== null) return as(other);
    if (known.warning !== null) return known;
    const listed = await connection.getSignaturesForAddress(key, { limit: manyTransactions }, 'confirmed');
    const oldest = listed.at(-1)?.blockTime ?? 0;
    const isBusy = listed.length === manyTransactions && oldest > Date.now() / 1000 - busySeconds;
    return isBusy ? as('exchange-deposit') : known;
  });
}
