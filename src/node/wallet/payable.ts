import { checkAddress, unpayable } from '#contract/settlement/address.ts';
import { type AddressCheck, isUnpayable } from '#contract/wallet.ts';
import { checkOnChain } from './address-on-chain.ts';
import type { ChainAccess } from './chain.ts';

/**
 * What is known of an address, by the chain too where there is one; one that is away adds nothing. Throws `wallet/invalid-address`.
 */
export async function examineAddress(text: string, chain: ChainAccess | null): Promise<AddressCheck> {
  const known = checkAddress(text);
  return chain ? checkOnChain(chain, known).catch(() => known) : known;
}

/** The address, where somebody gets what is paid there. Throws `wallet/invalid-address` with what it is instead. */
export async function payableAddress(text: string, chain: ChainAccess | null): Promise<string> {
  const { address, warning } = await examineAddress(text, chain);
  if (isUnpayable(warning)) throw unpayable(address, warning);
  return address;
}
