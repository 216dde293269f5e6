import { createPrivateKey, sign } from 'node:crypto';
import { Keypair } from '@solana/web3.js';
import bs58 from 'bs58';
import { type DelegatedNode, delegationRequest } from '#contract/settlement/delegation.ts';
import { type ChangeOfPayout, payoutChangeText } from '#contract/settlement/payout-change.ts';
import { signInText } from '#contract/settlement/sign-in-text.ts';
import type { Delegation, SignIn } from '#contract/wire/delegation.ts';
import type { PayoutChange } from '#contract/wire/payout-change.ts';

/** Somebody with a Solana wallet, who signs what a node asks. */
export function newWalletOwner() {
  const keypair = Keypair.generate();
  const [d, x] = [keypair.secretKey.slice(0, 32), keypair.secretKey.slice(32)].map((part) =>
    Buffer.from(part).toString('base64url'),
  );
  const key = createPrivateKey({ key: { kty: 'OKP', crv: 'Ed25519', d: `${d}`, x: `${x}` }, format: 'jwk' });
  const address = keypair.publicKey.toBase58();
  const signed = (text: string) => bs58.encode(sign(null, Buffer.from(text), key));
  return {
    keypair,
    address,
    signText: signed,
    /** The wallet's word for a node, but for what `change` says; `now` in unix ms. */
    delegate(node: DelegatedNode, now: number, change: Partial<SignIn> = {}): Delegation {
      const request = delegationRequest(node, now, `nonce${Math.random().toString(36).slice(2)}`);
      const text = signInText({ domain: '127.0.0.1:43117', address, ...request, ...change });
      return {
        address,
        signed_message: Buffer.from(text).toString('base64'),
        signature: signed(text),
      };
    },
    /** The wallet's word that another address is paid; `now` in unix ms. */
    agreeToChange(change: Omit<ChangeOfPayout, 'nonce' | 'until'>, now: number): PayoutChange {
      const message = payoutChangeText({ ...change, nonce: 'nonce1234', until: now + 300_000 });
      return { message, signature: signed(message) };
    },
  };
}
export type WalletOwner = ReturnType<typeof newWalletOwner>;
