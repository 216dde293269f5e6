import { AppError } from '#contract/errors.ts';
import { mintIn } from '#contract/settlement/token-accounts.ts';
import type { SettlementTerms } from '#contract/wire/settlement.ts';
import { nativeMint } from '#contract/wire/voucher.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { ChainAccess } from './chain.ts';

/**
 * Asks the chain what the token is that a gateway pays with, once, and takes it down. Throws `settlement/bad-token` for one with an
 * extension by which less may arrive than is sent, or somebody else may take or freeze what was paid, or whose decimals are not those that the gateway says; `chain/*` where the chain could not be asked.
 */
export async function checkToken(
  { mint, decimals }: Pick<SettlementTerms, 'mint' | 'decimals'>,
  { ledger, chain }: { ledger: Pick<Ledger, 'token' | 'addToken'>; chain: ChainAccess },
): Promise<void> {
  if (mint === nativeMint) return;
  const token = ledger.token(mint) ?? { mint, ...(await readMint(chain, mint)) };
  if (token.decimals !== decimals)
    throw new AppError(
      'settlement/bad-token',
      `${mint} has ${token.decimals} decimals on the chain; the gateway says ${decimals}.`,
      { data: { mint } },
    );
  ledger.addToken(token);
}

async function readMint(chain: ChainAccess, mint: string) {
  const { PublicKey } = await import('@solana/web3.js');
  const account = await chain.ask((connection) =>
    connection.getAccountInfo(new PublicKey(mint), 'confirmed'),
  );
  return mintIn(mint, account);
}
