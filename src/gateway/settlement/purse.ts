import { type AccountInfo, PublicKey } from '@solana/web3.js';
import { accountWarning } from '#contract/settlement/address.ts';
import { tokenAccountOf } from '#contract/settlement/token-accounts.ts';
import { nativeMint } from '#contract/wire/voucher.ts';
import type { ChainClient } from './chain-client.ts';

const tokenAccountBytes = 165;
const amountOffset = 64;

/** Why nobody is paid at an account, null where a wallet is; of one that is not there yet nothing is known. */
export const warningOf = (account: AccountInfo<Buffer> | null | undefined) =>
  account
    ? accountWarning({
        executable: account.executable,
        owner: account.owner.toBase58(),
        bytes: account.data.length,
      })
    : null;

/** What both sides of a payment have, as the chain says now. Throws `chain/*`. */
export async function look(
  chain: ChainClient,
  parts: { treasury: string; payout: string; mint: string; token: { program: string } | null },
) {
  const { treasury, payout, mint, token } = parts;
  const isNative = mint === nativeMint;
  const held = token === null ? null : tokenAccountOf(treasury, mint, token.program);
  const wanted = token === null ? null : tokenAccountOf(payout, mint, token.program);
  return chain.ask(async (connection) => {
    const accounts = await connection.getMultipleAccountsInfo(
      [treasury, payout, ...(held ? [held] : []), ...(wanted ? [wanted] : [])].map(
        (key) => new PublicKey(key),
      ),
    );
    const [ofTreasury, ofPayout, ofHeld, ofWanted] = accounts;
    const rentExemptLamports = BigInt(await connection.getMinimumBalanceForRentExemption(0));
    const isNewAccount = !isNative && !ofWanted;
    return {
      isNative,
      treasuryLamports: BigInt(ofTreasury?.lamports ?? 0),
      payoutWarning: warningOf(ofPayout),
      payoutLamports: BigInt(ofPayout?.lamports ?? 0),
      treasuryAtomic:
        ofHeld && ofHeld.data.length >= tokenAccountBytes ? ofHeld.data.readBigUInt64LE(amountOffset) : 0n,
      rentExemptLamports,
      /** What a token account that must be made costs. */
      accountLamports: isNewAccount
        ? BigInt(await connection.getMinimumBalanceForRentExemption(tokenAccountBytes))
        : 0n,
    };
  });
}
