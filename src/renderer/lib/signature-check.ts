import { receiptText, type SignedReceipt } from '#contract/wire/receipt.ts';
import { decodeVoucher, type SignedVoucher } from '#contract/wire/voucher.ts';

/** All that a receipt's signature was checked with, to be looked at. */
export interface ReceiptCheck {
  /** The text that is signed: a tag, a line's end, and the receipt as canonical JSON. */
  text: string;
  /** Hex, of the text's UTF-8 bytes. */
  sha256: string;
  isSigned: boolean;
}

/** Checks a receipt here, in this window, by nothing but its text, its key and its signature (RFC 8032, strict). */
export async function checkReceipt({ receipt, signature }: SignedReceipt): Promise<ReceiptCheck> {
  const text = receiptText(receipt);
  const bytes = new TextEncoder().encode(text);
  const { sha256 } = await import('@noble/hashes/sha2.js');
  return {
    text,
    sha256: [...sha256(bytes)].map((byte) => byte.toString(16).padStart(2, '0')).join(''),
    isSigned: await isSignedBy(bytes, signature, receipt.node_key),
  };
}

export interface VoucherCheck {
  isSigned: boolean;
  /** By the gateway that the receipt names. */
  isGateways: boolean;
  /** In the channel where the entry has its place, and up to it. */
  covers: boolean;
}

/** Checks that a voucher is the gateway's word on a channel, up to a place in it at least. */
export async function checkVoucher(
  { voucher, signer, signature }: SignedVoucher,
  expected: { gatewayKey: string; channel: string; cumulativeAtomic: bigint },
): Promise<VoucherCheck> {
  const { default: bs58 } = await import('bs58');
  const isGateways = signer === expected.gatewayKey;
  try {
    const bytes = Uint8Array.from(atob(voucher), (letter) => letter.charCodeAt(0));
    const { channel, cumulativeAtomic } = decodeVoucher(bytes);
    return {
      isSigned: await isSignedBy(bytes, signature, signer),
      isGateways,
      covers: bs58.encode(channel) === expected.channel && cumulativeAtomic >= expected.cumulativeAtomic,
    };
  } catch {
    return { isSigned: false, isGateways, covers: false };
  }
}

/** Key and signature as base58. False for anything that is none. */
async function isSignedBy(bytes: Uint8Array, signature: string, publicKey: string): Promise<boolean> {
  // The browser's own Ed25519 is there only for pages of a secure origin, and a headless node's may have none.
  const [{ ed25519 }, { default: bs58 }] = await Promise.all([
    import('@noble/curves/ed25519.js'),
    import('bs58'),
  ]);
  try {
    return ed25519.verify(bs58.decode(signature), bytes, bs58.decode(publicKey), { zip215: false });
  } catch {
    return false;
  }
}
