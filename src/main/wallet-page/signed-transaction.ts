/** A transaction's wire form in its two parts: 64-byte signatures, and the message that they are under. */
export interface SignedTransaction {
  signatures: Uint8Array[];
  message: Uint8Array;
  /** Keys (32 bytes) of those who sign, in the order of the signatures; the first pays the network's fee. */
  signers: Uint8Array[];
}

/**
 * Takes a legacy or version 0 transaction apart (Solana's wire format: compact-u16 counts). Null where it is cut off, has bytes
 * left over in its signatures, or names another number of signers than it has signatures.
 */
export function takeApart(bytes: Uint8Array): SignedTransaction | null {
  const [count, from] = compactU16(bytes, 0);
  const messageAt = from + count * 64;
  if (count < 1 || messageAt >= bytes.length) return null;
  const message = bytes.subarray(messageAt);
  // A set top bit is the version; without it the header begins at once.
  const headerAt = (message[0] ?? 0) & 0x80 ? 1 : 0;
  const required = message[headerAt] ?? 0;
  const [keys, keysAt] = compactU16(message, headerAt + 3);
  if (required !== count || keys < required || keysAt + keys * 32 > message.length) return null;
  const slices = (source: Uint8Array, at: number, size: number) =>
    Array.from({ length: count }, (_, n) => source.subarray(at + n * size, at + (n + 1) * size));
  return { signatures: slices(bytes, from, 64), message, signers: slices(message, keysAt, 32) };
}

/** The number, and where what follows it begins. */
function compactU16(bytes: Uint8Array, at: number): [number, number] {
  let value = 0;
  for (let n = 0; n < 3; n += 1) {
    const byte = bytes[at + n] ?? 0;
    value |= (byte & 0x7f) << (7 * n);
    if (!(byte & 0x80)) return [value, at + n + 1];
  }
  return [0, at];
}
