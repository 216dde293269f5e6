import { createPrivateKey, createPublicKey } from 'node:crypto';
import bs58 from 'bs58';
import type { TestWalletOptions } from './test-wallet.ts';

/** What comes before an ed25519 seed in PKCS #8. */
const pkcs8 = Buffer.from('302e020100300506032b657004220420', 'hex');

/** A test wallet over a key that is made of 32 bytes: the same for the same seed, as Solana's tools make it. */
export function testWalletOptions(
  seed: Uint8Array,
  { name = 'Phantom', manner = 'approve', signsIn = true }: Partial<TestWalletOptions> = {},
): TestWalletOptions {
  const key = createPrivateKey({ key: Buffer.concat([pkcs8, seed]), format: 'der', type: 'pkcs8' });
  const { x = '', d = '' } = key.export({ format: 'jwk' });
  const publicKey = Buffer.from(createPublicKey(key).export({ format: 'jwk' }).x ?? '', 'base64url');
  return {
    name,
    manner,
    signsIn,
    address: bs58.encode(publicKey),
    publicKey: [...publicKey],
    privateKey: { kty: 'OKP', crv: 'Ed25519', x, d },
  };
}
